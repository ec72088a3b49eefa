package queue

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"faas/function"
)

// TestDeadCallback holds up neither the function that it was named for, nor the callbacks of others.
func TestDeadCallback(t *testing.T) {
	gateway := newGateway(t, nil)
	away := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) { w.WriteHeader(http.StatusBadGateway) })
	told := newGateway(t, nil)
	config := DefaultConfig() // the callback is tried for two minutes
	q := start(t, Options{Gateway: gateway.URL, Config: config, Callbacks: loopback, Drain: 10 * time.Millisecond})
	const calls = maxCallbacks + 100
	for range calls {
		q.enqueue(t, function.Call{Function: "f", Callback: away.URL})
	}
	q.enqueue(t, function.Call{ID: "own", Function: "f"})
	other := strings.Replace(told.URL, "127.0.0.1", "localhost", 1)
	q.enqueue(t, function.Call{ID: "with another", Function: "f", Callback: other})
	gateway.await(t, calls+2)
	if c := told.await(t, 1)[0]; c.header.Get("X-Call-Id") != "with another" {
		t.Errorf("the other callback got %v", c.header)
	}
	eventually(t, "what has no room is given up", func() bool {
		return q.counted(t, "gateway_async_callbacks_total", outcomeFailed) == calls-maxHostCallbacks
	})
}

// TestSlowCallback lets a host take more answers than there is room for, slowly: it gets them all.
func TestSlowCallback(t *testing.T) {
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) { _, _ = io.WriteString(w, "answer") })
	told := newGateway(t, func(http.ResponseWriter, *http.Request, *seen) {
		timer := time.NewTimer(20 * time.Millisecond)
		<-timer.C
	})
	q := start(t, Options{Gateway: gateway.URL, Callbacks: loopback})
	const calls = 300
	for range calls {
		q.enqueue(t, function.Call{Function: "f", Callback: told.URL})
	}
	q.empty(t)
	if n := q.counted(t, "gateway_async_callbacks_total", outcomeDelivered); n != calls || told.count() != calls {
		t.Errorf("%v delivered, %d came; want %d", n, told.count(), calls)
	}
}

func TestLine(t *testing.T) {
	var l line
	for range maxHostCallbacks {
		if !l.join("a") {
			t.Fatal("no room")
		}
	}
	if l.join("a") || l.away("a") {
		t.Error("one host may have all, or is away without having failed")
	}
	l.told("a", false)
	if !l.away("a") || l.away("b") {
		t.Error("the wrong host is away")
	}
	for n := maxHostCallbacks; n < maxCallbacks; n++ {
		if !l.join(strings.Repeat("b", n)) {
			t.Fatal("no room for others")
		}
	}
	if l.join("c") || l.count() != maxCallbacks {
		t.Errorf("the line has no bound: %d", l.count())
	}
	l.leave("a")
	if l.away("a") || !l.join("c") {
		t.Error("a place was lost")
	}
}
