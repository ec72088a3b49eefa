package queue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faas/function"
)

// TestSlowFunctionsAreInNobodysWay fills the common room with calls of slow functions.
func TestSlowFunctionsAreInNobodysWay(t *testing.T) {
	end := make(chan struct{})
	gateway := newGateway(t, func(_ http.ResponseWriter, r *http.Request, s *seen) {
		if s.function == "fast" {
			return
		}
		select {
		case <-end:
		case <-r.Context().Done():
		}
	})
	config := quick()
	config.Concurrency, config.MaxInFlight = 4, 6
	q := start(t, Options{Gateway: gateway.URL, Config: config})
	for i := range 40 {
		q.enqueue(t, function.Call{Function: fmt.Sprint("slow-", i%4)})
	}
	gateway.await(t, 4+6) // one of each, and what the common room holds
	q.enqueue(t, function.Call{Function: "fast"})
	eventually(t, "the fast one is called", func() bool {
		gateway.mu.Lock()
		defer gateway.mu.Unlock()
		return gateway.calls[len(gateway.calls)-1].function == "fast"
	})
	if n := gateway.count(); n != 4+6+1 {
		t.Errorf("%d calls were made, want one of each function and 6 more", n)
	}
	eventually(t, "the depth is known", func() bool { n, known := q.Depth("slow-1"); return known && n == 10 })
	close(end)
	q.empty(t)
	if n := gateway.count(); n != 41 {
		t.Errorf("%d calls were made, want 41", n)
	}
}

// TestConcurrency counts calls of one function at the same time.
func TestConcurrency(t *testing.T) {
	var now, most atomic.Int64
	five, reached := make(chan struct{}), sync.Once{}
	gateway := newGateway(t, func(http.ResponseWriter, *http.Request, *seen) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n >= 5 {
			reached.Do(func() { close(five) })
		}
		<-five
		runtime.Gosched()
		now.Add(-1)
	})
	q := start(t, Options{Gateway: gateway.URL, Limit: func(name string) (int, bool) { return len(name), true }})
	for range 200 {
		q.enqueue(t, function.Call{Function: "five5"})
	}
	q.empty(t)
	if n := most.Load(); n != 5 {
		t.Errorf("%d at the same time at most, want 5", n)
	}
}

func TestRoom(t *testing.T) {
	r := &room{free: 2}
	if r.take(5) != 2 || r.take(1) != 0 {
		t.Fatal("the room has no bound")
	}
	first, second, third := r.ask(), r.ask(), r.ask()
	granted := func(t *ticket) bool {
		select {
		case <-t.granted:
			return true
		default:
			return false
		}
	}
	r.cancel(second)
	r.release(1)
	if !granted(first) || granted(third) || r.take(1) != 0 {
		t.Error("whoever came first did not get it")
	}
	r.release(1)
	if !granted(third) {
		t.Error("the next did not get it")
	}
	r.cancel(third) // it has it, and gives it back
	if r.take(9) != 1 {
		t.Error("a place was lost")
	}
}

// shared starts a server with a port, and queues that share it.
func shared(t *testing.T, dir string) (url string, stop func()) {
	t.Helper()
	return sharedAt(t, dir, "127.0.0.1:0")
}

func sharedAt(t *testing.T, dir, addr string) (url string, stop func()) {
	t.Helper()
	s, err := NewServer(ServerOptions{Dir: dir, Listen: addr})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return "nats://" + s.Addr(t.Context()).String(), stop
}

func TestTwoGatewaysShareAServer(t *testing.T) {
	url, _ := shared(t, t.TempDir())
	gateways := []*fakeGateway{newGateway(t, nil), newGateway(t, nil)}
	queues := []*running{start(t, Options{URL: url, Gateway: gateways[0].URL}), start(t, Options{URL: url, Gateway: gateways[1].URL})}
	const n = 400
	for i := range n {
		queues[i%2].enqueue(t, function.Call{ID: fmt.Sprint(i), Function: fmt.Sprint("f", i%3)})
	}
	queues[0].empty(t)
	times := map[string]int{}
	for _, g := range gateways {
		for _, c := range g.await(t, 1) {
			times[c.header.Get("X-Call-Id")]++
		}
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("call %s was made %d times", id, n)
		}
	}
	if len(times) != n {
		t.Errorf("%d calls were made, want %d", len(times), n)
	}
}

