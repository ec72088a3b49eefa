package gateway

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing/fstest"

	"faas/function"
)

// fakeBackend holds functions in memory. Their replicas are whatever HTTP servers a test starts: the
// real backends have tests of their own, and here faults are wanted that no real replica shows at will.
type fakeBackend struct {
	mu        sync.Mutex
	version   uint64
	functions map[string]function.Status
	changed   chan struct{}
	scaled    []int
	onScale   func(name string, n int)
}

func newFakeBackend(functions ...function.Status) *fakeBackend {
	b := &fakeBackend{functions: map[string]function.Status{}, changed: make(chan struct{}, 1)}
	for _, f := range functions {
		b.set(f)
	}
	return b
}

func (b *fakeBackend) set(s function.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Scaling, _ = s.ParseScaling()
	b.functions[s.Name] = s
	b.bump()
}

func (b *fakeBackend) bump() {
	b.version++
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

func (b *fakeBackend) Deploy(_ context.Context, f function.Function) error {
	if _, err := b.Function(nil, f.Name); err == nil { //nolint:staticcheck // the fake has no use for a context
		return function.Conflictf("function %s exists", f.Name)
	}
	b.set(function.Status{Function: f, Desired: 1})
	return nil
}

func (b *fakeBackend) Update(ctx context.Context, f function.Function) error {
	s, err := b.Function(ctx, f.Name)
	if err != nil {
		return err
	}
	s.Function = f
	b.set(s)
	return nil
}

func (b *fakeBackend) Tune(ctx context.Context, name string, change func(map[string]string) error) error {
	s, err := b.Function(ctx, name)
	if err != nil {
		return err
	}
	f, err := s.Tuned(change)
	if err != nil {
		return err
	}
	return b.Update(ctx, f)
}

func (b *fakeBackend) Remove(ctx context.Context, name string) error {
	if _, err := b.Function(ctx, name); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.functions, name)
	b.bump()
	return nil
}

func (b *fakeBackend) Scale(ctx context.Context, name string, n int) error {
	s, err := b.Function(ctx, name)
	if err != nil {
		return err
	}
	s.Desired = n
	b.set(s)
	b.mu.Lock()
	b.scaled = append(b.scaled, n)
	b.mu.Unlock()
	if b.onScale != nil {
		b.onScale(name, n)
	}
	return nil
}

func (b *fakeBackend) Wake(ctx context.Context, name string) error { return b.Scale(ctx, name, 1) }

func (b *fakeBackend) Function(_ context.Context, name string) (function.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.functions[name]
	if !ok {
		return s, function.NotFoundf("function %s does not exist", name)
	}
	return s, nil
}

func (b *fakeBackend) Functions(context.Context) (function.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	snap := function.Snapshot{Version: b.version}
	for _, name := range slices.Sorted(maps.Keys(b.functions)) {
		snap.Functions = append(snap.Functions, b.functions[name])
	}
	return snap, nil
}

func (b *fakeBackend) Watch(ctx context.Context, tell func(function.Snapshot)) error {
	for {
		snap, _ := b.Functions(ctx)
		tell(snap)
		select {
		case <-b.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gone is a replica that nobody listens for any more.
var gone = function.Replica{ID: "gone", Addr: "127.0.0.1:1", MetricsAddr: "127.0.0.1:1", State: function.ReplicaReady}

// faults is what fakes fail with while it is set.
type faults struct {
	mu  sync.Mutex
	err error
}

func (f *faults) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *faults) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// portalFiles are those of a portal under test.
var portalFiles = fstest.MapFS{
	"index.html": {Data: []byte("<!doctype html>")}, "assets/app-1.js": {Data: []byte("1")},
}
