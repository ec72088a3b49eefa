package backendtest

import (
	"math"
	"slices"

	"faas/function"
)

// rollout is what was seen of an update at all moments.
type rollout struct {
	ready   int  // replicas at the fewest
	alive   int  // the same with those that are starting or draining
	overlap bool // an old one took requests when a new one had been started
}

// follow sees each moment of a function's update.
func (s *suite) follow(before function.Status) (stop func() rollout) {
	old := ids(before)
	seen := rollout{ready: math.MaxInt, alive: math.MaxInt}
	end := s.eachSnapshot(func(snap function.Snapshot) {
		st, _ := find(snap, before.Name)
		alive, anOld, aNew := 0, false, false
		for _, r := range st.Replicas {
			if r.State == function.ReplicaFailed {
				continue
			}
			alive++
			if !slices.Contains(old, r.ID) {
				aNew = true
			} else if r.State == function.ReplicaReady {
				anOld = true
			}
		}
		seen.ready, seen.alive = min(seen.ready, st.Available()), min(seen.alive, alive)
		seen.overlap = seen.overlap || anOld && aNew
	})
	return func() rollout {
		end()
		return seen
	}
}

// wantServed holds an update to what no request may notice: that there is always a ready replica. With a Gap some are held,
// and it is held to as many replicas as before whose process runs or is about to, and to a new one that starts while an old one
// takes requests.
func (s *suite) wantServed(seen rollout, before function.Status) {
	s.Helper()
	n := len(before.Replicas)
	switch {
	case !s.Gap && seen.ready < 1:
		s.Error("there was a moment without a ready replica")
	case s.Gap && seen.alive < n:
		s.Errorf("at the fewest there were %d replicas, those that start or drain included, want %d", seen.alive, n)
	case s.Gap && !seen.overlap:
		s.Error("no old replica took requests any more when a new one was started")
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
	seen := s.follow(before)
	s.update(withEnv(f, "VERSION", "2"))
	if st := s.status(f.Name); st.Desired != 3 || st.Env["VERSION"] != "2" {
		s.Errorf("right after Update: desired %d, environment %v", st.Desired, st.Env)
	}
	st := s.awaitReplaced(before, 3)
	s.wantServed(seen(), before)
	if !st.CreatedAt.Equal(before.CreatedAt) {
		s.Errorf("it was created at %s, now at %s", before.CreatedAt, st.CreatedAt)
	}
}

func updateOverlaps(s *suite) {
	f := s.function("single")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	seen := s.follow(before)
	s.update(withEnv(f, "VERSION", "2"))
	s.awaitReplaced(before, 1)
	s.wantServed(seen(), before)
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
	seen := s.follow(before)
	s.update(s.Broken(f.Name))
	s.await(s.BlockedWithin, f.Name, "blocked, or as before the update", func(st function.Status) bool {
		return st.Blocked != "" || st.Image == before.Image && st.Process == before.Process && len(st.Env) == len(before.Env)
	})
	s.update(withEnv(f, "VERSION", "3"))
	s.awaitReplaced(before, 2)
	if got := seen(); got.alive < 1 || got.ready < 1 && !s.Gap {
		s.Errorf("during a bad update at the fewest %d replicas were there, %d of them ready", got.alive, got.ready)
	}
}
