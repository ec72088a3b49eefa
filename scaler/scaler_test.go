package scaler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// body writes a webhook's body. Each alert is "STATUS REPLICAS [DIRECTION] [AGE]", for the function resize and, as "-",
// without a replicas label.
func body(now time.Time, alerts ...string) string {
	var all []string
	for _, a := range alerts {
		f := strings.Fields(a)
		labels, age := `"alertname":"FunctionScale","function_name":"resize"`, time.Duration(0)
		if f[1] != "-" {
			labels += fmt.Sprintf(`,"replicas":%q`, f[1])
		}
		for _, extra := range f[2:] {
			if d, err := time.ParseDuration(extra); err == nil {
				age = d
				continue
			}
			labels += fmt.Sprintf(`,"direction":%q`, extra)
		}
		all = append(all, fmt.Sprintf(`{"status":%q,"labels":{%s},"startsAt":%q,"endsAt":"0001-01-01T00:00:00Z"}`,
			f[0], labels, now.Add(-age).Format(time.RFC3339Nano)))
	}
	return `{"version":"4","alerts":[` + strings.Join(all, ",") + `]}`
}

// summary is what most tests look at of an event.
func summary(s *Scaler) []string {
	var lines []string
	for _, e := range s.decisions.find(query{limit: -1, all: true}).events {
		line := fmt.Sprintf("%s %d→%d %s", e.Kind, e.From, e.To, e.Code)
		if e.Repeats > 0 {
			line += fmt.Sprintf(" +%d", e.Repeats)
		}
		lines = append(lines, line)
	}
	return lines
}

func wantDecisions(t *testing.T, s *Scaler, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, summary(s)); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

func wantCalls(t *testing.T, b *fakeBackend, want ...int) {
	t.Helper()
	if diff := cmp.Diff(want, b.scaled()); diff != "" {
		t.Errorf("counts asked of the backend (-want +got):\n%s", diff)
	}
}

// A scenario of a morning: each line is a webhook, and what comes of it.
func TestAlertsSetCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		s, _ := start(t, Options{Backend: b})
		for _, step := range []struct {
			alerts []string
			want   int
		}{
			{[]string{"firing 12 up"}, 12},
			{[]string{"firing 12 up 1s"}, 12},                  // Alertmanager repeats, nothing changes
			{[]string{"resolved 12 up", "firing 15 up"}, 15},   // a payload mixes both
			{[]string{"resolved 15 up"}, 15},                   // converged
			{[]string{"firing 9 down 5s"}, 15},                 // late, begun before the 15
			{[]string{"firing 9 down"}, 9},                     //
			{[]string{"firing 30 up"}, 20},                     // clamped
			{[]string{"firing -", "firing -", "firing -"}, 20}, // steps at max
			{[]string{"resolved -"}, 1},                        // a step's end
			{[]string{"firing -"}, 5},                          // a step
			{[]string{"firing -"}, 9},                          // each delivery steps
			{[]string{"firing many"}, 9},                       // not a count
			{[]string{"firing 2 up", "firing 3 sideways"}, 9},  // up never lowers; no such direction
		} {
			time.Sleep(time.Second)
			if code := post(t, s, body(time.Now(), step.alerts...)); code != 202 {
				t.Fatalf("%v: status %d", step.alerts, code)
			}
			synctest.Wait()
			if st, _ := b.status("resize"); st.Desired != step.want {
				t.Errorf("after %v: desired %d, want %d", step.alerts, st.Desired, step.want)
			}
		}
		wantCalls(t, b, 12, 15, 9, 20, 1, 5, 9)
	})
}

func TestRepetitionsAreCountedNotListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, Options{Backend: functions(12, "resize"), HeartbeatGrace: time.Hour})
		began := time.Now()
		for range 50 {
			time.Sleep(10 * time.Second)
			post(t, s, body(began, "firing 12 up", "firing x"))
			synctest.Wait()
		}
		post(t, s, strings.ReplaceAll(body(began, "firing 3"), "resize", "nobody"))
		synctest.Wait()
		post(t, s, strings.ReplaceAll(body(began, "firing 3"), "resize", "nobody"))
		synctest.Wait()
		got := summary(s)
		slices.Sort(got) // the owner and the receiver write at the same time
		want := []string{"alert 0→0 invalid +49", "alert 0→0 not_found +1", "alert 12→12 unchanged +49"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decisions (-want +got):\n%s", diff)
		}
	})
}

func TestManualOrderBeatsOlderAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(4, "resize")
		s, _ := start(t, Options{Backend: b})
		began := time.Now()
		time.Sleep(time.Second)
		if err := s.Scale(t.Context(), "resize", 5); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		post(t, s, body(began, "firing 12 up")) // the payload was on its way
		synctest.Wait()
		time.Sleep(10 * time.Second)
		post(t, s, body(began, "firing 12 up"))
		synctest.Wait()
		wantCalls(t, b, 5)
		time.Sleep(10 * time.Second) // it goes on firing: the load does want 12
		post(t, s, body(began, "firing 12 up"))
		synctest.Wait()
		wantCalls(t, b, 5, 12)
		wantDecisions(t, s, "manual 4→5 scaled", "alert 5→5 stale +1", "alert 5→12 scaled")
	})
}

func TestWakeAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(0, "resize")
		b.scale = func(_ context.Context, name string, n int) error {
			time.Sleep(50 * time.Millisecond)
			return b.set(name, n, 0)
		}
		s, _ := start(t, Options{Backend: b})
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Microsecond)
				if err := s.Wake(t.Context(), "resize"); err != nil {
					t.Error(err)
				}
				if st, _ := b.status("resize"); st.Desired != 1 {
					t.Errorf("returned at desired %d", st.Desired)
				}
			})
		}
		wg.Wait()
		wantCalls(t, b, 1)
		if got := summary(s); len(got) != 2 {
			t.Errorf("decisions %q, want the wake and one for all who came later", got)
		}
	})
}

func TestOrdersThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := start(t, Options{Backend: functions(1, "resize")})
		for _, tt := range []struct {
			name  string
			order func() error
			kind  error
		}{
			{"scale what is not there", func() error { return s.Scale(t.Context(), "nobody", 1) }, function.ErrNotFound},
			{"wake what is not there", func() error { return s.Wake(t.Context(), "nobody") }, function.ErrNotFound},
			{"below zero", func() error { return s.Scale(t.Context(), "resize", -1) }, function.ErrInvalid},
			{"far too many", func() error { return s.Scale(t.Context(), "resize", 10_001) }, function.ErrInvalid},
			{"no name", func() error { return s.Wake(t.Context(), "") }, function.ErrInvalid},
			{"run it twice", func() error {
				if s.Run(t.Context()) == nil {
					return nil
				}
				return function.ErrConflict
			}, function.ErrConflict},
			{"not running any more", func() error { stop(); return s.Scale(t.Context(), "resize", 1) }, function.ErrUnavailable},
		} {
			if err := tt.order(); !errors.Is(err, tt.kind) {
				t.Errorf("%s: error %v, want %v", tt.name, err, tt.kind)
			}
		}
		synctest.Wait()
		if code := post(t, s, body(time.Now(), "firing 1")); code != 503 {
			t.Errorf("webhook of a stopped scaler: status %d, want 503", code)
		}
	})
}

func TestReadyAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		b.scale = func(_ context.Context, name string, n int) error {
			time.Sleep(100 * time.Millisecond)
			return b.set(name, n, 1)
		}
		s, _ := start(t, Options{Backend: b})
		post(t, s, body(time.Now(), "firing 4 up 300ms"))
		for _, available := range []int{2, 3, 4} {
			time.Sleep(time.Second)
			if err := b.set("resize", 4, available); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		e := s.decisions.find(query{limit: 1, all: true}).events[0]
		if e.ReadyAfter == nil || *e.ReadyAfter != 3 {
			t.Errorf("ready after %v, want 3 s", e.ReadyAfter)
		}
		if e.Duration != .1 {
			t.Errorf("the call took %v s, want 0.1", e.Duration)
		}
	})
}

func TestOwnersEndWithTheirFunctions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize", "cat")
		s, _ := start(t, Options{Backend: b})
		for _, name := range []string{"resize", "cat"} {
			if err := s.Scale(t.Context(), name, 2); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Scale(t.Context(), "nobody", 2); err == nil {
			t.Error("scaled nobody")
		}
		if err := b.remove("cat"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(s.owners) != 1 || s.owners["resize"] == nil {
			t.Errorf("owners %v, want only that of resize", s.owners)
		}
	})
}

// TestRace has alerts, wakes, manual orders, changes of the backend and readers at once on one function, and wants
// the count within bounds and every caller answered.
func TestRace(t *testing.T) {
	b := functions(0, "resize")
	fails := 0
	b.scale = func(_ context.Context, name string, n int) error {
		b.mu.Lock()
		fails++
		failing := fails%5 == 0
		b.mu.Unlock()
		if failing {
			return errBackend
		}
		return b.set(name, n, n)
	}
	s, stop := start(t, Options{Backend: b, RetryDelay: time.Millisecond, LogSize: 100})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 50 {
				var err error
				switch (i + k) % 4 {
				case 0:
					post(t, s, body(time.Now(), fmt.Sprintf("firing %d", k), "firing -", "resolved 3"))
				case 1:
					err = s.Wake(t.Context(), "resize")
				case 2:
					err = s.Scale(t.Context(), "resize", k%20)
				case 3:
					s.decisions.find(query{function: "resize", limit: 5})
				}
				if err != nil && !errors.Is(err, function.ErrConflict) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stop()
	for _, n := range b.scaled() {
		if n < 0 || n > 20 {
			t.Errorf("asked the backend for %d", n)
		}
	}
}
