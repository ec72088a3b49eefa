package overload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"faas/internal/alerting"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is a Watcher at work, in virtual time, and what it pushed.
type scene struct {
	t       *testing.T
	watcher *Watcher
	began   time.Time
	log     bytes.Buffer
	reg     *prometheus.Registry

	mu    sync.Mutex
	posts []post
	fails error                           // what pushes fail with
	hang  func(ctx context.Context) error // called in each push
}

type post struct {
	at     time.Duration // since the scene began
	alerts []alerting.Alert
}

// String is one line: the time, and each alert's function and count.
func (p post) String() string {
	line := fmt.Sprintf("%dms", p.at.Milliseconds())
	for _, a := range p.alerts {
		line += " " + a.Labels["function_name"] + "=" + a.Labels["replicas"]
	}
	return line
}

// Push implements Pusher.
func (s *scene) Push(ctx context.Context, alerts ...alerting.Alert) error {
	s.mu.Lock()
	s.posts = append(s.posts, post{time.Since(s.began), alerts})
	fails, hang := s.fails, s.hang
	s.mu.Unlock()
	if hang != nil {
		return hang(ctx)
	}
	return fails
}

func (s *scene) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

func (s *scene) pushed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, p := range s.posts {
		lines = append(lines, p.String())
	}
	return lines
}

func (s *scene) wantPushes(want ...string) {
	s.t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, s.pushed()); diff != "" {
		s.t.Errorf("pushes (-want +got):\n%s", diff)
	}
}

// play runs test with a Watcher, in virtual time.
func play(t *testing.T, test func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, began: time.Now(), reg: prometheus.NewRegistry()}
		s.watcher = New(Options{Pusher: s, Log: slog.New(slog.NewTextHandler(&s.log, nil)), Registerer: s.reg})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.watcher.Run(ctx) }()
		test(s)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

// busy is a function under test. It has one replica of 4 slots; set changes its load.
type busy struct {
	*Function
	mu   sync.Mutex
	load Load
	told int // the last wish
}

func (s *scene) function(name string) *busy {
	b := &busy{load: Load{Usable: 1, Desired: 1, Slots: 4, Max: 20}}
	b.Function = s.watcher.Watch(name, func() Load {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.load
	}, func(_ time.Time, n int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = n
	})
	return b
}

func (b *busy) set(change func(*Load)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.load)
}

// hold adds n held requests.
func (b *busy) hold(n int) {
	for range n {
		b.set(func(l *Load) { l.Held++; l.Inflight = l.Held + l.Usable*l.Slots })
		b.Held()
	}
}

// idle ends all requests.
func (b *busy) idle() { b.set(func(l *Load) { l.Held, l.Inflight = 0, 0 }) }

// wantTold wants the last wish to be n, and forgets it.
func (b *busy) wantTold(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told != want {
		t.Errorf("told %d, want %d", b.told, want)
	}
	b.told = 0
}

func TestFirstPushComesAtOnce(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		f.hold(15)
		time.Sleep(Gather)
		s.wantPushes("3ms resize=5")
		want := alerting.Alert{
			Labels: map[string]string{
				"alertname": "FunctionOverload", "function_name": "resize", "replicas": "5", "direction": "up",
			},
			Annotations: map[string]string{"signal": "overload", "reason": "19 in flight, 1 replica × 4 slots, 15 held"},
			StartsAt:    time.Now(), EndsAt: time.Now().Add(10 * time.Second),
		}
		if diff := cmp.Diff(want, s.posts[0].alerts[0]); diff != "" {
			t.Errorf("alert (-want +got):\n%s", diff)
		}
		f.wantTold(t, 5)
	})
}

// The figure that is promised: 20 functions with 50 requests each that come to be held over a second.
func TestPushesAreFew(t *testing.T) {
	play(t, func(s *scene) {
		var functions []*busy
		for i := range 20 {
			functions = append(functions, s.function(fmt.Sprintf("f%02d", i)))
		}
		for range 50 {
			for _, f := range functions {
				f.hold(1)
				time.Sleep(time.Millisecond)
			}
		}
		synctest.Wait()
		if posts := s.pushed(); len(posts) > 5 || len(posts) < 4 {
			t.Errorf("%d pushes in a second: want at most 5\n%s", len(posts), strings.Join(posts, "\n"))
		}
		time.Sleep(Interval)
		synctest.Wait()
		last := map[string]string{}
		for _, p := range s.posts {
			for _, a := range p.alerts {
				last[a.Labels["function_name"]] = a.Labels["replicas"]
			}
		}
		for _, f := range functions {
			if last[f.name] != "14" {
				t.Errorf("%s was last pushed as %q, want 14 for 54 in flight", f.name, last[f.name])
			}
		}
	})
}

