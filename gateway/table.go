package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"faas/function"
	"faas/gateway/activator"
	"faas/gateway/overload"
	"faas/gateway/proxy"
)

// table maps names to routes. Readers take no lock; apply, the only writer, makes new maps.
type table struct {
	opts    routeOptions
	routes  atomic.Pointer[map[string]*route]
	order   atomic.Pointer[[]*route] // of their names
	aliases atomic.Pointer[map[string][]*route]
	loaded  chan struct{} // closed with the first snapshot
	early   atomic.Int64  // requests that wait for it

	mu      sync.Mutex // held by apply
	version uint64
	sharers int // gateways that lend the same replicas, this one included
}

// routeOptions are what every route of a table shares.
type routeOptions struct {
	maxHeld  int
	maxHold  time.Duration
	wake     func(ctx context.Context, name string) error
	log      *slog.Logger
	metrics  *metrics
	overload *overload.Watcher
}

// route is one function as requests meet it.
type route struct {
	name     string
	label    string // as it begins the labels of its series
	status   atomic.Pointer[function.Status]
	balancer proxy.Balancer
	gate     *activator.Gate
	overload *overload.Function
	series   *series
}

func newTable(o routeOptions) *table {
	t := &table{opts: o, loaded: make(chan struct{}), sharers: 1}
	t.routes.Store(&map[string]*route{})
	t.order.Store(&[]*route{})
	t.aliases.Store(&map[string][]*route{})
	return t
}

// lookup returns the route of the function whose own name is name, or nil.
func (t *table) lookup(name string) *route { return (*t.routes.Load())[name] }

// find returns the route of the function that answers to name: the one with that very name or else the only one with
// that alias. Errors: ErrNotFound, and ErrUnavailable while the functions are not known yet.
func (t *table) find(name string) (*route, error) {
	if r := t.lookup(name); r != nil {
		return r, nil
	}
	switch others := (*t.aliases.Load())[name]; {
	case len(others) == 1:
		return others[0], nil
	case len(others) > 1:
		return nil, ambiguousFunction(name, others)
	case !t.isLoaded():
		return nil, errNotLoaded()
	}
	return nil, unknownFunction(name)
}

// findPlain is find, but returns nil where that returns an error.
func (t *table) findPlain(name []byte) *route {
	if r := (*t.routes.Load())[string(name)]; r != nil {
		return r
	}
	if others := (*t.aliases.Load())[string(name)]; len(others) == 1 {
		return others[0]
	}
	return nil
}

// await is find, and waits up to d for the first snapshot: a gateway that was just started does not know yet what it
// will know in a moment. As many may wait, whatever function they are for, as may for one function later.
func (t *table) await(ctx context.Context, d time.Duration, name string) (*route, error) {
	defer t.early.Add(-1)
	if t.early.Add(1) > int64(t.opts.maxHeld) {
		return nil, function.Unavailablef("%w, and %d requests wait for that already", errNotLoaded(), t.opts.maxHeld)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-t.loaded:
	case <-timer.C:
	case <-ctx.Done():
	}
	return t.find(name)
}

func errNotLoaded() error {
	return function.Unavailablef("functions are not known yet: the gateway waits for its backend")
}

func (t *table) isLoaded() bool {
	select {
	case <-t.loaded:
		return true
	default:
		return false
	}
}

// sorted returns all routes in the order of their names, to read only.
func (t *table) sorted() []*route { return *t.order.Load() }

// apply makes the table show s, unless it shows something newer already: snapshots come from the watch
// and, after a change through the API, from a read of its own.
func (t *table) apply(s function.Snapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Version < t.version {
		return
	}
	t.version = s.Version
	old := *t.routes.Load()
	next := make(map[string]*route, len(s.Functions))
	order := make([]*route, 0, len(s.Functions))
	aliases := map[string][]*route{}
	for _, status := range s.Functions {
		r := old[status.Name]
		if r == nil {
			r = t.open(status)
		}
		r.replace(&status)
		r.lend(t.sharers)
		next[status.Name] = r
		order = append(order, r)
		if status.Alias != "" {
			aliases[status.Alias] = append(aliases[status.Alias], r)
		}
	}
	t.routes.Store(&next)
	t.order.Store(&order)
	t.aliases.Store(&aliases)
	if !t.isLoaded() {
		close(t.loaded)
		t.opts.log.Info("functions known", "functions", len(next))
	}
	for name, r := range old {
		if next[name] == nil {
			r.gate.Close(function.NotFoundf("function %s was removed", name))
			t.opts.metrics.drop(r.series)
			r.balancer.Update(nil, 0)
		}
	}
	for _, r := range next {
		r.changed()
		if err := r.blocked(); err != nil {
			r.gate.Refuse(err)
		}
	}
}

