package scaler

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faas/function"
)

// slowBackend takes 10 ms to change a count, so that several decide by the same one.
type slowBackend struct {
	*fakeBackend

	after func() error // what it answers once it has changed a count; nil: nil
}

func (b slowBackend) ScaleFrom(ctx context.Context, name string, from, to int) error {
	time.Sleep(10 * time.Millisecond)
	err := b.fakeBackend.ScaleFrom(ctx, name, from, to)
	if err == nil && b.after != nil {
		err = b.after()
	}
	return err
}

// TestTwoGateways gives the same orders to two scalers of one backend: each change is made by exactly one, and the log
// of the other tells of it as well.
func TestTwoGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := slowBackend{fakeBackend: functions(1, "resize")}
		first, _ := start(t, Options{Backend: b})
		time.Sleep(time.Millisecond)
		second, _ := start(t, Options{Backend: b})
		both := func(orders ...string) {
			text := body(time.Now(), orders...)
			post(t, first, text)
			time.Sleep(time.Millisecond)
			post(t, second, text)
			time.Sleep(time.Second)
		}
		both("firing 4 up")
		both("firing 2 down") // what was ordered before the raise was known
		time.Sleep(Calm)
		both("firing 3 down")
		wantDecisions(t, first, "alert 1→4 scaled", "alert 4→4 calm", "alert 4→3 scaled")
		wantDecisions(t, second, "alert 1→4 relayed", "alert 4→4 calm", "alert 4→3 relayed")
		if s := second.decisions.find(query{limit: -1}).events[0]; !strings.Contains(s.Reason, "ordered 4: another gateway did so first") || s.Applied {
			t.Errorf("relayed: %+v", s)
		}
	})
}

// TestToldTooLate is a gateway that hears of an order when another has carried it out: it knows of the raise all the same.
func TestToldTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		s, _ := start(t, Options{Backend: b})
		if err := b.set("resize", 4, 1); err != nil {
			t.Fatal(err)
		}
		post(t, s, body(time.Now(), "firing 4 up"))
		time.Sleep(time.Second)
		post(t, s, body(time.Now(), "firing 2 down"))
		synctest.Wait()
		wantDecisions(t, s, "alert 4→4 unchanged", "alert 4→4 calm")
	})
}

// TestOvertaken has somebody change the count to another one than was ordered, each time before the backend is asked.
func TestOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := slowBackend{fakeBackend: functions(1, "resize")}
		s, _ := start(t, Options{Backend: b})
		post(t, s, body(time.Now(), "firing 4 up"))
		time.Sleep(5 * time.Millisecond)
		if err := b.set("resize", 2, 2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		wantDecisions(t, s, "alert 2→4 scaled")

		post(t, s, body(time.Now(), "firing 6 up"))
		time.Sleep(5 * time.Millisecond)
		if err := b.set("resize", 12, 12); err != nil { // by a newer order, which is not to be taken back
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		wantDecisions(t, s, "alert 2→4 scaled", "alert 12→12 passed")
		wantCalls(t, b.fakeBackend, 4, 4, 6)
	})
}

// TestDoneByAFailedTry is a backend whose answer got lost.
func TestDoneByAFailedTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		b := slowBackend{functions(1, "resize"), func() error {
			if tries++; tries == 1 {
				return errBackend
			}
			return nil
		}}
		s, _ := start(t, Options{Backend: b})
		post(t, s, body(time.Now(), "firing 4 up"))
		time.Sleep(10 * time.Second)
		wantDecisions(t, s, "alert 1→4 scaled")
		if e := s.decisions.find(query{limit: -1}).events[0]; !e.Applied {
			t.Errorf("not applied: %+v", e)
		}
		wantCalls(t, b.fakeBackend, 4, 4)
	})
}

// TestAlwaysOvertaken has somebody who changes the count all the time: the owner slows down, and then gives up.
func TestAlwaysOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		conflicts := 0
		b.scale = func(context.Context, string, int) error {
			conflicts++
			return function.Conflictf("it has another count by now")
		}
		s, _ := start(t, Options{Backend: b, RetryFor: 10 * time.Second})
		done := make(chan error, 1)
		go func() { done <- s.Scale(t.Context(), "resize", 3) }()
		if err := <-done; !errors.Is(err, function.ErrConflict) {
			t.Errorf("got %v, want a conflict", err)
		}
		if conflicts < maxOvertakings || conflicts > 20 {
			t.Errorf("the backend was asked %d times", conflicts)
		}
	})
}
