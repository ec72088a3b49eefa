package overload

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/internal/alerting"
)

const (
	// Gather is how long after the first held request a look is taken, so that it sees those that came together.
	Gather = 3 * time.Millisecond
	// Breath lies between two looks at least.
	Breath = 20 * time.Millisecond
	// Interval lies between two pushes at least. While requests are held a look is taken each Interval.
	Interval = 250 * time.Millisecond
	// pushTimeout bounds one push.
	pushTimeout = 3 * time.Second
)

// Pusher hands alerts to Alertmanager.
type Pusher interface {
	// Push returns nil once an Alertmanager has the alerts.
	Push(ctx context.Context, alerts ...alerting.Alert) error
}

// Options configure a Watcher. The zero value is usable.
type Options struct {
	// Pusher gets the alerts. Nil: nothing is pushed, and wishes are only told.
	Pusher Pusher
	// Log gets a line when pushes begin to fail, and when they succeed again. Nil: none.
	Log *slog.Logger
	// Registerer gets the metrics. Nil: none.
	Registerer prometheus.Registerer
}

// Watcher looks at functions that hold requests.
type Watcher struct {
	pusher Pusher
	log    *slog.Logger
	pushes *prometheus.CounterVec
	signal chan struct{} // has room for one: there is something to look at
	pushed chan error    // has room for one: the push under way has ended

	// What follows belongs to Run.
	watched   []*Function
	pushing   []*Function // those of the push under way; nil: there is none
	failing   bool
	looked    time.Time // the last look
	pushBegan time.Time // the last push
	due       time.Time // the next look; zero: none

	mu      sync.Mutex
	arrived []*Function // put, and not looked at yet
}

// New makes a Watcher that looks while it is Run.
func New(o Options) *Watcher {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{
		pusher: o.Pusher, log: o.Log, pushes: newPushes(o.Registerer),
		signal: make(chan struct{}, 1), pushed: make(chan error, 1),
	}
}

// Watch makes the Function of that name. load reads its present load; that of one which is gone is zero. tell gets what is
// wished for at each look that finds too few replicas.
func (w *Watcher) Watch(name string, load func() Load, tell func(now time.Time, replicas int)) *Function {
	return &Function{name: name, load: load, tell: tell, watcher: w}
}

// put hands over functions to look at soon.
func (w *Watcher) put(fs ...*Function) {
	if len(fs) > 0 {
		w.mu.Lock()
		w.arrived = append(w.arrived, fs...)
		w.mu.Unlock()
	}
	select {
	case w.signal <- struct{}{}:
	default: // it knows already
	}
}

// Run works until ctx ends and returns its error once the push under way has ended.
func (w *Watcher) Run(ctx context.Context) error {
	timer := time.NewTimer(Interval)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			if w.pushing != nil {
				<-w.pushed
			}
			return ctx.Err()
		case <-w.signal:
			w.plan(time.Now().Add(Gather))
		case err := <-w.pushed:
			w.settle(err)
			w.plan(w.pushBegan.Add(Interval))
		case <-timer.C:
			w.due = time.Time{}
			w.look(ctx, time.Now())
		}
		if !w.due.IsZero() {
			timer.Reset(time.Until(w.due))
		}
	}
}

// plan sets the next look to at, unless it is sooner already.
func (w *Watcher) plan(at time.Time) {
	if earliest := w.looked.Add(Breath); at.Before(earliest) {
		at = earliest
	}
	if w.due.IsZero() || at.Before(w.due) {
		w.due = at
	}
}

// look takes in the load of all watched functions, pushes what is due, and lets go of those about which there is nothing
// more to say.
func (w *Watcher) look(ctx context.Context, now time.Time) {
	w.looked = now
	w.mu.Lock()
	w.watched, w.arrived = append(w.watched, w.arrived...), nil
	w.mu.Unlock()

	mayPush := w.pushing == nil && now.Sub(w.pushBegan) >= Interval
	var alerts []alerting.Alert
	waits := false // something is due
	kept := w.watched[:0]
	for _, f := range w.watched {
		load := f.load()
		if n := f.wish.Observe(now, load); n > 0 {
			f.tell(now, n)
		}
		due := w.pusher != nil && f.wish.Due(now, load)
		if due && mayPush {
			alerts = append(alerts, f.wish.Push(now, f.name))
			w.pushing = append(w.pushing, f)
			due = false
		}
		waits = waits || due
		if load.Held > 0 || due || !f.release() {
			kept = append(kept, f)
		}
	}
	clear(w.watched[len(kept):])
	w.watched = kept
	if len(alerts) > 0 {
		w.pushBegan = now
		go w.push(ctx, alerts)
	}
	if len(w.watched) > 0 {
		w.plan(now.Add(Interval))
	}
	if waits && w.pushing == nil { // else it is the end of the push that is waited for
		w.plan(w.pushBegan.Add(Interval))
	}
}

// push is over when it has told pushed, of which there is one at a time.
func (w *Watcher) push(ctx context.Context, alerts []alerting.Alert) {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	w.pushed <- w.pusher.Push(ctx, alerts...)
}

// settle takes in how the push under way has ended. What could not be pushed is tried again with the next.
func (w *Watcher) settle(err error) {
	outcome := outcomeAccepted
	if err != nil {
		outcome = outcomeFailed
		for _, f := range w.pushing {
			f.wish.Failed()
			f.Held()
		}
	}
	w.pushing = nil
	w.pushes.WithLabelValues(outcome).Inc()
	switch failing := err != nil; {
	case failing && !w.failing:
		w.log.Warn("Alertmanager did not take FunctionOverload, it is tried again while requests are held", "err", err)
	case !failing && w.failing:
		w.log.Info("Alertmanager takes FunctionOverload again")
	}
	w.failing = err != nil
}
