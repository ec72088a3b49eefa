package swarm

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// reader reads services and nodes when it is told that they changed. Several changes that come while it reads are
// one read.
type reader struct {
	b         *Backend
	connected chan struct{} // closed once Docker has answered

	mu       sync.Mutex
	all      bool
	some     map[string]bool // IDs
	wantNode bool
	signal   chan struct{} // has room for one
}

func newReader(b *Backend) *reader {
	return &reader{b: b, connected: make(chan struct{}), some: map[string]bool{}, signal: make(chan struct{}, 1)}
}

// everything asks for all services and nodes.
func (r *reader) everything() { r.ask(func() { r.all, r.wantNode = true, true }) }

// service asks for one service.
func (r *reader) service(id string) { r.ask(func() { r.some[id] = true }) }

// nodes asks for the nodes.
func (r *reader) nodes() { r.ask(func() { r.wantNode = true }) }

func (r *reader) ask(set func()) {
	r.mu.Lock()
	set()
	r.mu.Unlock()
	select {
	case r.signal <- struct{}{}:
	default:
	}
}

// fewServices is how many services are read one by one rather than with all others.
const fewServices = 4

func (r *reader) take() (all bool, some []string, nodes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, some, nodes = r.all, slices.Collect(maps.Keys(r.some)), r.wantNode
	r.all, r.wantNode = false, false
	clear(r.some)
	return all || len(some) > fewServices, some, nodes
}

// run reads until ctx ends. What could not be read is tried again.
func (r *reader) run(ctx context.Context) {
	retry := backoff{first: r.b.timing.retry, most: r.b.timing.retryMax}
	var once sync.Once
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.signal:
		}
		all, some, nodes := r.take()
		err := r.read(ctx, all, some, nodes)
		r.b.reachable(err)
		if err == nil {
			once.Do(func() { close(r.connected) })
			retry.reset()
			continue
		}
		r.ask(func() { // again, all of it
			r.all, r.wantNode = r.all || all, r.wantNode || nodes
			for _, id := range some {
				r.some[id] = true
			}
		})
		if !retry.wait(ctx) {
			return
		}
	}
}

func (r *reader) read(ctx context.Context, all bool, some []string, nodes bool) error {
	if r.b.network.Load() == nil {
		n, err := functionNetwork(ctx, r.b.cluster, r.b.opts.Network)
		if err != nil {
			return err
		}
		r.b.network.Store(&n)
	}
	if nodes {
		list, err := r.b.cluster.listNodes(ctx)
		if err != nil {
			return err
		}
		r.b.tell(func(s *state, _ time.Time) { s.setNodes(list) })
	}
	if all {
		return r.readAll(ctx)
	}
	for _, id := range some {
		if err := r.readOne(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) readAll(ctx context.Context) error {
	begun := time.Now()
	list, err := r.b.services.listServices(ctx)
	if err != nil {
		return err
	}
	r.b.tell(func(s *state, now time.Time) { s.setServices(now, begun, list) })
	return nil
}

func (r *reader) readOne(ctx context.Context, id string) error {
	one, err := r.b.services.inspectService(ctx, id)
	if isNotFound(err) {
		r.b.tell(func(s *state, now time.Time) { s.remove(now, id) })
		return nil
	}
	if err != nil {
		return err
	}
	r.b.tell(func(s *state, now time.Time) { s.setService(now, one) })
	return nil
}
