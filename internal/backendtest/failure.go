package backendtest

import (
	"slices"

	"faas/function"
)

func blocked(s *suite) {
	f := s.Broken(s.name("broken"))
	s.deploy(f)
	st := s.await(s.BlockedWithin, f.Name, "blocked", func(st function.Status) bool { return st.Blocked != "" })
	s.Logf("blocked: %s", st.Blocked)
	if st.Available() != 0 || st.Desired != 1 {
		s.Errorf("it is %s", show(st))
	}
	s.update(s.function("broken"))
	s.await(s.Within, f.Name, "ready and not blocked", func(st function.Status) bool {
		return st.Available() == 1 && st.Blocked == ""
	})
}

func killed(s *suite) {
	f := s.function("killed")
	s.deploy(f)
	s.scale(f.Name, 2)
	before := s.awaitReady(f.Name, 2)
	victim := before.Replicas[0]
	s.must("Kill", s.Kill(victim))
	after := s.await(s.Within, f.Name, "replaced", func(st function.Status) bool {
		return st.Available() == 2 && !slices.Contains(ids(st), victim.ID)
	})
	if !slices.Contains(ids(after), before.Replicas[1].ID) {
		s.Errorf("the other replica went too: before %s, after %s", show(before), show(after))
	}
}

func answers(s *suite) {
	f := s.function("echo")
	s.deploy(f)
	s.scale(f.Name, 3)
	for _, r := range s.awaitReady(f.Name, 3).Replicas {
		if got, err := s.Call(s.ctx(), r, "hello "+r.ID); err != nil || got != "hello "+r.ID {
			s.Errorf("replica %s answers %q, %v", r.ID, got, err)
		}
	}
}
