package watchdog

import (
	"context"
	"log/slog"
	"time"
)

const (
	// refillDelay is how long a pool waits after a process could not be started.
	refillDelay = time.Second
	// refillPause is how long a pool that is half full waits before it starts the next one, so that this does not take the
	// processor from the request that has just taken one.
	refillPause = 2 * time.Millisecond
)

// A pool keeps processes that are started and wait on standard input, so that
// their start-up is off the request path.
type pool struct {
	start func() (*process, error)
	ready chan *process // one less than the pool: the last waits in run
	drop  func(*process)
	log   *slog.Logger
}

func newPool(size int, procs *children, cmd command, log *slog.Logger) *pool {
	return &pool{
		start: func() (*process, error) { return procs.start(cmd, nil) },
		ready: make(chan *process, size-1),
		drop: func(p *process) {
			p.discard()
			procs.remove(p)
		},
		log: log,
	}
}

// run keeps the pool full until ctx ends, and then ends what is in it.
func (p *pool) run(ctx context.Context) {
	defer p.empty()
	full := false
	for ctx.Err() == nil {
		if full && len(p.ready) >= cap(p.ready)/2 {
			time.Sleep(refillPause)
		}
		proc, err := p.start()
		if err != nil {
			p.log.Error("pool cannot start the function", "err", err)
			select {
			case <-time.After(refillDelay):
			case <-ctx.Done():
			}
			continue
		}
		full = len(p.ready) == cap(p.ready)
		select {
		case p.ready <- proc:
		case <-ctx.Done():
			p.drop(proc)
		}
	}
}

// take returns a process that is alive: one of the pool, or a new one when there is none.
func (p *pool) take() (*process, error) {
	for {
		select {
		case proc := <-p.ready:
			if !hasExited(proc.pid) {
				return proc, nil
			}
			p.drop(proc)
		default:
			return p.start()
		}
	}
}

func (p *pool) empty() {
	for {
		select {
		case proc := <-p.ready:
			p.drop(proc)
		default:
			return
		}
	}
}
