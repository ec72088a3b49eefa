package local

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/internal/board"
)

// sim is a supervisor whose replicas are played by the test, in virtual time.
type sim struct {
	*supervisor
	t     *testing.T
	ops   chan op
	log   *logBuffer
	began time.Time

	mu       sync.Mutex // against replicas that are launched at the same moment; a play waits for them
	replicas []*actor
}

// actor is a replica on this stage: it starts when it is told to and stops when it is asked to.
type actor struct {
	*replica
	at     time.Duration // when it was launched
	say    chan event
	orders []stop
	gone   bool
}

// simulate runs play beside a supervisor in a bubble of its own.
func simulate(t *testing.T, play func(*sim)) {
	synctest.Test(t, func(t *testing.T) {
		s := &sim{t: t, ops: make(chan op), log: &logBuffer{}, began: time.Now()}
		s.supervisor = &supervisor{
			log: slog.New(slog.NewTextHandler(s.log, nil)), metrics: newMetrics(nil), timing: defaultTiming(),
			board: board.New(), node: "node", launch: s.launch,
			measure:   func([]int) map[int]int64 { return nil },
			save:      func(state) <-chan struct{} { return nil },
			forget:    func(string) {},
			functions: map[string]*deployed{}, notice: func(string, string) {},
			events: make(chan event), usage: make(chan map[int]int64),
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.run(ctx, s.ops)
		}()
		play(s)
		cancel()
		<-ended
	})
}

// launch plays a replica: it passes on what the test has it say, and dies when it is stopped.
func (s *sim) launch(r *replica, events chan<- event) {
	a := &actor{replica: r, at: time.Since(s.began), say: make(chan event)}
	s.mu.Lock()
	s.replicas = append(s.replicas, a)
	pid := 1000 + len(s.replicas)
	s.mu.Unlock()
	emit := func(e event) {
		e.replica = r
		events <- e
	}
	emit(event{kind: eventStarted, addr: fmt.Sprint("addr-", pid), pid: pid})
	for {
		select {
		case e := <-a.say:
			emit(e)
			if e.kind == eventDied {
				a.gone = true
				emit(event{kind: eventGone, lastLine: e.lastLine})
				return
			}
		case o := <-r.stops:
			a.orders = append(a.orders, o)
			if o.reason == exitDrained && o.limit > time.Minute {
				continue // a drain that lasts, until the test ends it
			}
			emit(event{kind: eventDied, reason: o.reason, text: o.text})
			a.gone = true
			emit(event{kind: eventGone})
			return
		}
	}
}

// launched are the replicas so far.
func (s *sim) launched() []*actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.replicas)
}

func (s *sim) do(what func(*supervisor, time.Time) error) {
	s.t.Helper()
	o := op{do: what, reply: make(chan error, 1)}
	s.ops <- o
	if err := <-o.reply; err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
}

func (s *sim) deploy(env ...string) {
	s.t.Helper()
	f, sp := defined(s.t, env...)
	s.do(func(sv *supervisor, now time.Time) error { return sv.deploy(f, sp, false, now) })
}

func (s *sim) update(env ...string) {
	s.t.Helper()
	f, sp := defined(s.t, env...)
	s.do(func(sv *supervisor, _ time.Time) error { return sv.update(f, sp, false) })
}

func (s *sim) scale(n int) {
	s.t.Helper()
	s.do(func(sv *supervisor, _ time.Time) error { return sv.scale("f", n) })
}

func defined(t *testing.T, env ...string) (function.Function, spec) {
	t.Helper()
	f := echo("f")
	f.Env = map[string]string{}
	for _, e := range env {
		key, value, _ := strings.Cut(e, "=")
		f.Env[key] = value
	}
	sp, err := newSpec(f, entry{})
	if err != nil {
		t.Fatal(err)
	}
	return f, sp
}

// ready makes every replica ready that lives and was not told to stop.
func (s *sim) ready() {
	for _, a := range s.launched() {
		if !a.gone && len(a.orders) == 0 {
			a.say <- event{kind: eventReady}
			synctest.Wait()
		}
	}
}