func TestOnlyNewsIsPushed(t *testing.T) {
	play(t, func(s *scene) {
		a, b := s.function("a"), s.function("b")
		a.hold(1)
		time.Sleep(100 * time.Millisecond)
		a.hold(4) // more: with the next
		time.Sleep(200 * time.Millisecond)
		b.hold(1) // within a pause
		time.Sleep(time.Second)
		a.set(func(l *Load) { l.Held, l.Inflight = 1, 5 }) // fewer: what was pushed stands
		time.Sleep(time.Second)
		s.wantPushes("3ms a=2", "253ms a=3", "503ms b=2")
	})
}

func TestStandingWishIsRepeated(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("frozen")
		f.hold(1)
		time.Sleep(11 * time.Second)
		s.wantPushes("3ms frozen=2", "5003ms frozen=2", "10003ms frozen=2")
		if first, last := s.posts[0].alerts[0], s.posts[2].alerts[0]; !first.StartsAt.Equal(last.StartsAt) ||
			last.EndsAt.Sub(first.EndsAt) != 10*time.Second {
			t.Errorf("first %+v, last %+v: want one start, and ends 10 s apart", first, last)
		}
	})
}

func TestWishIsRememberedAndForgotten(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		f.hold(15)
		time.Sleep(Gather)
		synctest.Wait()
		f.idle()
		f.wantTold(t, 5)
		time.Sleep(9 * time.Second)
		f.hold(1) // 5 stand
		time.Sleep(1100 * time.Millisecond)
		f.wantTold(t, 2)
		f.idle()
		time.Sleep(11 * time.Second)
		f.wantTold(t, 0)
		f.hold(1)
		time.Sleep(100 * time.Millisecond)
		s.wantPushes("3ms resize=5", "9006ms resize=2", "21106ms resize=2")
	})
}

// A push that failed must not keep a smaller wish back, which is all that is needed since.
func TestSmallerWishAfterAFailedPush(t *testing.T) {
	for _, c := range []struct {
		name string
		took time.Duration // by the push that fails
		want []string
	}{
		{"it is refused", 0, []string{"3ms resize=5", "253ms resize=5", "503ms resize=5", "753ms resize=5", "1003ms resize=5", "1253ms resize=4"}},
		{"it hangs", 2 * time.Second, []string{"3ms resize=5", "2023ms resize=4"}},
		{"it hangs as long as it may", time.Minute, []string{"3ms resize=5", "3023ms resize=4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, func(s *scene) {
				s.hang = func(ctx context.Context) error {
					if time.Since(s.began) > 1100*time.Millisecond {
						return nil
					}
					select {
					case <-time.After(c.took):
					case <-ctx.Done():
					}
					return errors.New("no answer")
				}
				f := s.function("resize")
				f.hold(15)
				time.Sleep(100 * time.Millisecond)
				f.set(func(l *Load) { l.Held, l.Inflight = 11, 15 })
				time.Sleep(4 * time.Second)
				s.wantPushes(c.want...)
			})
		})
	}
}

// Nor does one that waited for the end of another's push, or is due again.
func TestSmallerWishThatIsDue(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		f.hold(15)
		time.Sleep(100 * time.Millisecond)
		f.set(func(l *Load) { l.Held, l.Inflight = 11, 15 })
		time.Sleep(10 * time.Second)
		s.wantPushes("3ms resize=5", "5003ms resize=4", "10003ms resize=4")
	})
}

// A smaller wish than the last is news once somebody has lowered the count.
func TestLoweredCountEndsAWish(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		f.hold(15)
		time.Sleep(Gather)
		synctest.Wait()
		f.set(func(l *Load) { l.Desired = 5 })
		time.Sleep(900 * time.Millisecond)
		f.set(func(l *Load) { l.Desired, l.Held, l.Inflight = 1, 3, 7 })
		time.Sleep(time.Second)
		s.wantPushes("3ms resize=5", "1003ms resize=2")
	})
}

func TestSatisfiedWishIsNotPushed(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		f.hold(15)
		time.Sleep(Gather)
		synctest.Wait()
		f.set(func(l *Load) { l.Desired = 5 }) // it is on its way; the 15 are held until then
		time.Sleep(8 * time.Second)
		s.wantPushes("3ms resize=5")
	})
}

func TestWakeIsNoOverloadUntilAReplicaIsThere(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("sleeper")
		f.set(func(l *Load) { l.Desired, l.Usable = 0, 0 })
		f.hold(15)
		time.Sleep(300 * time.Millisecond)
		f.set(func(l *Load) { l.Desired = 1 })
		f.Changed()
		time.Sleep(300 * time.Millisecond)
		s.wantPushes()
		f.set(func(l *Load) { l.Usable = 1 })
		f.Changed()
		time.Sleep(Breath)
		s.wantPushes("603ms sleeper=4")
	})
}

