package queue

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"faas/function"
)

// TestMemoryOfManyQueued keeps 10,000 small calls, which are on the disk and not in memory, and makes them.
func TestMemoryOfManyQueued(t *testing.T) {
	open := make(chan struct{})
	gateway := newGateway(t, func(http.ResponseWriter, *http.Request, *seen) { <-open })
	q := start(t, Options{Gateway: gateway.URL})
	q.enqueue(t, function.Call{Function: "f"})
	before := heap()
	const n = 4_000
	body := make([]byte, 200)
	for i := range n {
		q.enqueue(t, function.Call{ID: fmt.Sprint(i), Function: "f", Body: body})
	}
	grown := int64(heap()) - int64(before) //nolint:gosec // far from the bounds
	t.Logf("%d calls queued: %d KiB of heap more, %d B a call", n, grown>>10, grown/n)
	if grown > 10<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	close(open)
	within(t, 5*patience, "all are made", func() bool { return gateway.count() > n })
	q.empty(t)
	if got := gateway.count(); got != n+1 {
		t.Errorf("%d calls were made, want %d", got, n+1)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkEnqueue is the time until a call of 1 KiB is on the disk.
func BenchmarkEnqueue(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			hang := newGateway(b, func(_ http.ResponseWriter, r *http.Request, _ *seen) { <-r.Context().Done() })
			q := benchmarked(b, Options{
				Gateway: hang.URL, Limit: func(string) (int, bool) { return 1, true }, AckWait: time.Hour, Drain: time.Millisecond,
			})
			call := function.Call{Function: "f", Method: "POST", Path: "/", Body: make([]byte, 1024)}
			b.ResetTimer()
			var wg sync.WaitGroup
			for i := range clients {
				wg.Go(func() {
					c := call
					c.Function = fmt.Sprint("f", i)
					for range (b.N + clients - 1) / clients {
						if err := q.Enqueue(b.Context(), c); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// BenchmarkCall is a call from its acceptance to the end of its answer, of a function that answers at once.
func BenchmarkCall(b *testing.B) {
	gateway := newGateway(b, nil)
	q := benchmarked(b, Options{Gateway: gateway.URL})
	b.Run("one by one", func(b *testing.B) {
		for range b.N {
			before := gateway.count()
			if err := q.Enqueue(b.Context(), function.Call{Function: "f", Method: "POST", Path: "/"}); err != nil {
				b.Fatal(err)
			}
			gateway.await(b, before+1)
		}
	})
	b.Run("a backlog", func(b *testing.B) {
		before := gateway.count()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for range (b.N + 7) / 8 {
					err := q.Enqueue(b.Context(), function.Call{Function: fmt.Sprint("f", i), Method: "POST", Path: "/"})
					if err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		gateway.await(b, before+b.N)
	})
}

func benchmarked(b *testing.B, o Options) *running {
	b.Helper()
	q := start(b, o)
	eventually(b, "the queue is ready", func() bool {
		err := q.Enqueue(b.Context(), function.Call{Function: "first", Method: "POST", Path: "/"})
		return !errors.Is(err, function.ErrUnavailable)
	})
	return q
}
