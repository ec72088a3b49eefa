package backendtest

import (
	"context"
	"errors"
	"time"

	"faas/function"
)

func snapshots(s *suite) {
	f := s.function("b-second")
	s.deploy(f)
	first, err := s.Backend.Functions(s.ctx())
	s.must("Functions", err)
	s.deploy(s.function("a-first"))
	second, err := s.Backend.Functions(s.ctx())
	s.must("Functions", err)
	if second.Version <= first.Version {
		s.Errorf("version %d, and %d after a change", first.Version, second.Version)
	}
	if _, ok := find(first, s.name("a-first")); ok {
		s.Error("a snapshot changed after it was given")
	}
	s.awaitReady(s.name("a-first"), 1)
	s.awaitReady(f.Name, 1)
	st := s.status(f.Name)
	s.mu.Lock()
	seen, _ := find(s.snap, f.Name)
	s.mu.Unlock()
	if st.Desired != seen.Desired || st.Available() != seen.Available() {
		s.Errorf("Function gives %s, Watch %s", show(st), show(seen))
	}
}

func watchEnds(s *suite) {
	f := s.function("watched")
	s.deploy(f)
	ctx, cancel := context.WithCancel(s.ctx())
	defer cancel()
	seen := make(chan function.Snapshot, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Backend.Watch(ctx, func(snap function.Snapshot) {
			select {
			case seen <- snap:
			default: // only the first counts
			}
		})
	}()
	select {
	case snap := <-seen:
		if _, ok := find(snap, f.Name); !ok {
			s.Error("the first snapshot lacks what was deployed before")
		}
	case <-time.After(s.Within):
		s.Fatal("Watch did not call at once")
	}
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			s.Errorf("Watch: %v, want its context's error", err)
		}
	case <-time.After(s.Within):
		s.Error("Watch did not end with its context")
	}
	if _, err := s.Backend.Functions(ctx); !errors.Is(err, context.Canceled) {
		s.Errorf("Functions with a context that ended: %v", err)
	}
}