func TestAlertmanagerAway(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		s.failWith(errors.New("connection refused"))
		f.hold(15)
		time.Sleep(time.Second)
		s.failWith(nil)
		time.Sleep(time.Second)
		s.wantPushes("3ms resize=5", "253ms resize=5", "503ms resize=5", "753ms resize=5", "1003ms resize=5")
		if got := s.log.String(); strings.Count(got, "\n") != 2 || strings.Count(got, "connection refused") != 1 || !strings.Contains(got, "again\"") {
			t.Errorf("logged\n%swant a line when it began and one when it ended", got)
		}
		f.wantTold(t, 5)
		err := testutil.GatherAndCompare(s.reg, strings.NewReader(`
			# HELP gateway_overload_pushes_total Pushes of FunctionOverload to Alertmanager, each with all functions that had something to say, by outcome (accepted, failed).
			# TYPE gateway_overload_pushes_total counter
			gateway_overload_pushes_total{outcome="accepted"} 1
			gateway_overload_pushes_total{outcome="failed"} 4
		`))
		if err != nil {
			t.Error(err)
		}
		if problems, err := testutil.GatherAndLint(s.reg); err != nil || len(problems) > 0 {
			t.Errorf("%v %v", problems, err)
		}
	})
}

// A burst that is over when its push failed is pushed again while it is news, and not for ever.
func TestFailedPushOfABurst(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		s.failWith(errors.New("connection refused"))
		f.hold(15)
		time.Sleep(10 * time.Millisecond)
		f.idle()
		time.Sleep(5 * time.Second)
		s.wantPushes("3ms resize=5", "253ms resize=5", "503ms resize=5", "753ms resize=5", "1003ms resize=5")
	})
}

func TestAlertmanagerThatHangs(t *testing.T) {
	play(t, func(s *scene) {
		s.hang = func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
		a, b := s.function("a"), s.function("b")
		a.hold(1)
		time.Sleep(10 * time.Millisecond)
		b.hold(1)
		time.Sleep(30 * time.Millisecond)
		b.wantTold(t, 2) // nobody waits for Alertmanager to see this
		time.Sleep(pushTimeout)
		s.wantPushes("3ms a=2", "3003ms a=2 b=2")
	}) // and Run ends, since the push ends with it
}

func TestWithoutAlertmanager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, watcher: New(Options{})}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = s.watcher.Run(ctx) }() // it ends with the test
		f := s.function("resize")
		f.hold(15)
		time.Sleep(Gather)
		synctest.Wait()
		f.wantTold(t, 5)
	})
}

// Requests that come to be held just when a look finds none must not be overlooked.
func TestNoHeldRequestIsOverlooked(t *testing.T) {
	play(t, func(s *scene) {
		f := s.function("resize")
		for i := range 200 {
			f.hold(1)
			time.Sleep(time.Duration(i%50) * time.Millisecond)
			f.idle()
			time.Sleep(time.Duration(i%7) * time.Millisecond)
		}
		f.hold(50)
		time.Sleep(Interval)
		f.wantTold(t, 14)
		if last := s.posts[len(s.posts)-1]; !strings.HasSuffix(last.String(), " resize=14") {
			t.Errorf("last push %s, want 14", last)
		}
	})
}

func TestWish(t *testing.T) {
	full := Load{Inflight: 31, Held: 15, Usable: 4, Desired: 4, Slots: 4, Max: 20}
	for _, c := range []struct {
		name   string
		change func(*Load)
		want   int
	}{
		{"all slots taken", func(*Load) {}, 8},
		{"bounded", func(l *Load) { l.Max = 6 }, 6},
		{"enough are on their way", func(l *Load) { l.Desired = 8 }, 0},
		{"not enough are on their way", func(l *Load) { l.Desired = 7 }, 8},
		{"nobody waits", func(l *Load) { l.Held = 0 }, 0},
		{"no replica is ready, or none answers", func(l *Load) { l.Usable = 0 }, 0},
		{"asleep", func(l *Load) { l.Desired = 0 }, 0},
		{"no bound", func(l *Load) { l.Slots = 0 }, 0},
		{"gone", func(l *Load) { *l = Load{} }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := full
			c.change(&l)
			if got := l.Wish(); got != c.want {
				t.Errorf("%+v: %d, want %d", l, got, c.want)
			}
		})
	}
}

func TestHeldIsFree(t *testing.T) {
	f := New(Options{}).Watch("resize", func() Load { return Load{Held: 1} }, nil)
	f.Held()
	if n := testing.AllocsPerRun(1000, f.Held); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkHeld(b *testing.B) {
	f := New(Options{}).Watch("resize", func() Load { return Load{Held: 1} }, nil)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			f.Held()
		}
	})
}
