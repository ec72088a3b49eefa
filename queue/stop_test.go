package queue

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"faas/function"
)

// TestStopWaitsForCalls lets what is under way end, and begins nothing.
func TestStopWaitsForCalls(t *testing.T) {
	end := make(chan struct{})
	gateway := newGateway(t, func(http.ResponseWriter, *http.Request, *seen) { <-end })
	dir := t.TempDir()
	config := quick()
	config.Concurrency = 2
	q := start(t, Options{Dir: dir, Gateway: gateway.URL, Config: config})
	for range 5 {
		q.enqueue(t, function.Call{Function: "f"})
	}
	gateway.await(t, 2)
	stopped := make(chan error, 1)
	go func() { stopped <- q.stop() }()
	eventually(t, "it waits", func() bool { return strings.Contains(q.log.String(), "waiting for asynchronous calls under way") })
	select {
	case <-stopped:
		t.Fatal("it did not wait")
	default:
	}
	close(end)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if n := gateway.count(); n != 2 {
		t.Errorf("%d calls were made, want the 2 that had begun", n)
	}
	again := start(t, Options{Dir: dir, Gateway: gateway.URL, Config: config})
	gateway.await(t, 5)
	again.empty(t)
	if n := gateway.count(); n != 5 {
		t.Errorf("%d calls were made, want 5", n)
	}
}

// TestStopGivesBack bounds the wait, and gives a call back so that another takes it up at once.
func TestStopGivesBack(t *testing.T) {
	url, _ := shared(t, t.TempDir())
	hang := newGateway(t, func(_ http.ResponseWriter, r *http.Request, _ *seen) { <-r.Context().Done() })
	q := start(t, Options{URL: url, Gateway: hang.URL, Drain: 50 * time.Millisecond, AckWait: time.Hour})
	q.enqueue(t, function.Call{ID: "back", Function: "f"})
	hang.await(t, 1)
	began := time.Now()
	if err := q.stop(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > patience/2 {
		t.Errorf("stopped after %s", d)
	}
	gateway := newGateway(t, nil)
	other := start(t, Options{URL: url, Gateway: gateway.URL, AckWait: time.Hour})
	if c := gateway.await(t, 1)[0]; c.header.Get("X-Call-Id") != "back" {
		t.Errorf("made %+v", c)
	}
	other.empty(t)
}
