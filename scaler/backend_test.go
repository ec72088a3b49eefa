package scaler

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"faas/function"
)

// fakeBackend is a Backend of functions. Fields that a test does not set behave like a backend that accepts and
// fulfils every order at once.
type fakeBackend struct {
	function func(ctx context.Context, name string) (function.Status, error)
	scale    func(ctx context.Context, name string, replicas int) error

	mu       sync.Mutex
	statuses map[string]*function.Status
	version  uint64
	changed  chan struct{}
	calls    []int // counts that Scale was asked for
}

// functions makes a fakeBackend whose functions have the default scaling and that many ready replicas.
func functions(replicas int, names ...string) *fakeBackend {
	b := &fakeBackend{statuses: map[string]*function.Status{}, changed: make(chan struct{})}
	for _, name := range names {
		b.statuses[name] = &function.Status{
			Function: function.Function{Name: name}, Scaling: function.DefaultScaling(),
			Desired: replicas, Replicas: readyReplicas(replicas),
		}
	}
	return b
}

func readyReplicas(n int) []function.Replica {
	return slices.Repeat([]function.Replica{{State: function.ReplicaReady}}, n)
}

func (b *fakeBackend) Function(ctx context.Context, name string) (function.Status, error) {
	if b.function != nil {
		return b.function(ctx, name)
	}
	return b.status(name)
}

func (b *fakeBackend) status(name string) (function.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.statuses[name]
	if !ok {
		return function.Status{}, function.NotFoundf("function %s not found", name)
	}
	return *s, nil
}

func (b *fakeBackend) ScaleFrom(ctx context.Context, name string, from, to int) error {
	b.mu.Lock()
	b.calls = append(b.calls, to)
	s := b.statuses[name]
	conflict := s != nil && s.Desired != from
	b.mu.Unlock()
	switch {
	case b.scale != nil:
		return b.scale(ctx, name, to)
	case conflict:
		return function.Conflictf("it is not at %d", from)
	}
	return b.set(name, to, to)
}

// set gives a function a desired and a ready count.
func (b *fakeBackend) set(name string, desired, available int) error {
	return b.update(func() error {
		s, ok := b.statuses[name]
		if !ok {
			return function.NotFoundf("function %s not found", name)
		}
		s.Desired, s.Replicas = desired, readyReplicas(available)
		return nil
	})
}

// block says why the replicas of a function cannot start, or that they can.
func (b *fakeBackend) block(name, why string) {
	_ = b.update(func() error { b.statuses[name].Blocked = why; return nil }) // it has no way to fail
}

func (b *fakeBackend) remove(name string) error {
	return b.update(func() error { delete(b.statuses, name); return nil })
}

func (b *fakeBackend) update(change func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version++
	close(b.changed)
	b.changed = make(chan struct{})
	return change()
}

func (b *fakeBackend) Watch(ctx context.Context, fn func(function.Snapshot)) error {
	for {
		b.mu.Lock()
		snapshot := function.Snapshot{Version: b.version}
		for _, s := range b.statuses {
			snapshot.Functions = append(snapshot.Functions, *s)
		}
		changed := b.changed
		b.mu.Unlock()
		fn(snapshot)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (b *fakeBackend) scaled() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

// start runs a Scaler until stop or the test's end.
func start(t testing.TB, o Options) (s *Scaler, stop func()) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for !s.running() { // Run opens before it does anything else
		select {
		case err := <-ended:
			t.Fatalf("Run ended: %v", err)
		default:
			runtime.Gosched()
		}
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

// post sends a webhook's body and returns the status.
func post(t testing.TB, s *Scaler, body string) int {
	t.Helper()
	w := httptest.NewRecorder()
	s.Alerts().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/system/alert", strings.NewReader(body)))
	return w.Code
}

var errBackend = errors.New("the backend is away")
