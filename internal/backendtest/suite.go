package backendtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faas/function"
)

// suite is one test with its backend, whose snapshots it follows.
type suite struct {
	*testing.T
	Harness

	mu      sync.Mutex
	snap    function.Snapshot
	changed chan struct{}
	checks  []func(function.Snapshot) // see each snapshot
}

func newSuite(t *testing.T, h Harness) *suite {
	t.Helper()
	s := &suite{T: t, Harness: h, changed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Backend.Watch(ctx, s.see) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Watch: %v, want its context's error", err)
			}
		case <-time.After(h.Within):
			t.Error("Watch did not end with its context")
		}
	})
	return s
}

// see keeps a snapshot, and holds it to what every one must be.
func (s *suite) see(snap function.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if snap.Version < s.snap.Version {
		s.Errorf("version %d was seen after %d", snap.Version, s.snap.Version)
	}
	if !slices.IsSortedFunc(snap.Functions, func(a, b function.Status) int { return strings.Compare(a.Name, b.Name) }) {
		s.Errorf("version %d is not in the order of names", snap.Version)
	}
	s.snap = snap
	for _, check := range s.checks {
		check(snap)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// eachSnapshot has every later snapshot looked at, and the present one, until the returned function is called.
func (s *suite) eachSnapshot(check func(function.Snapshot)) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	check(s.snap)
	s.checks = append(s.checks, check)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.checks = nil
	}
}

func (s *suite) name(name string) string                { return s.Prefix + name }
func (s *suite) function(name string) function.Function { return s.Function(s.name(name)) }

func find(snap function.Snapshot, name string) (function.Status, bool) {
	for _, st := range snap.Functions {
		if st.Name == name {
			return st, true
		}
	}
	return function.Status{}, false
}

// await waits until a function is as ok wants it, to the watch and to Function, which has what was changed at once while
// a watch may be a snapshot behind. It returns the latter's. A function that is not there is the zero Status.
func (s *suite) await(within time.Duration, name, what string, ok func(function.Status) bool) function.Status {
	s.Helper()
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		snap, changed := s.snap, s.changed
		s.mu.Unlock()
		st, _ := find(snap, name)
		if ok(st) {
			now, err := s.Backend.Function(s.ctx(), name)
			if !errors.Is(err, function.ErrNotFound) {
				s.must("Function", err)
			}
			if ok(now) {
				return now
			}
		}
		select {
		case <-changed:
		case <-timeout.C:
			s.Fatalf("%s is not %s within %s; the last: %s", name, what, within, show(st))
		}
	}
}

// awaitReady waits until n replicas of a function are ready and no others are there.
func (s *suite) awaitReady(name string, n int) function.Status {
	s.Helper()
	return s.await(s.Within, name, fmt.Sprintf("%d ready replicas", n), func(st function.Status) bool {
		return st.Name == name && st.Available() == n && len(st.Replicas) == n
	})
}

func show(st function.Status) string {
	text := fmt.Sprintf("desired %d, blocked %q, replicas", st.Desired, st.Blocked)
	for _, r := range st.Replicas {
		text += fmt.Sprintf(" %s %s %s;", r.ID, r.Addr, r.State)
	}
	return text
}

func (s *suite) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

func (s *suite) deploy(f function.Function) {
	s.Helper()
	s.must("Deploy", s.Backend.Deploy(s.ctx(), f))
}

func (s *suite) update(f function.Function) {
	s.Helper()
	s.must("Update", s.Backend.Update(s.ctx(), f))
}

func (s *suite) scale(name string, n int) {
	s.Helper()
	s.must("Scale", s.Backend.Scale(s.ctx(), name, n))
}

func (s *suite) ctx() context.Context { return s.Context() }

// status is the function right now.
func (s *suite) status(name string) function.Status {
	s.Helper()
	st, err := s.Backend.Function(s.ctx(), name)
	s.must("Function", err)
	return st
}

// want checks the kind of an error.
func (s *suite) want(what string, err, kind error) {
	s.Helper()
	if err == nil || !errors.Is(function.Kind(err), kind) {
		s.Errorf("%s: error %v, want one of kind %q", what, err, kind)
	}
}

// ids are the IDs of a function's replicas.
func ids(st function.Status) []string {
	var list []string
	for _, r := range st.Replicas {
		list = append(list, r.ID)
	}
	return list
}

// withEnv is f with one more variable, which every replica must be started anew for.
func withEnv(f function.Function, key, value string) function.Function {
	f = f.Clone()
	if f.Env == nil {
		f.Env = map[string]string{}
	}
	f.Env[key] = value
	return f
}

// withLabel is f with one more label.
func withLabel(f function.Function, key, value string) function.Function {
	f = f.Clone()
	if f.Labels == nil {
		f.Labels = map[string]string{}
	}
	f.Labels[key] = value
	return f
}
