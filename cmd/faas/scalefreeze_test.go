package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
)

// TestScaleFreeze checks what the two commands send.
func TestScaleFreeze(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what came of it is compared
		got = append(got, r.Method+" "+r.URL.Path+" "+string(body))
		if r.Method == http.MethodDelete {
			_, _ = io.WriteString(w, `{"function":"echo","ended":[]}`) // a client that left is no news
			return
		}
		_, _ = io.WriteString(w, `{"function":"echo","silence":"s1","until":"2026-11-22T20:30:00Z"}`) // a client that left is no news
	}))
	defer server.Close()
	for _, args := range [][]string{
		{"freeze", "echo"}, {"freeze", "echo", "--for=90m", "--comment=a load test"}, {"unfreeze", "echo"},
	} {
		var cli commands
		command, err := parser(&cli).Parse(append(append([]string{"scale"}, args...), "--gateway="+server.URL, "--data="+t.TempDir()))
		if err == nil {
			err = command.Run()
		}
		if err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	want := []string{
		`PUT /system/functions/echo/freeze {"for":"1h0m0s"}`,
		`PUT /system/functions/echo/freeze {"for":"1h30m0s","comment":"a load test"}`,
		`DELETE /system/functions/echo/freeze `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTellFrozen(t *testing.T) {
	var b bytes.Buffer
	until := time.Date(2026, 11, 22, 20, 30, 0, 0, time.UTC)
	if err := tellFrozen(&b, api.FrozenFunction{Function: "echo", Silence: "s1", Until: until}); err != nil {
		t.Fatal(err)
	}
	if want := "echo: frozen until " + scaleTime(until) + " by silence s1\n"; b.String() != want || strings.Count(want, "\n") != 1 {
		t.Errorf("got %q, want %q", &b, want)
	}
}

func TestTellThawed(t *testing.T) {
	for want, ended := range map[string][]string{
		"echo: was not frozen\n": nil, "echo: thawed: silence s1 ended\n": {"s1"}, "echo: thawed: silences s1 and s2 ended\n": {"s1", "s2"},
	} {
		var b bytes.Buffer
		if err := tellThawed(&b, api.ThawedFunction{Function: "echo", Ended: ended}); err != nil || b.String() != want {
			t.Errorf("got %q, %v, want %q", &b, err, want)
		}
	}
}

// TestFreezesOf holds that all silences of one function are found, and that the one which is known does where they cannot be read.
func TestFreezesOf(t *testing.T) {
	of := func(name, silence string) api.FrozenFunction {
		return api.FrozenFunction{Function: name, Silence: silence}
	}
	first := of("echo", "s1")
	for _, tt := range []struct {
		name   string
		known  *api.FrozenFunction
		answer string // empty: none is expected to be asked for
		want   []api.FrozenFunction
	}{
		{"not frozen", nil, "", nil},
		{
			"frozen twice", &first, `[{"function":"cat","silence":"s3"},{"function":"echo","silence":"s1"},{"function":"echo","silence":"s2"}]`,
			[]api.FrozenFunction{first, of("echo", "s2")},
		},
		{"ended meanwhile", &first, `[]`, []api.FrozenFunction{first}},
		{"no answer to read", &first, `<html>`, []api.FrozenFunction{first}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/system/scale/frozen" || tt.answer == "" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				_, _ = io.WriteString(w, tt.answer) // a client that left is no news
			}))
			defer server.Close()
			flags := gatewayFlags{Gateway: server.URL, Data: t.TempDir()}
			got := flags.freezesOf(t.Context(), api.FunctionScaling{Function: "echo", Frozen: tt.known})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
