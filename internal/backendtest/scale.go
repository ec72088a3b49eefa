package backendtest

import (
	"sync"
	"sync/atomic"

	"faas/function"
)

func scaled(s *suite) {
	f := s.function("scaled")
	s.deploy(f)
	s.awaitReady(f.Name, 1)
	for _, n := range []int{3, 1, 0, 2, 2} {
		s.scale(f.Name, n)
		if st := s.status(f.Name); st.Desired != n {
			s.Errorf("right after Scale to %d: desired %d", n, st.Desired)
		}
		s.awaitReady(f.Name, n)
	}
	// The count is bounded by whoever asks, not by the backend.
	s.update(withLabel(f, "com.openfaas.scale.max", "1"))
	if st := s.status(f.Name); st.Desired != 2 {
		s.Errorf("a new maximum changed the count to %d", st.Desired)
	}
}

func scaleRefused(s *suite) {
	f := s.function("kept")
	s.deploy(f)
	s.want("Scale below zero", s.Backend.Scale(s.ctx(), f.Name, -1), function.ErrInvalid)
	s.want("Scale of an unknown function", s.Backend.Scale(s.ctx(), s.name("nobody"), 1), function.ErrNotFound)
	s.want("ScaleFrom to below zero", s.Backend.ScaleFrom(s.ctx(), f.Name, 1, -1), function.ErrInvalid)
	s.want("ScaleFrom of an unknown function", s.Backend.ScaleFrom(s.ctx(), s.name("nobody"), 1, 2), function.ErrNotFound)
	s.want("ScaleFrom another count", s.Backend.ScaleFrom(s.ctx(), f.Name, 2, 3), function.ErrConflict)
	s.want("ScaleFrom another count to the one that it has", s.Backend.ScaleFrom(s.ctx(), f.Name, 2, 1), function.ErrConflict)
	if st := s.status(f.Name); st.Desired != 1 {
		s.Errorf("desired %d, want 1", st.Desired)
	}
}

func scaledAtOnce(s *suite) {
	f := s.function("crowd")
	s.deploy(f)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if err := s.Backend.Scale(s.ctx(), f.Name, i%4); err != nil {
				s.Errorf("Scale: %v", err)
			}
		})
	}
	all.Wait()
	for _, n := range []int{4, 1, 5, 2} {
		s.scale(f.Name, n)
	}
	if st := s.status(f.Name); st.Desired != 2 {
		s.Errorf("right after the last Scale: desired %d, want 2", st.Desired)
	}
	s.awaitReady(f.Name, 2)
	if st := s.status(f.Name); st.Desired != 2 {
		s.Errorf("in the end: desired %d, want 2", st.Desired)
	}
}

// raised has many raise a count by one from what they see, as several gateways do. Each change is made by exactly one.
func raised(s *suite) {
	f := s.function("raised")
	s.deploy(f)
	var all sync.WaitGroup
	var made [4]atomic.Int32 // by the count that was left
	for range 3 {
		all.Go(func() {
			for from := 1; from < len(made); {
				switch err := s.Backend.ScaleFrom(s.ctx(), f.Name, from, from+1); {
				case err == nil:
					made[from].Add(1)
				case function.Kind(err) != function.ErrConflict: //nolint:errorlint // Kind gives it bare
					s.Errorf("ScaleFrom: %v", err)
					return
				}
				if now := s.status(f.Name).Desired; now <= from {
					s.Errorf("after ScaleFrom %d by one of several: desired %d", from, now)
					return
				}
				from++
			}
		})
	}
	all.Wait()
	for from := 1; from < len(made); from++ {
		if n := made[from].Load(); n != 1 {
			s.Errorf("from %d to %d: changed %d times, want once", from, from+1, n)
		}
	}
	s.scale(f.Name, 1)
}
