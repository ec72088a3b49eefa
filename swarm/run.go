package swarm

import (
	"context"
	"errors"
	"time"

	"faas/function"
)

// Run follows the Swarm until ctx ends, and returns nil once all that it started has ended. While Docker cannot be
// reached it goes on with what it knows, and says so. It can be run once.
func (b *Backend) Run(ctx context.Context) error {
	if !b.started.CompareAndSwap(false, true) {
		return errors.New("run the swarm backend: it ran already")
	}
	defer close(b.ended)
	defer b.engine.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.ctx = ctx
	defer b.work.Wait()
	b.reader.everything()
	b.background(func() { b.reader.run(ctx) })
	b.background(func() { b.followEvents(ctx) })
	b.background(func() { b.careSecrets(ctx) })
	b.own(ctx)
	return nil
}

// own owns the state until ctx ends.
func (b *Backend) own(ctx context.Context) {
	s := newState(b)
	resync := time.NewTicker(b.timing.resync)
	defer resync.Stop()
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case change := <-b.changes:
			change(s, time.Now())
		case <-resync.C:
			b.reader.everything()
		case <-look.C:
		}
		now := time.Now()
		if !s.looking && s.servicesRead {
			if which, due := s.due(now); due {
				s.looking = true
				b.background(func() { b.lookAtTasks(ctx, which) })
			}
		}
		if s.servicesRead && s.tasksRead {
			s.publish(now)
			b.open()
		}
		look.Reset(s.untilNext(now))
	}
}

// tell hands the state's goroutine something to do. It waits until that is taken, not until it is done.
func (b *Backend) tell(change func(*state, time.Time)) {
	select {
	case b.changes <- change:
	case <-b.ctx.Done():
	}
}

// shown tells the state something and waits until the board shows it.
func (b *Backend) shown(ctx context.Context, change func(*state, time.Time)) {
	done := make(chan struct{})
	b.tell(func(s *state, now time.Time) {
		change(s, now)
		s.publish(now)
		close(done)
	})
	select {
	case <-done:
	case <-ctx.Done():
	case <-b.ended:
	}
}

// background runs something that ends with Run.
func (b *Backend) background(do func()) { b.work.Go(do) }

// open lets readers at the board, which shows all that there is.
func (b *Backend) open() {
	select {
	case <-b.loaded:
	default:
		snap, _ := b.board.Current()
		b.opts.Log.Info("swarm read", "functions", len(snap.Functions), "network", b.network.Load().Name)
		close(b.loaded)
	}
}

// reachable notes whether Docker answered, and tells of each change.
func (b *Backend) reachable(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	up := err == nil || errors.Is(err, function.ErrNotFound)
	b.metrics.apiUp(up)
	b.mu.Lock()
	was, first := b.up, !b.upKnown
	text := ""
	if err != nil {
		text = err.Error()
	}
	same := b.upKnown && was == up && b.fault == text
	b.up, b.upKnown, b.fault = up, true, text
	b.mu.Unlock()
	switch {
	case same:
	case !up:
		b.opts.Log.Warn("swarm cannot be read, functions are served as they were last seen", "err", err)
	case !was && !first:
		b.opts.Log.Info("swarm can be read again")
	}
}
