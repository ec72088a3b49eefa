package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// look is how often the server is asked how many calls there are. What comes in here is made at once.
	look = time.Second
	// depthsKnown is how long its answer is good for.
	depthsKnown = 10 * time.Second
	// forgetting is how often the metrics of functions that are no more are dropped.
	forgetting = time.Minute
)

// dispatcher gives each function that has calls a lane. A function without calls costs nothing.
type dispatcher struct {
	work *worker
	room *room
	soon chan struct{} // has room for one: look at the server now
	open chan struct{} // has room for one: functions want a lane

	mu     sync.Mutex
	lanes  map[string]*lane
	wanted map[string]bool // functions that want a lane
	depths map[string]int
	at     time.Time // of depths

	all sync.WaitGroup // of lanes
}

func newDispatcher(w *worker) *dispatcher {
	return &dispatcher{
		work: w, room: &room{free: w.opts.Config.MaxInFlight},
		soon: make(chan struct{}, 1), open: make(chan struct{}, 1), lanes: map[string]*lane{}, wanted: map[string]bool{},
	}
}

// run makes calls until ctx ends. It returns once all that it started has ended.
func (d *dispatcher) run(ctx context.Context, s *store) {
	hard, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	s.notify(d.soon)
	d.watch(ctx, hard, s)
	d.work.log.Debug("waiting for asynchronous calls under way", "drain_timeout", d.work.opts.Drain)
	ended := make(chan struct{})
	go func() { d.all.Wait(); close(ended) }()
	late := time.NewTimer(d.work.opts.Drain)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		d.work.log.Warn("asynchronous calls given back that were still under way", "drain_timeout", d.work.opts.Drain)
		cut()
		<-ended
	}
}

// watch looks at the server from time to time, and opens lanes. Their calls may go on until hard ends.
func (d *dispatcher) watch(ctx, hard context.Context, s *store) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	forgot, failing := time.Now(), false
	for {
		if err := d.look(ctx, s); err != nil && ctx.Err() == nil && s.conn.IsConnected() {
			if !failing {
				d.work.log.Warn("queue not usable, trying again", "err", err)
			}
			failing = true
		} else if err == nil {
			failing = false
		}
		if time.Since(forgot) > forgetting {
			forgot = time.Now()
			d.work.metrics.forget(func(function string) bool { _, known := d.work.opts.Limit(function); return known })
		}
		for looked := false; !looked; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				looked = true
			case <-d.soon:
				looked = true
			case <-d.open:
				d.openLanes(ctx, hard)
			}
		}
	}
}

// openLanes opens those that are wanted.
func (d *dispatcher) openLanes(ctx, hard context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for function := range d.wanted {
		l := newLane(d, function)
		d.lanes[function] = l
		l.signal()
		d.all.Go(func() { l.run(ctx, hard) })
	}
	clear(d.wanted)
}

// look reads the depths, and wakes the lanes of functions that have more calls than are under way here.
func (d *dispatcher) look(ctx context.Context, s *store) error {
	connected := s.conn.IsConnected()
	d.work.metrics.setConnected(connected)
	if !connected {
		return errAway()
	}
	if !s.ready.Load() {
		if err := s.prepare(ctx); err != nil {
			return err
		}
		d.work.log.Info("queue ready", "server", s.where)
	}
	depths, dead, err := s.depths(ctx)
	if err != nil {
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			s.ready.Store(false)
		}
		return err
	}
	d.work.metrics.dead.Set(float64(dead))
	d.mu.Lock()
	d.depths, d.at = depths, time.Now()
	d.mu.Unlock()
	for function, n := range depths {
		d.wakeFor(function, n)
	}
	return nil
}

// depth is what the server said last, unless that was long ago.
func (d *dispatcher) depth(function string, now time.Time) (int, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.depths[function], !d.at.IsZero() && now.Sub(d.at) < depthsKnown
}

// wake tells the lane of a function that there is something, and opens one where there is none.
func (d *dispatcher) wake(function string) { d.wakeFor(function, maxCalls+1) }

// wakeFor is wake, unless the n calls of the function are all under way here.
func (d *dispatcher) wakeFor(function string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[function]
	switch {
	case l == nil:
		d.wanted[function] = true
		select {
		case d.open <- struct{}{}:
		default: // it is told already
		}
	case n > l.underWay():
		l.signal()
	}
}

// retire closes l unless it was woken meanwhile.
func (d *dispatcher) retire(l *lane) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(l.woken) > 0 || l.underWay() > 0 {
		return false
	}
	delete(d.lanes, l.function)
	return true
}
