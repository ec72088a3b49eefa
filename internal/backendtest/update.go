package backendtest

import (
	"slices"

	"faas/function"
)

// fewest follows the ready replicas of a function, and returns how many there were at the fewest.
func (s *suite) fewest(name string) (stop func() int) {
	fewest := 1 << 30
	end := s.eachSnapshot(func(snap function.Snapshot) {
		st, _ := find(snap, name)
		fewest = min(fewest, st.Available())
	})
	return func() int {
		end()
		return fewest
	}
}

// awaitReplaced waits until a function has n ready replicas and none of those of before.
func (s *suite) awaitReplaced(before function.Status, n int) function.Status {
	s.Helper()
	old := ids(before)
	return s.await(s.Within, before.Name, "replaced", func(st function.Status) bool {
		return st.Available() == n && len(st.Replicas) == n &&
			!slices.ContainsFunc(ids(st), func(id string) bool { return slices.Contains(old, id) })
	})
}

func updateKeepsCount(s *suite) {
	f := s.function("updated")
	s.deploy(f)
	s.scale(f.Name, 3)
	before := s.awaitReady(f.Name, 3)
	fewest := s.fewest(f.Name)
	s.update(withEnv(f, "VERSION", "2"))
	if st := s.status(f.Name); st.Desired != 3 || st.Env["VERSION"] != "2" {
		s.Errorf("right after Update: desired %d, environment %v", st.Desired, st.Env)
	}
	st := s.awaitReplaced(before, 3)
	if n := fewest(); n < 1 && !s.Gap {
		s.Errorf("during the update %d replicas were ready at the fewest", n)
	}
	if !st.CreatedAt.Equal(before.CreatedAt) {
		s.Errorf("it was created at %s, now at %s", before.CreatedAt, st.CreatedAt)
	}
}

func updateKeepsReady(s *suite) {
	f := s.function("single")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	fewest := s.fewest(f.Name)
	s.update(withEnv(f, "VERSION", "2"))
	s.awaitReplaced(before, 1)
	if n := fewest(); n < 1 && !s.Gap {
		s.Error("during the update there was a moment without a ready replica")
	}
}

func updateLabels(s *suite) {
	f := s.function("labelled")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	s.update(withLabel(f, "com.openfaas.scale.max", "9"))
	if st := s.status(f.Name); st.Scaling.Max != 9 {
		s.Errorf("right after Update: maximum %d, want 9", st.Scaling.Max)
	}
	s.scale(f.Name, 2) // whose replica comes after any that the update might have started
	after := s.awaitReady(f.Name, 2)
	if !slices.Contains(ids(after), ids(before)[0]) {
		s.Errorf("a change of labels replaced the replica: before %s, after %s", show(before), show(after))
	}
}

func updateAtZero(s *suite) {
	f := s.function("asleep")
	s.deploy(f)
	s.awaitReady(f.Name, 1)
	s.scale(f.Name, 0)
	s.awaitReady(f.Name, 0)
	s.update(withEnv(f, "VERSION", "2"))
	if st := s.status(f.Name); st.Desired != 0 {
		s.Errorf("an update woke it: desired %d", st.Desired)
	}
	s.scale(f.Name, 1)
	if st := s.awaitReady(f.Name, 1); st.Env["VERSION"] != "2" {
		s.Errorf("it woke with %v", st.Env)
	}
}

func updateRefused(s *suite) {
	nobody := s.function("nobody")
	s.want("Update of an unknown function", s.Backend.Update(s.ctx(), nobody), function.ErrNotFound)
	s.want("Update of an unknown and invalid one", s.Backend.Update(s.ctx(), withLabel(nobody, labelMin, "two")), function.ErrNotFound)
	f := s.function("kept")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	s.want("an invalid Update", s.Backend.Update(s.ctx(), withLabel(f, labelMin, "two")), function.ErrInvalid)
	if after := s.status(f.Name); after.Labels[labelMin] != "" || ids(after)[0] != ids(before)[0] {
		s.Errorf("it changed something: before %s, after %s", show(before), show(after))
	}
}

func updateBroken(s *suite) {
	f := s.function("bad-update")
	s.deploy(f)
	s.scale(f.Name, 2)
	before := s.awaitReady(f.Name, 2)
	fewest := s.fewest(f.Name)
	s.update(s.Broken(f.Name))
	s.await(s.BlockedWithin, f.Name, "blocked, or as before the update", func(st function.Status) bool {
		return st.Blocked != "" || st.Image == before.Image && st.Process == before.Process && len(st.Env) == len(before.Env)
	})
	s.update(withEnv(f, "VERSION", "3"))
	s.awaitReplaced(before, 2)
	if n := fewest(); n < 1 && !s.Gap {
		s.Errorf("during a bad update %d replicas were ready at the fewest", n)
	}
}
