package scaler

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestChangesOfOthersStand has two gateways, and somebody change the count at the other or past both: what was ordered before
// does not undo it, what is ordered after it is obeyed, and so is what still fires after Settle.
func TestChangesOfOthersStand(t *testing.T) {
	type gateways struct {
		first, second *Scaler
		backend       *fakeBackend
		began         time.Time
	}
	told := func(t *testing.T, g gateways, at time.Time, order string) {
		t.Helper()
		post(t, g.first, body(at, order))
		synctest.Wait()
	}
	wake := func(t *testing.T, g gateways) {
		t.Helper()
		if err := g.second.Wake(t.Context(), "resize"); err != nil {
			t.Fatal(err)
		}
	}
	manual := func(n int) func(*testing.T, gateways) {
		return func(t *testing.T, g gateways) {
			t.Helper()
			if err := g.second.Scale(t.Context(), "resize", n); err != nil {
				t.Fatal(err)
			}
		}
	}
	byHand := func(n int) func(*testing.T, gateways) {
		return func(t *testing.T, g gateways) {
			t.Helper()
			if err := g.backend.set("resize", n, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name   string
		first  string // ordered at the start, at the first gateway; empty: nothing, so that it has no owner
		change func(*testing.T, gateways)
		order  string
		at     time.Duration // when that is given; the change is at 10 s
		told   time.Duration // when the first gateway hears of it
		want   int

		repeated string // ordered at the start too, and told last
	}{
		{"repeated idle after a wake", "firing 0 down", wake, "firing 0 down", 0, 14 * time.Second, 1, ""},
		{"late idle after a wake", "firing 0 down", wake, "firing 0 down", 9 * time.Second, 10100 * time.Millisecond, 1, ""},
		{"new idle after a wake", "firing 0 down", wake, "firing 0 down", 14 * time.Second, 14 * time.Second, 0, ""},
		{"idle goes on firing after Settle", "firing 0 down", wake, "firing 0 down", 0, 10*time.Second + Settle, 0, ""},
		{"an old order for the woken count and idle", "firing 0 down", wake, "firing 1 up 5s", 0, 14 * time.Second, 1, "firing 0 down"},
		{"old down after a manual raise", "firing 4 down", manual(10), "firing 4 down", 0, 14 * time.Second, 10, ""},
		{"old down that was not told before", "firing 6 up", manual(10), "firing 4 down", 9 * time.Second, 14 * time.Second, 10, ""},
		{"old up after a manual cut", "firing 9 up", manual(2), "firing 9 up", 0, 14 * time.Second, 2, ""},
		{"new down at once after a manual raise", "firing 4 down", manual(10), "firing 4 down", 11 * time.Second, 11 * time.Second, 10, ""},
		{"new down after Calm", "firing 4 down", manual(10), "firing 4 down", 11 * time.Second, 14 * time.Second, 4, ""},
		{"new up", "firing 4 up", manual(2), "firing 9 up", 11 * time.Second, 11 * time.Second, 9, ""},
		{"old down with no order before", "", manual(10), "firing 2 down", 0, 14 * time.Second, 10, ""},
		{"old down after a raise by hand", "firing 4 down", byHand(10), "firing 4 down", 0, 14 * time.Second, 10, ""},
		{"old up after a cut by hand", "firing 9 up", byHand(1), "firing 9 up", 0, 11 * time.Second, 1, ""},
		{"a cut by hand is corrected by what is new", "firing 9 up", byHand(1), "firing 8 up", 11 * time.Second, 11 * time.Second, 8, ""},
		{"a cut by hand is corrected after Settle", "firing 9 up", byHand(1), "firing 9 up", 0, 10*time.Second + Settle, 9, ""},
		{"a step that others stepped too", "firing -", byHand(9), "firing -", 0, 11 * time.Second, 13, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := functions(5, "resize")
				b.statuses["resize"].Scaling.Zero = true
				g := gateways{backend: b, began: time.Now()}
				g.first, _ = start(t, Options{Backend: b})
				g.second, _ = start(t, Options{Backend: b})
				synctest.Wait()
				if tt.first != "" {
					told(t, g, g.began, tt.first)
				}
				time.Sleep(10 * time.Second)
				tt.change(t, g)
				synctest.Wait()
				time.Sleep(tt.told - time.Since(g.began))
				told(t, g, g.began.Add(tt.at), tt.order)
				if tt.repeated != "" {
					told(t, g, g.began, tt.repeated)
				}
				if st, _ := b.status("resize"); st.Desired != tt.want {
					t.Errorf("at %d, want %d; decisions of the first gateway: %q", st.Desired, tt.want, summary(g.first))
				}
			})
		})
	}
}

// TestToldAfterItWasSeen is a gateway that sees what others carried out before it is told of the orders: the newer ones
// that it is told of next are not stale for that, though they were given before it looked.
func TestToldAfterItWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		s, _ := start(t, Options{Backend: b})
		synctest.Wait()
		began := time.Now()
		time.Sleep(time.Second)
		if err := b.set("resize", 4, 4); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		post(t, s, body(began, "firing 4 up"))
		synctest.Wait()
		post(t, s, body(began.Add(500*time.Millisecond), "firing 9 up"))
		synctest.Wait()
		wantDecisions(t, s, "alert 4→4 unchanged", "alert 4→9 scaled")
	})
}

// TestRaisedWhileRetrying has a function scaled by another gateway while the backend fails to lower it here.
func TestRaisedWhileRetrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(2, "resize")
		b.statuses["resize"].Scaling.Zero = true
		var works atomic.Bool
		b.scale = func(_ context.Context, name string, n int) error {
			if !works.Load() {
				return errBackend
			}
			return b.set(name, n, n)
		}
		s, _ := start(t, Options{Backend: b})
		synctest.Wait()
		began := time.Now()
		post(t, s, body(began, "firing 1 down"))
		time.Sleep(5 * time.Second)
		works.Store(true)
		if err := b.set("resize", 10, 10); err != nil { // by hand at the other gateway
			t.Fatal(err)
		}
		post(t, s, body(began, "firing 1 down"))
		time.Sleep(10 * time.Second)
		if st, _ := b.status("resize"); st.Desired != 10 {
			t.Errorf("at %d: %q", st.Desired, summary(s))
		}
	})
}
