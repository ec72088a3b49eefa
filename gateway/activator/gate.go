package activator

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"faas/function"
)

// recheck is how often a gate that holds requests looks again without having been told of a change: a
// quarantine that ran out, a wake that failed.
const recheck = 100 * time.Millisecond

// rewake is how long after a wake that was accepted a function may still be asleep before it is woken again: it may have
// been put to sleep between two looks.
const rewake = time.Second

// Options configure a Gate. Name is required.
type Options struct {
	// Name is the function's.
	Name string
	// Asleep tells whether the function is scaled to 0 and so must be woken. Nil: never.
	Asleep func() bool
	// Wake raises the function from 0 and returns when that was accepted. Nil: a function that is asleep
	// is not woken, and its requests are refused at once.
	Wake func(ctx context.Context, name string) error
	// MaxHeld bounds the requests held at once. Zero: 1,000.
	MaxHeld int
	// MaxHold bounds how long one is held. Zero: 60 s.
	MaxHold time.Duration
	// OnHold is called for each request that is held, once it waits. It must not block. Nil: nothing is.
	OnHold func()
	// Log gets a line for each wake and each failure of one. Nil: none.
	Log *slog.Logger
}

// Gate admits the requests of one function.
//
//	            room, nobody waits
//	request ───────────────────────────▶ admitted
//	   │ no room                            ▲
//	   └──▶ held (first in, first out) ─────┘ a replica is ready, or has room again
//	          │ └─ first one, function at 0 ─▶ Wake
//	          └──▶ gone (client left) │ refused (queue full, or held too long)
type Gate struct {
	opts Options
	held atomic.Int64 // len(queue), to be read without the lock

	mu       sync.Mutex
	queue    list.List // of *waiter
	watching bool      // the goroutine that wakes and rechecks runs
	closed   error     // set: nobody is held any more
}

// waiter is one held request. try is called under the gate's lock and must not block. Once settled is
// closed, err says how: nil for admitted.
type waiter struct {
	try     func() bool
	settled chan struct{}
	err     error
}

// New makes a Gate.
func New(o Options) *Gate {
	if o.MaxHeld == 0 {
		o.MaxHeld = 1000
	}
	if o.MaxHold == 0 {
		o.MaxHold = time.Minute
	}
	if o.Asleep == nil {
		o.Asleep = func() bool { return false }
	}
	if o.OnHold == nil {
		o.OnHold = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Gate{opts: o}
}

// Held is the number of requests waiting now.
func (g *Gate) Held() int { return int(g.held.Load()) }

// Try admits a request at once, which means that try returned true, unless others wait already. try takes
// what the request needs (a replica with room) and must not block.
func (g *Gate) Try(try func() bool) bool { return g.held.Load() == 0 && try() }

// Hold returns nil once try has returned true, which it calls when the request's turn comes. The error is
// ctx's cause when that ended first, and else of kind function.ErrUnavailable.
func (g *Gate) Hold(ctx context.Context, try func() bool) error {
	w := &waiter{try: try, settled: make(chan struct{})}
	place, err := g.enqueue(ctx, w)
	if err != nil {
		return err
	}
	g.opts.OnHold()
	timeout := time.NewTimer(g.opts.MaxHold)
	defer timeout.Stop()
	select {
	case <-w.settled:
		return w.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timeout.C:
		err = function.Unavailablef("function %s has no free replica: held for %s", g.opts.Name, g.opts.MaxHold)
	}
	if !g.leave(place, w) {
		return w.err // settled at the same moment: what try took is the caller's
	}
	return err
}

// Signal says that something changed: a replica is ready, or has room again. It admits whom it can.
func (g *Gate) Signal() {
	if g.held.Load() == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.admit()
}

// Close lets nobody wait any more: those held, and those who would be, get err.
func (g *Gate) Close(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = err
	g.refuse(err)
}

// Refuse sends those who are held away with err. Later ones are held again.
func (g *Gate) Refuse(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse(err)
}

// refuse is Refuse for a caller that holds mu.
func (g *Gate) refuse(err error) {
	for place := g.queue.Front(); place != nil; place = g.queue.Front() {
		g.settle(place, err)
	}
}

func (g *Gate) enqueue(ctx context.Context, w *waiter) (*list.Element, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed != nil:
		return nil, g.closed
	case g.opts.Wake == nil && g.opts.Asleep():
		return nil, function.Unavailablef("function %s is scaled to 0, and waking by requests is off", g.opts.Name)
	}
	if g.queue.Len() >= g.opts.MaxHeld {
		return nil, function.Unavailablef("function %s has no free replica and %d requests wait already",
			g.opts.Name, g.opts.MaxHeld)
	}
	place := g.queue.PushBack(w)
	g.held.Add(1)
	g.admit() // room may have come between the caller's try and the lock
	if g.queue.Len() > 0 && !g.watching {
		g.watching = true
		go g.watch(context.WithoutCancel(ctx))
	}
	return place, nil
}

// admit lets waiters go in order until one finds no room. The caller holds mu.
func (g *Gate) admit() {
	for place := g.queue.Front(); place != nil; place = g.queue.Front() {
		if !place.Value.(*waiter).try() {
			return
		}
		g.settle(place, nil)
	}
}

// settle takes a waiter out of the queue and tells it how it ended. The caller holds mu.
func (g *Gate) settle(place *list.Element, err error) {
	w := g.queue.Remove(place).(*waiter)
	g.held.Add(-1)
	w.err = err
	close(w.settled)
}

// leave takes w out of the queue; false: it was settled already.
func (g *Gate) leave(place *list.Element, w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.settled:
		return false
	default:
		g.queue.Remove(place)
		g.held.Add(-1)
		return true
	}
}

// watch wakes the function if it sleeps and looks again from time to time. There is at most one a gate. It
// ends with the last held request, give or take a recheck and the wake that it is in.
func (g *Gate) watch(ctx context.Context) {
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	var woken time.Time
	failing := false
	for {
		if time.Since(woken) >= rewake && g.opts.Wake != nil && g.opts.Asleep() {
			err := g.wake(ctx)
			if errors.Is(err, function.ErrNotFound) {
				g.Refuse(err)
			} else if err != nil && !failing {
				g.opts.Log.Warn("wake failed, trying again while requests wait", "function", g.opts.Name, "err", err)
			}
			if failing = err != nil; !failing {
				woken = time.Now()
			}
		}
		<-tick.C
		if !g.opts.Asleep() {
			woken = time.Time{} // should it be put to sleep while requests wait, it is woken again
		}
		if g.idle() {
			return
		}
	}
}

// idle admits whom it can and tells whether nobody is left, in which case watch must end.
func (g *Gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.admit()
	g.watching = g.queue.Len() > 0
	return !g.watching
}

func (g *Gate) wake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, g.opts.MaxHold)
	defer cancel()
	if err := g.opts.Wake(ctx, g.opts.Name); err != nil {
		return fmt.Errorf("wake %s: %w", g.opts.Name, err)
	}
	return nil
}
