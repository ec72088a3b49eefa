//go:build !fuzz

package queue

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"faas/function"
	"faas/internal/apitest"
)

// TestAPIIsAsDescribed walks the route that is served here and that docs/openapi.yaml describes. Who may call it is the
// gateway's affair, and tested there.
func TestAPIIsAsDescribed(t *testing.T) {
	spec, _ := apitest.Open(t, "../docs/openapi.yaml")
	var q *Queue
	try := func(status int, method, query string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, "/system/dead-letters"+query, nil)
		w := httptest.NewRecorder()
		q.Letters().ServeHTTP(w, r)
		got := w.Body.Bytes()
		if method == "HEAD" {
			got = nil // a server would not send it
		}
		if err := spec.Check(apitest.Exchange{Request: r, Response: w.Result(), Got: got}); err != nil || w.Code != status {
			t.Errorf("%s %s: %d (%s), want %d: %v", method, query, w.Code, w.Body, status, err)
		}
	}
	var err error
	if q, err = New(Options{Dir: t.TempDir(), Gateway: "http://127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	try(503, "GET", "")
	try(503, "POST", "?id=1")

	config := quick()
	config.Attempts = 1
	running := start(t, Options{Gateway: "http://127.0.0.1:1", Config: config})
	q = running.Queue
	running.enqueue(t, function.Call{ID: "1", Function: "f"})
	var id uint64
	eventually(t, "there is a dead letter", func() bool {
		letters, err := q.DeadLetters(t.Context(), "", 1)
		if len(letters) > 0 {
			id = letters[0].ID
		}
		return err == nil && id > 0
	})
	for _, method := range []string{"GET", "HEAD"} {
		try(200, method, "?function=f&limit=1")
		try(200, method, "?function=none")
		try(400, method, "?limit=1001")
	}
	try(202, "POST", fmt.Sprint("?id=", id))
	try(404, "POST", "?id=99999")
	try(400, "POST", "?id=99999999999999999999999")
	for _, a := range spec.Unseen() {
		if a.Path == "/system/dead-letters" && a.Status != "401" && a.Status != "403" {
			t.Errorf("%s is described, and no case provokes it", a)
		}
	}
}
