package scaler

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

func TestRetryUntilAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		var at []time.Duration
		begin := time.Now()
		b.scale = func(_ context.Context, name string, n int) error {
			at = append(at, time.Since(begin))
			if len(at) <= 6 {
				return errBackend
			}
			return b.set(name, n, n)
		}
		s, _ := start(t, Options{Backend: b})
		if err := s.Scale(t.Context(), "resize", 3); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 200e6, 600e6, 1400e6, 3000e6, 6200e6, 11200e6} // doubling from 200 ms up to 5 s
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("tries at (-want +got):\n%s", diff)
		}
		wantDecisions(t, s, "manual 1→3 scaled")
	})
}

func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		b.scale = func(context.Context, string, int) error { return errBackend }
		s, _ := start(t, Options{Backend: b, RetryFor: 10 * time.Second})
		begin := time.Now()
		if err := s.Scale(t.Context(), "resize", 3); !errors.Is(err, errBackend) {
			t.Errorf("error %v, want the backend's", err)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("gave up after %v", took)
		}
		b.function = func(context.Context, string) (function.Status, error) { return function.Status{}, errBackend }
		if err := s.Wake(t.Context(), "resize"); !errors.Is(err, errBackend) {
			t.Errorf("error %v, want the backend's", err)
		}
		wantDecisions(t, s, "manual 1→1 failed", "wake 1→1 failed")
	})
}

func TestNotFoundIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		b.scale = func(context.Context, string, int) error { return function.NotFoundf("gone meanwhile") }
		s, _ := start(t, Options{Backend: b})
		if err := s.Scale(t.Context(), "resize", 3); !errors.Is(err, function.ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
		}
		wantCalls(t, b, 3)
	})
}

func TestNewerOrderEndsRetrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		b.scale = func(_ context.Context, name string, n int) error {
			if n == 3 {
				return errBackend
			}
			return b.set(name, n, n)
		}
		s, _ := start(t, Options{Backend: b})
		older := make(chan error, 1)
		go func() { older <- s.Scale(t.Context(), "resize", 3) }()
		time.Sleep(5 * time.Second)
		post(t, s, body(time.Now(), "firing 7 up"))
		synctest.Wait()
		if err := <-older; !errors.Is(err, function.ErrConflict) {
			t.Errorf("the older order: error %v, want ErrConflict", err)
		}
		wantCalls(t, b, 3, 3, 3, 3, 3, 7)
		wantDecisions(t, s, "manual 1→1 superseded", "alert 1→7 scaled")
	})
}

// TestNewestWins lets orders queue up behind a slow call.
func TestNewestWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		b.scale = func(_ context.Context, name string, n int) error {
			time.Sleep(3 * time.Second)
			return b.set(name, n, n)
		}
		s, _ := start(t, Options{Backend: b})
		for n := 2; n <= 10; n++ {
			time.Sleep(100 * time.Millisecond)
			post(t, s, body(time.Now(), fmt.Sprintf("firing %d up", n)))
		}
		time.Sleep(time.Minute)
		wantCalls(t, b, 2, 10)
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		b.scale = func(_ context.Context, name string, n int) error {
			time.Sleep(3 * time.Second)
			return b.set(name, n, n)
		}
		s, _ := start(t, Options{Backend: b, LogSize: 5000})
		post(t, s, body(time.Now(), "firing 2"))
		synctest.Wait()
		for i := range 1000 {
			post(t, s, body(time.Now(), fmt.Sprintf("firing %d", 3+i%10)))
		}
		mail := s.owners["resize"].mail
		mail.mu.Lock()
		n := len(mail.orders)
		mail.mu.Unlock()
		if n > maxQueued {
			t.Errorf("%d orders wait, want at most %d", n, maxQueued)
		}
		time.Sleep(time.Minute)
		wantCalls(t, b, 2, 12) // i = 999 orders 12
	})
}
