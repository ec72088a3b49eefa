package local

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"faas/function"
	"faas/internal/board"
)

// supervisor owns every function and slot. One goroutine runs it and all its methods; others reach it
// by ops and events, and read what it published on the board.
type supervisor struct {
	log     *slog.Logger
	notice  func(subject, text string)
	metrics *metrics
	timing  timing
	board   *board.Board
	node    string
	// launch runs a replica and returns when it is gone.
	launch func(*replica, chan<- event)
	// measure reads the memory of processes, by the watchdog's process ID.
	measure func([]int) map[int]int64
	// save keeps the state and closes the channel when it is kept.
	save func(state) <-chan struct{}
	// forget takes away what a function has on disk once nothing of it is left.
	forget func(name string)

	functions map[string]*deployed
	leaving   []*deployed             // removed, with replicas that still drain
	parked    map[string]keptFunction // of an earlier run, and cannot run now
	// secrets has the version of each secret that there is, from 1 on. No two values of any have had the same one.
	secrets       map[string]int
	secretVersion int // the newest
	events        chan event
	usage         chan map[int]int64
	measuring     bool
	scans         int // ticks that were or could have been measurements
	alive         int // replicas that are not gone
	stopping      bool
	changed       bool // the board is behind
	tasks         sync.WaitGroup
}

// op is a request of the API's or of the stack file's, answered once its effect is on the board.
type op struct {
	do    func(*supervisor, time.Time) error
	reply chan error
}

// run serves ops until ctx ends, then drains every replica and returns.
func (s *supervisor) run(ctx context.Context, ops <-chan op) {
	scan := time.NewTicker(s.timing.scanInterval)
	defer scan.Stop()
	restart := time.NewTimer(0)
	defer restart.Stop()
	done := ctx.Done()
	for !s.stopping || s.alive > 0 || s.measuring {
		var answer chan<- error
		var result error
		select {
		case <-done:
			done = nil
			s.shutdown()
		case o := <-ops:
			answer = o.reply
			if s.stopping {
				result = function.Unavailablef("the local backend is shutting down")
			} else {
				result = o.do(s, time.Now())
			}
		case e := <-s.events:
			s.handle(e, time.Now())
		case used := <-s.usage:
			s.measuring = false
			s.enforce(used)
		case <-scan.C:
			s.startMeasure()
		case <-restart.C:
		}
		if next := s.reconcile(time.Now()); !next.IsZero() {
			restart.Reset(time.Until(next))
		}
		s.publish()
		if answer != nil {
			answer <- result
		}
	}
	s.tasks.Wait()
}

// shutdown stops every replica, without a change of the desired counts, which the next run needs.
func (s *supervisor) shutdown() {
	s.stopping = true
	for _, d := range append(slices.Collect(maps.Values(s.functions)), s.leaving...) {
		for _, sl := range d.slots {
			sl.retired = true
			s.stop(sl, stop{reason: exitDrained, limit: min(sl.spec.drain, s.timing.shutdownTimeout)})
		}
	}
}

// stop tells a slot's replica to end. One in a slot that waits does not exist.
func (s *supervisor) stop(sl *slot, order stop) {
	if sl.replica == nil {
		return
	}
	if sl.state != function.ReplicaFailed {
		sl.state = function.ReplicaDraining
	}
	s.changed = true
	sl.replica.stops <- order
}

// retire drains a slot for good. A replica that was ready gets time first, in which readers of the
// board stop sending to it.
func (s *supervisor) retire(sl *slot) {
	if sl.retired {
		return
	}
	order := stop{reason: exitDrained, limit: sl.spec.drain}
	if sl.ready() {
		order.settle = s.timing.drainSettle
	}
	sl.retired = true
	s.stop(sl, order)
}

// reconcile makes the slots of every function what plan wants, and starts those whose time has come. It
// returns when the next one's comes; zero: none waits.
func (s *supervisor) reconcile(now time.Time) (next time.Time) {
	if s.stopping {
		s.dropEmpty()
		return time.Time{}
	}
	for _, d := range s.functions {
		add, retire := d.plan()
		for range add {
			d.slots = append(d.slots, &slot{number: s.freeNumber(d), generation: d.generation, spec: d.spec})
		}
		for _, sl := range retire {
			s.retire(sl)
		}
		waits := len(d.spec.missingSecrets()) > 0 // until setSecret
		for _, sl := range d.slots {
			switch {
			case sl.retired || sl.replica != nil || waits:
			case !sl.restartAt.After(now):
				s.start(d, sl, now)
			case next.IsZero() || sl.restartAt.Before(next):
				next = sl.restartAt
			}
		}
	}
	s.dropEmpty()
	return next
}

// freeNumber is the lowest slot number that no slot of the function's name has, removed ones included.
func (s *supervisor) freeNumber(d *deployed) int {
	used := map[int]bool{}
	for _, other := range append(slices.Clone(s.leaving), d) {
		if other.function.Name == d.function.Name {
			for _, sl := range other.slots {
				used[sl.number] = true
			}
		}
	}
	n := 1
	for used[n] {
		n++
	}
	return n
}

// dropEmpty forgets retired slots without a replica, and removed functions without slots.
func (s *supervisor) dropEmpty() {
	empty := func(sl *slot) bool { return sl.retired && sl.replica == nil }
	for _, d := range s.functions {
		d.slots = slices.DeleteFunc(d.slots, empty)
	}
	var gone []string
	s.leaving = slices.DeleteFunc(s.leaving, func(d *deployed) bool {
		d.slots = slices.DeleteFunc(d.slots, empty)
		if len(d.slots) == 0 {
			gone = append(gone, d.function.Name)
		}
		return len(d.slots) == 0
	})
	for _, name := range gone {
		named := func(d *deployed) bool { return d.function.Name == name }
		if s.functions[name] == nil && !slices.ContainsFunc(s.leaving, named) {
			s.metrics.removed(name)
			s.forget(name)
		}
	}
}

func (s *supervisor) start(d *deployed, sl *slot, now time.Time) {
	r := newReplica(d, sl)
	sl.replica, sl.state, sl.startedAt = r, function.ReplicaStarting, now
	sl.addr, sl.metrics, sl.pid, sl.stopping = "", "", 0, false
	sl.stumbles = false
	s.alive++
	s.changed = true
	s.tasks.Go(func() { s.launch(r, s.events) })
}

func (s *supervisor) publish() {
	if !s.changed {
		return
	}
	s.changed = false
	list := make([]function.Status, 0, len(s.functions))
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		list = append(list, s.functions[name].status(s.node))
	}
	s.board.Publish(list)
}

// state is what is to be kept of the present.
func (s *supervisor) state() state {
	st := newState()
	maps.Copy(st.Functions, s.parked)
	for name, d := range s.functions {
		kept := keptFunction{Desired: d.desired, CreatedAt: d.createdAt}
		if d.fromStack {
			kept.Min, kept.Tuned = new(d.scaling.Min), d.tuned
		} else {
			kept.Function = keep(d.function)
		}
		st.Functions[name] = kept
	}
	return st
}