// share makes the table lend its part of each replica's slots where so many gateways lend the same replicas.
func (t *table) share(gateways int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if gateways == t.sharers {
		return
	}
	t.opts.log.Info("slots are shared", "gateways", gateways)
	t.sharers = gateways
	for _, r := range t.sorted() {
		r.lend(gateways)
		r.changed()
	}
}

// alone reports whether no other gateway lends the same replicas.
func (t *table) alone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sharers == 1
}

// open makes the route of a function that the table has not seen.
func (t *table) open(status function.Status) *route {
	r := &route{name: status.Name, label: functionLabel(status.Name), series: t.opts.metrics.open(status.Name)}
	r.overload = t.opts.overload.Watch(status.Name, r.load, r.series.overloaded)
	r.gate = activator.New(activator.Options{
		Name:    status.Name,
		Asleep:  func() bool { return r.status.Load().Desired == 0 },
		Wake:    t.opts.wake,
		OnHold:  r.overload.Held,
		MaxHeld: t.opts.maxHeld, MaxHold: t.opts.maxHold,
		Log: t.opts.log,
	})
	return r
}

// replace makes the route show status.
func (r *route) replace(status *function.Status) {
	before := r.status.Swap(status)
	if before == nil {
		return // a new one, which began just now
	}
	now, tuned := time.Now().UnixNano(), !status.Scaling.Equal(before.Scaling)
	if tuned {
		r.series.tuned.Store(now)
	}
	if tuned || status.Desired != before.Desired {
		r.series.changed.Store(now)
	}
	if status.Desired < before.Desired {
		r.series.overload.Forget()
	}
}

// lend sets what the balancer lends: the replicas, and this gateway's part of their slots. It is rounded down, since a
// replica refuses what is beyond its slots, but is never nothing.
func (r *route) lend(sharers int) {
	s := r.status.Load()
	part := s.Scaling.Slots / sharers
	if s.Scaling.Slots > 0 {
		part = max(1, part)
	}
	r.balancer.Update(s.Replicas, part)
}

// changed is for those who wait: there may be room.
func (r *route) changed() {
	r.gate.Signal()
	r.overload.Changed()
}

// take lends a replica with room at once, or returns nil where there is none or others wait for one.
func (r *route) take() *proxy.Target {
	if r.gate.Held() > 0 {
		return nil
	}
	return r.balancer.Acquire(time.Now())
}

// acquire lends a replica with room, and waits for one while the client does. cold is how long it waited where there was
// no replica to begin with; 0 otherwise.
func (r *route) acquire(ctx context.Context) (target *proxy.Target, cold time.Duration, err error) {
	take := func() bool {
		target = r.balancer.Acquire(time.Now())
		return target != nil
	}
	if r.gate.Try(take) {
		return target, 0, nil
	}
	if err := r.blocked(); err != nil {
		return nil, 0, err
	}
	began, s := time.Now(), r.status.Load()
	ctx, cancel := whileConnected(ctx)
	defer cancel()
	err = r.gate.Hold(ctx, take)
	if errors.Is(err, context.DeadlineExceeded) {
		err = function.Unavailablef("function %s had no free replica in time", r.name)
	}
	if s.Desired == 0 || s.Available() == 0 {
		cold = time.Since(began)
	}
	return target, cold, err
}

// blocked returns an error while no replica is ready and none can start, so that a mistake in a deployment
// shows at once and not after the longest hold. Why is for those who may see the function's log.
func (r *route) blocked() error {
	if s := r.status.Load(); s.Blocked != "" && s.Available() == 0 {
		return function.Unavailablef("function %s cannot start: `faas logs %s` and /system/function/%s tell why", r.name, r.name, r.name)
	}
	return nil
}

// load is what this gateway knows of how busy the function is. Zero once the function was removed.
func (r *route) load() overload.Load {
	if r.series.dropped.Load() {
		return overload.Load{}
	}
	now, s := time.Now(), r.status.Load()
	inflight, _ := r.series.load.read(now)
	return overload.Load{
		Inflight: inflight, Held: r.gate.Held(), Usable: r.balancer.Usable(now),
		Desired: s.Desired, Slots: r.balancer.Slots(), Max: s.Scaling.Max,
	}
}

func (r *route) release(t *proxy.Target) {
	t.Release()
	r.gate.Signal()
}
