package activator

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"faas/function"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// room is a stand-in for the replicas of a function: so many requests find a place.
type room struct{ free atomic.Int64 }

func (r *room) take() bool {
	if r.free.Add(-1) < 0 {
		r.free.Add(1)
		return false
	}
	return true
}

// inTime runs test with virtual time, which goes on until the gate's own goroutine has ended.
func inTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t)
		<-time.After(time.Second)
	})
}

// admit is what a caller does: try, and be held if that fails.
func admit(ctx context.Context, g *Gate, try func() bool) error {
	if g.Try(try) {
		return nil
	}
	return g.Hold(ctx, try)
}

func TestAdmitAtOnceWhereThereIsRoom(t *testing.T) {
	g := New(Options{Name: "echo"})
	var r room
	r.free.Store(1)
	if err := admit(t.Context(), g, r.take); err != nil {
		t.Fatal(err)
	}
	if g.Held() != 0 {
		t.Errorf("held %d, want none", g.Held())
	}
}

func TestHeldRequestsGoInTheirOrder(t *testing.T) {
	inTime(t, func(t *testing.T) {
		g := New(Options{Name: "echo"})
		var r room
		var mu sync.Mutex
		var order []int
		for i := range 5 {
			go func() {
				if err := admit(t.Context(), g, r.take); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		if g.Held() != 5 {
			t.Fatalf("held %d, want 5", g.Held())
		}
		for range 5 {
			r.free.Add(1)
			g.Signal()
			synctest.Wait()
		}
		for i, v := range order {
			if v != i {
				t.Fatalf("admitted in the order %v", order)
			}
		}
	})
}

func TestHundredRequestsWakeOnce(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var r room
		var wakes atomic.Int64
		var desired atomic.Int64
		var g *Gate
		g = New(Options{
			Name:   "echo",
			Asleep: func() bool { return desired.Load() == 0 },
			Wake: func(context.Context, string) error {
				wakes.Add(1)
				<-time.After(300 * time.Millisecond) // the backend's own time, longer than a recheck
				desired.Store(1)
				go func() {
					<-time.After(500 * time.Millisecond)
					r.free.Store(1000)
					g.Signal()
				}()
				return nil
			},
		})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := admit(t.Context(), g, r.take); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if wakes.Load() != 1 {
			t.Errorf("woken %d times, want once", wakes.Load())
		}
	})
}

func TestFailedWakeIsTriedAgain(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var r room
		var g *Gate
		tries := 0
		g = New(Options{
			Name:   "echo",
			Asleep: func() bool { return r.free.Load() == 0 },
			Wake: func(context.Context, string) error {
				if tries++; tries < 3 {
					return errors.New("backend away")
				}
				r.free.Store(1)
				g.Signal()
				return nil
			},
		})
		if err := admit(t.Context(), g, r.take); err != nil {
			t.Fatal(err)
		}
		if tries != 3 {
			t.Errorf("tried %d times, want 3", tries)
		}
	})
}

// A function is put to sleep right after it was woken, before the gate has seen it awake.
func TestFunctionThatIsPutToSleepAgainIsWokenAgain(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var r room
		var g *Gate
		var wakes []time.Duration
		start := time.Now()
		g = New(Options{
			Name:   "echo",
			Asleep: func() bool { return r.free.Load() == 0 },
			Wake: func(context.Context, string) error {
				if wakes = append(wakes, time.Since(start)); len(wakes) == 3 {
					r.free.Store(1)
				}
				return nil
			},
		})
		if err := admit(t.Context(), g, r.take); err != nil {
			t.Fatal(err)
		}
		if len(wakes) != 3 || wakes[2] != 2*rewake {
			t.Errorf("woken after %v, want at once and each %s", wakes, rewake)
		}
	})
}

func TestRefusals(t *testing.T) {
	none := func() bool { return false }
	t.Run("held too long", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			g := New(Options{Name: "echo", MaxHold: 5 * time.Second})
			start := time.Now()
			err := admit(t.Context(), g, none)
			if !errors.Is(err, function.ErrUnavailable) || time.Since(start) != 5*time.Second {
				t.Errorf("after %s: %v, want unavailable after 5s", time.Since(start), err)
			}
		})
	})
	t.Run("queue full", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			g := New(Options{Name: "echo", MaxHeld: 2})
			for range 2 {
				go func() { _ = admit(ctx, g, none) }() // its end is what the client-gone case tests
			}
			synctest.Wait()
			if err := admit(ctx, g, none); !errors.Is(err, function.ErrUnavailable) {
				t.Errorf("third of two: %v, want unavailable", err)
			}
			cancel()
		})
	})
	t.Run("client gone leaves at once", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			g := New(Options{Name: "echo"})
			ended := make(chan error, 1)
			go func() { ended <- admit(ctx, g, none) }()
			synctest.Wait()
			cancel()
			synctest.Wait()
			if err := <-ended; !errors.Is(err, context.Canceled) || g.Held() != 0 {
				t.Errorf("%v with %d held, want canceled and none", err, g.Held())
			}
		})
	})
	t.Run("asleep, and not to be woken", func(t *testing.T) {
		g := New(Options{Name: "echo", Asleep: func() bool { return true }})
		if err := admit(t.Context(), g, none); !errors.Is(err, function.ErrUnavailable) {
			t.Errorf("%v, want unavailable at once", err)
		}
	})
	t.Run("gone when it is to be woken", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			g := New(Options{Name: "echo", Asleep: func() bool { return true }, Wake: func(context.Context, string) error {
				return function.NotFoundf("no such function")
			}})
			if err := admit(t.Context(), g, none); !errors.Is(err, function.ErrNotFound) {
				t.Errorf("%v, want not found", err)
			}
		})
	})
	t.Run("function removed", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			g := New(Options{Name: "echo"})
			ended := make(chan error, 1)
			go func() { ended <- admit(t.Context(), g, none) }()
			synctest.Wait()
			g.Close(function.NotFoundf("gone"))
			if err := <-ended; !errors.Is(err, function.ErrNotFound) {
				t.Errorf("%v, want not found", err)
			}
			if err := admit(t.Context(), g, none); !errors.Is(err, function.ErrNotFound) {
				t.Errorf("after Close: %v, want not found", err)
			}
		})
	})
}

// A crowd comes and goes through two places: nobody is lost, nobody is let in over the bound.
func TestManyThroughFewPlaces(t *testing.T) {
	g := New(Options{Name: "echo"})
	var r room
	r.free.Store(2)
	var inside, most, admitted atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				if err := admit(ctx, g, r.take); err != nil {
					t.Error(err)
				} else {
					admitted.Add(1)
					if n := inside.Add(1); n > most.Load() {
						most.Store(n)
					}
					inside.Add(-1)
					r.free.Add(1)
					g.Signal()
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if admitted.Load() != 2000 || most.Load() > 2 {
		t.Errorf("%d admitted, %d at once; want 2000 and at most 2", admitted.Load(), most.Load())
	}
}

func BenchmarkAdmit(b *testing.B) {
	g := New(Options{Name: "echo"})
	yes := func() bool { return true }
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := admit(context.Background(), g, yes); err != nil {
				b.Fatal(err)
			}
		}
	})
}
