//go:build !fuzz

package scaler

import (
	"fmt"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"faas/internal/apitest"
)

// TestAPIIsAsDescribed walks the two routes that are served here and that docs/openapi.yaml describes. Who may call them
// is the gateway's affair, and tested there.
func TestAPIIsAsDescribed(t *testing.T) {
	spec, _ := apitest.Open(t, "../docs/openapi.yaml")
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize", "cat")
		s, stop := start(t, Options{Backend: b})
		try := func(status int, method, target, body string) {
			t.Helper()
			handler := s.Alerts()
			if strings.HasPrefix(target, "/system/scale/events") {
				handler = s.Events()
			}
			r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			got := w.Body.Bytes()
			if method == "HEAD" {
				got = nil // a server would not send it
			}
			err := spec.Check(apitest.Exchange{Request: r, Sent: []byte(body), Response: w.Result(), Got: got})
			if err != nil || w.Code != status {
				t.Errorf("%s %s: %d, want %d: %v", method, target, w.Code, status, err)
			}
		}
		for _, file := range []string{"scale", "mixed", "step", "heartbeat"} {
			data, err := os.ReadFile("testdata/alertmanager-0.31/" + file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			try(202, "POST", "/system/alert", string(data))
			synctest.Wait()
		}
		b.block("cat", "exit status 1")
		if err := s.Scale(t.Context(), "resize", 3); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		for _, query := range []string{"", "?all=1", "?function=resize&limit=2&since=1&follow=0", "?function=nobody"} {
			try(200, "GET", "/system/scale/events"+query, "")
			try(200, "HEAD", "/system/scale/events"+query, "")
		}
		try(200, "HEAD", "/system/scale/events?follow=1", "") // and does not wait for events
		try(400, "GET", "/system/scale/events?limit=many", "")
		try(400, "POST", "/system/alert", "{}")
		try(413, "POST", "/system/alert", fmt.Sprintf(`{"version":"4","receiver":"%s"}`, strings.Repeat("x", maxBody)))
		stop()
		try(200, "GET", "/system/scale/events?follow=1", "")
		try(503, "POST", "/system/alert", `{"version":"4"}`)
	})
	for _, a := range spec.Unseen() {
		ours := a.Path == "/system/alert" || a.Path == "/system/scale/events"
		if ours && a.Status != "401" && a.Status != "403" {
			t.Errorf("%s is described, and no case provokes it", a)
		}
	}
	var got []string
	for field := range reflect.TypeFor[Event]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		got = append(got, name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(spec.Properties("ScaleEvent"), got); diff != "" {
		t.Errorf("ScaleEvent (-described +there):\n%s", diff)
	}
}
