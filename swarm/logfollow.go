package swarm

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"faas/function"
)

// logBurst is how many lines that have come are put in order before they are emitted.
const logBurst = 64

// follower follows the logs of a function's tasks, each in a goroutine of its own.
type follower struct {
	*logView
	readers sync.WaitGroup
	lines   chan function.LogLine
	alive   map[string]context.CancelFunc // tells the reader of a task that the task has ended
}

// follow emits what is written from where each log was read to, until the function is removed.
//
//	board ──something changed──▶ look: which tasks are there? ──▶ a reader a task ──lines──▶ in order ──▶ emit
func (v *logView) follow(ctx context.Context, emit func(function.LogLine) error) error {
	ctx, cancel := context.WithCancel(ctx)
	f := &follower{logView: v, lines: make(chan function.LogLine, logBurst), alive: map[string]context.CancelFunc{}}
	defer f.readers.Wait()
	defer cancel()
	for _, l := range v.known {
		if !l.over || l.missed {
			f.start(ctx, l)
		}
	}
	var due time.Time
	next := time.NewTimer(0)
	defer next.Stop()
	lookIn := func(d time.Duration) {
		due = time.Now().Add(d)
		next.Reset(d)
	}
	pause := v.b.timing.fast
	shown, changed := f.board()
	for {
		select {
		case line := <-f.lines:
			if err := f.emit(line, emit); err != nil {
				return err
			}
		case <-changed:
			was := shown
			if shown, changed = f.board(); shown == was {
				continue
			}
			pause = v.b.timing.fast
			if time.Until(due) > pause { // changes come in flocks
				lookIn(pause)
			}
		case <-next.C:
			converging, err := f.look(ctx)
			if isNotFound(err) {
				return nil
			}
			if !converging && err == nil {
				lookIn(v.b.timing.resync)
				continue
			}
			pause = min(2*pause, v.b.timing.slow)
			lookIn(pause)
		case <-v.b.ended:
			return function.Unavailablef("the swarm backend has ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// board is what the board shows of the function's replicas, and a channel that is closed when it shows anything else.
func (f *follower) board() (shown string, changed <-chan struct{}) {
	snap, changed := f.b.board.Current()
	for _, st := range snap.Functions {
		if st.Name != f.query.Name {
			continue
		}
		shown = st.CreatedAt.String()
		for _, r := range st.Replicas {
			shown += " " + r.ID + r.Node + string(r.State)
		}
	}
	return shown, changed
}

// emit emits a line, and those that have come meanwhile in their order.
func (f *follower) emit(first function.LogLine, emit func(function.LogLine) error) error {
	burst := []function.LogLine{first}
	for more := true; more && len(burst) < logBurst; {
		select {
		case line := <-f.lines:
			burst = append(burst, line)
		default:
			more = false
		}
	}
	slices.SortStableFunc(burst, byTime)
	for _, line := range burst {
		if err := emit(line); err != nil {
			return err
		}
	}
	return nil
}

// look takes in new tasks and takes leave of those that ended. It reports whether a task is about to get a log.
func (f *follower) look(ctx context.Context) (converging bool, err error) {
	tasks, found, err := f.logView.look(ctx)
	if err != nil {
		return false, err
	}
	for _, l := range found {
		f.start(ctx, l)
	}
	living := map[string]bool{}
	for i := range tasks {
		t := &tasks[i]
		living[t.api.ID] = !t.dead()
		converging = converging || t.wanted() && !t.hasLog()
	}
	for id, ended := range f.alive {
		if !living[id] {
			ended()
			delete(f.alive, id)
		}
	}
	return converging, nil
}

func (f *follower) start(ctx context.Context, l *taskLog) {
	if l.missed && f.query.Tail > 0 { // what there was is not to come now
		l.floor = later(l.floor, f.begun)
	}
	life, ended := context.WithCancel(ctx)
	if f.alive[l.task] = ended; l.over {
		ended()
	}
	f.readers.Go(func() {
		defer ended()
		f.run(ctx, life, l)
	})
}

// run reads what a task writes for as long as it lives, and then what is left of it. A break is not the end: that is
// when Docker knows no more of the task.
func (f *follower) run(ctx, life context.Context, l *taskLog) {
	streaming, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(life, func() {
		// What is on its way may be all that is left, when the container goes with the task.
		time.AfterFunc(f.b.timing.logLinger, stop)
	})()
	send := func(line function.LogLine) error {
		select {
		case f.lines <- line:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	retry := backoff{first: f.b.timing.retry, most: f.b.timing.retryMax}
	for ctx.Err() == nil {
		begun := time.Now()
		var err error
		if life.Err() == nil {
			err = l.follow(streaming, f.b.logs, f.b.timing.logSilence, send)
		} else if err = l.rest(ctx, f.b.logs, f.b.timing.logIdle, send); err == nil || isNotFound(err) {
			return
		}
		if streaming.Err() != nil && life.Err() != nil && errors.Is(err, context.Canceled) || errors.Is(err, errIdle) {
			continue // with the rest, or anew
		}
		f.b.opts.Log.Debug("a replica's log broke off, read on", "function", f.query.Name, "replica", l.instance, "err", err)
		if time.Since(begun) > f.b.timing.retryMax {
			retry.reset()
		}
		if life.Err() == nil {
			retry.wait(life) // its end is reason not to
		} else {
			retry.wait(ctx)
		}
	}
}