// TestDeadGateway takes up what a gateway had begun that is cut off from the server.
func TestDeadGateway(t *testing.T) {
	url, _ := shared(t, t.TempDir())
	hang := newGateway(t, func(_ http.ResponseWriter, r *http.Request, _ *seen) { <-r.Context().Done() })
	dead := start(t, Options{URL: url, Gateway: hang.URL, AckWait: 500 * time.Millisecond, Drain: time.Millisecond})
	dead.enqueue(t, function.Call{ID: "taken up", Function: "f"})
	hang.await(t, 1)
	dead.store.Load().conn.Close() // it can say nothing any more

	gateway := newGateway(t, nil)
	alive := start(t, Options{URL: url, Gateway: gateway.URL, AckWait: 500 * time.Millisecond})
	if c := gateway.await(t, 1)[0]; c.header.Get("X-Call-Id") != "taken up" {
		t.Errorf("made %+v", c)
	}
	alive.empty(t)
}

func TestServerAway(t *testing.T) {
	dir := t.TempDir()
	url, stop := shared(t, dir)
	gateway := newGateway(t, nil)
	q := start(t, Options{URL: url, Gateway: gateway.URL})
	q.enqueue(t, function.Call{Function: "f"})
	q.empty(t)
	stop()
	eventually(t, "the queue is known to be away", func() bool {
		began := time.Now()
		err := q.Enqueue(t.Context(), function.Call{Function: "f", Method: "POST", Path: "/"})
		return err != nil && time.Since(began) < time.Second
	})
	if err := q.Enqueue(t.Context(), function.Call{Function: "f", Method: "POST", Path: "/"}); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("Enqueue: %v, want ErrUnavailable", err)
	}
	before := gateway.count()
	sharedAt(t, dir, url[len("nats://"):])
	q.enqueue(t, function.Call{Function: "f"})
	gateway.await(t, before+1)
	q.empty(t)
	if n := q.counted(t, "gateway_async_connected"); n != 1 {
		t.Errorf("connected: %v", n)
	}
}

// TestServerRestartsWhileACallEnds tells the server of the end once it is back.
func TestServerRestartsWhileACallEnds(t *testing.T) {
	dir, end := t.TempDir(), make(chan struct{})
	url, stop := shared(t, dir)
	gateway := newGateway(t, func(http.ResponseWriter, *http.Request, *seen) { <-end })
	q := start(t, Options{URL: url, Gateway: gateway.URL, AckWait: 5 * time.Second})
	q.enqueue(t, function.Call{Function: "f"})
	gateway.await(t, 1)
	stop()
	eventually(t, "the queue is known to be away", func() bool { return !q.store.Load().conn.IsConnected() })
	close(end)
	eventually(t, "the call ended", func() bool { return q.counted(t, "gateway_async_calls_total", eventCompleted) == 1 })
	sharedAt(t, dir, url[len("nats://"):])
	q.empty(t)
	if n := gateway.count(); n != 1 {
		t.Errorf("made %d times, want once", n)
	}
}

// TestServerLateAndEmpty begins without a server, and meets one that lost its data later.
func TestServerLateAndEmpty(t *testing.T) {
	url, stop := shared(t, t.TempDir())
	stop()
	gateway := newGateway(t, nil)
	q := start(t, Options{URL: url, Gateway: gateway.URL})
	if err := q.Enqueue(t.Context(), function.Call{Function: "f", Method: "POST", Path: "/"}); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("Enqueue: %v, want ErrUnavailable", err)
	}
	for n := 1; n <= 2; n++ {
		_, stop := sharedAt(t, t.TempDir(), url[len("nats://"):])
		q.enqueue(t, function.Call{Function: "f"})
		gateway.await(t, n)
		q.empty(t)
		stop()
		eventually(t, "the server is known to be away", func() bool { return !q.store.Load().conn.IsConnected() })
	}
}
