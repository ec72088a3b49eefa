package watchdog

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

const (
	// routedPoll is how often a draining watchdog looks whether a client is left.
	routedPoll = 20 * time.Millisecond
	// termGrace is how long the processes of overdue invocations get after SIGTERM.
	termGrace = 2 * time.Second
)

var errUndrained = errors.New("requests were still in flight at the end of the drain")

// drain brings a watchdog to rest in steps: unready, still taking requests
// while a client is connected, then none, then nothing in flight.
func (w *Watchdog) drain(ctx context.Context, server httpServer) error {
	w.handler.draining.Store(true)
	err := w.lock.remove()
	w.opts.Log.Info("watchdog draining", "in_flight", w.inflight.count(), "connections", w.conns.Load())
	w.awaitRouted(ctx)

	if limit := w.opts.Config.timeout(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit+answerGrace, errUndrained)
		defer cancel()
	}
	// Shutdown does not know of WebSockets; the count of invocations does.
	if shut := server.Shutdown(ctx); shut != nil {
		shut = fmt.Errorf("stop taking requests: %w", context.Cause(ctx))
		err = errors.Join(err, shut)
	}
	if idle := w.inflight.wait(ctx); idle != nil {
		err = errors.Join(err, fmt.Errorf("finish %d invocations: %w", w.inflight.count(), idle))
	}
	if err != nil && w.opts.Config.forks() {
		w.endForks(ctx)
	}
	return err
}

// awaitRouted goes on for as long as the health-check interval, or until no
// client is connected: whoever routes requests here keeps a connection open,
// and until it knows of the drain it may use it.
func (w *Watchdog) awaitRouted(ctx context.Context) {
	interval := time.NewTimer(w.opts.Config.HealthcheckInterval)
	defer interval.Stop()
	poll := time.NewTicker(routedPoll)
	defer poll.Stop()
	for w.conns.Load() > 0 || w.inflight.count() > 0 {
		select {
		case <-poll.C:
		case <-interval.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// endForks ends the processes of invocations that are overdue.
func (w *Watchdog) endForks(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), termGrace)
	defer cancel()
	w.procs.signal(syscall.SIGTERM)
	_ = w.inflight.wait(ctx) // either way what is left is killed
	w.procs.signal(syscall.SIGKILL)
}