// die has the replica in a slot end on its own.
func (s *sim) die(slot int) {
	s.t.Helper()
	s.actor(slot).say <- event{kind: eventDied, reason: exitItself, text: "exit status 1", lastLine: "boom"}
	synctest.Wait()
}

// actor is the newest replica of a slot.
func (s *sim) actor(slot int) *actor {
	s.t.Helper()
	for _, a := range slices.Backward(s.launched()) {
		if a.slot == slot {
			return a
		}
	}
	s.t.Fatalf("slot %d never had a replica", slot)
	return nil
}

func (s *sim) sleep(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (s *sim) status() function.Status {
	synctest.Wait()
	snap, _ := s.board.Current()
	if len(snap.Functions) != 1 {
		s.t.Fatalf("functions: %+v", snap.Functions)
	}
	return snap.Functions[0]
}

// states are the states of the present replicas by slot.
func (s *sim) states() string {
	var list []string
	for _, r := range s.status().Replicas {
		list = append(list, strings.Split(r.ID, ".")[1]+":"+string(r.State))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (s *sim) want(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestBackoff(t *testing.T) {
	simulate(t, func(s *sim) {
		s.deploy()
		for range 4 {
			s.die(1)
			s.sleep(time.Second)
		}
		s.sleep(10 * time.Second)
		n := len(s.launched())
		s.die(1)
		if len(s.launched()) != n+1 {
			t.Error("a replica that ran for 10 s was not restarted at once")
		}
	})
	simulate(t, func(s *sim) {
		s.deploy()
		var at []time.Duration
		for range 10 {
			died := time.Since(s.began)
			n := len(s.launched())
			s.die(1)
			for len(s.launched()) == n {
				s.sleep(10 * time.Millisecond)
			}
			at = append(at, s.launched()[n].at-died)
		}
		ms := time.Millisecond
		want := []time.Duration{0, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 10_000 * ms, 10_000 * ms}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("waits before restarts (-want +got):\n%s", diff)
		}
	})
}

func TestBlocked(t *testing.T) {
	simulate(t, func(s *sim) {
		s.deploy()
		s.die(1)
		s.want("after one exit", s.status().Blocked, "")
		s.die(1)
		s.want("after two", s.status().Blocked, "f replica 1: exit status 1: boom (2 in a row)")
		s.sleep(time.Second)
		s.ready()
		s.want("when ready", s.status().Blocked, "")
	})
}

func TestScaleDownTakesTheNewest(t *testing.T) {
	simulate(t, func(s *sim) {
		s.deploy("write_timeout=10m")
		s.ready()
		s.sleep(time.Second)
		s.scale(3)
		s.ready()
		s.sleep(time.Second)
		s.scale(4)
		s.want("one starts", s.states(), "1:ready 2:ready 3:ready 4:starting")
		s.scale(2)
		s.want("the starting one and the newest drain", s.states(), "1:ready 2:ready 3:draining 4:draining")
		s.scale(3)
		s.want("none of them comes back", s.states(), "1:ready 2:ready 3:draining 4:draining 5:starting")
		if o := s.actor(3).orders; len(o) != 1 || o[0].settle != s.timing.drainSettle || o[0].limit != 10*time.Minute+watchdogEndTime {
			t.Errorf("the ready one's drain: %+v", o)
		}
		if o := s.actor(4).orders; len(o) != 1 || o[0].settle != 0 {
			t.Errorf("the starting one's drain: %+v", o)
		}
	})
}

func TestUpdateStartsFirst(t *testing.T) {
	simulate(t, func(s *sim) {
		s.deploy("write_timeout=10m")
		s.scale(2)
		s.ready()
		s.update("write_timeout=10m")
		s.want("the same again", s.states(), "1:ready 2:ready")
		s.update("write_timeout=10m", "x=1")
		s.want("new ones start", s.states(), "1:ready 2:ready 3:starting 4:starting")
		s.die(4)
		s.die(4)
		s.want("old ones serve on", s.states(), "1:ready 2:ready 3:starting")
		if got := s.status().Blocked; !strings.Contains(got, "boom") {
			t.Errorf("blocked %q", got)
		}
		s.update("write_timeout=10m", "x=2")
		s.want("the third generation", s.states(), "1:ready 2:ready 3:draining 5:starting 6:starting")
		s.actor(6).say <- event{kind: eventReady}
		s.want("one for one", s.states(), "1:ready 2:draining 3:draining 5:starting 6:ready")
		s.ready()
		s.want("done", s.states(), "1:draining 2:draining 3:draining 5:ready 6:ready")
	})
}

func TestRemoveDrainsUnseen(t *testing.T) {
	simulate(t, func(s *sim) {
		s.deploy("write_timeout=10m")
		s.ready()
		s.do(func(sv *supervisor, _ time.Time) error { return sv.remove("f") })
		if snap, _ := s.board.Current(); len(snap.Functions) != 0 {
			t.Errorf("after Remove: %+v", snap)
		}
		s.deploy()
		s.want("a new one of the name, in a slot of its own", s.states(), "2:starting")
		s.launched()[0].say <- event{kind: eventDied, reason: exitDrained}
		synctest.Wait()
		if len(s.leaving) != 0 {
			t.Error("the removed one is not forgotten")
		}
	})
}

// TestForgetsTheLastOfAName removes two functions of one name, of which the second ends first.
func TestForgetsTheLastOfAName(t *testing.T) {
	simulate(t, func(s *sim) {
		var forgotten []string
		s.forget = func(name string) { forgotten = append(forgotten, name) }
		for range 2 {
			s.deploy("write_timeout=10m")
			s.ready()
			s.do(func(sv *supervisor, _ time.Time) error { return sv.remove("f") })
		}
		s.actor(2).say <- event{kind: eventDied, reason: exitDrained}
		synctest.Wait()
		if len(forgotten) != 0 {
			t.Errorf("forgotten while the first drains: %v", forgotten)
		}
		s.actor(1).say <- event{kind: eventDied, reason: exitDrained}
		synctest.Wait()
		if diff := cmp.Diff([]string{"f"}, forgotten); diff != "" {
			t.Errorf("forgotten (-want +got):\n%s", diff)
		}
	})
}

func TestMemoryIsEnforcedOnce(t *testing.T) {
	simulate(t, func(s *sim) {
		f, sp := defined(t, "write_timeout=10m")
		f.Limits = &function.Resources{Memory: "1Mi"}
		s.measure = func(pids []int) map[int]int64 {
			used := map[int]int64{}
			for _, pid := range pids {
				used[pid] = 1 << 20 // at the limit, not over it
			}
			if len(s.launched()) == 1 {
				used[pids[0]] += 3 << 20
			}
			return used
		}
		s.do(func(sv *supervisor, now time.Time) error { return sv.deploy(f, sp, false, now) })
		s.sleep(10 * time.Second)
		if len(s.launched()) != 2 {
			t.Fatalf("%d replicas were started, want 2", len(s.launched()))
		}
		s.want("blocked", s.status().Blocked, "f replica 1: killed for using 4Mi of memory, over its limit of 1Mi")
		if got := strings.Count(s.log.String(), "over its memory limit"); got != 1 {
			t.Errorf("said %d times:\n%s", got, s.log)
		}
	})
}

func TestWatchSeesTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := board.New()
		ctx, cancel := context.WithCancel(t.Context())
		var seen []uint64
		go b.Watch(ctx, func(s function.Snapshot) {
			seen = append(seen, s.Version)
			<-time.After(time.Second) // a slow reader
		})
		for range 10 {
			<-time.After(310 * time.Millisecond)
			b.Publish(nil)
		}
		<-time.After(5 * time.Second)
		cancel()
		synctest.Wait()
		if diff := cmp.Diff([]uint64{0, 3, 6, 9, 10}, seen); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
	})
}
