package swarm

import (
	"slices"
	"strings"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// service is a function as Swarm has it, with its tasks. The state's goroutine owns it.
type service struct {
	api      api.Service
	function function.Function
	alias    string
	port     string
	ready    string // the path that its user names for probes; empty: none
	scaling  function.Scaling
	seen     time.Time // when it was first heard of
	since    time.Time // when its present definition began, on Swarm's clock; zero: before it was heard of

	tasks   map[string]*task
	crashes crashes
	pace    pace
	revival revival
	shown   function.Status // as it stands on the board
}

// set gives s what Swarm has now. It reports whether that is news. A spec that Swarm accepted from us is shown before
// it was read back, and so at the version that it replaced.
func (s *service) set(now api.Service, accepted bool) bool {
	if known := s.api.Version.Index; s.api.ID != "" &&
		(now.Version.Index < known || now.Version.Index == known && !accepted) {
		return false
	}
	s.api = now
	s.function = decoded(now.Spec)
	s.alias = aliasOf(now.Spec)
	s.port = portOf(now.Spec)
	s.ready, _ = readyPathOf(s.function)     // told by the state, as the next one
	s.scaling, _ = s.function.ParseScaling() // told by the state, which sees each change once
	return true
}

// desired is the count that Swarm was last asked for. A global service has as many as there are nodes for it.
func (s *service) desired() int {
	if r := s.api.Spec.Mode.Replicated; r != nil {
		return countOf(*r)
	}
	n := 0
	for _, t := range s.tasks {
		if t.wanted() {
			n++
		}
	}
	return n
}

func countOf(r api.ReplicatedService) int {
	if r.Replicas == nil {
		return 1 // Swarm's own default
	}
	return int(min(*r.Replicas, function.MaxReplicas))
}

// updating reports whether Swarm replaces replicas, which it does one after the other, at any time.
func (s *service) updating() bool { return updates(s.api) }

func updates(s api.Service) bool {
	u := s.UpdateStatus
	return u != nil && (u.State == api.UpdateStateUpdating || u.State == api.UpdateStateRollbackStarted)
}

// settled reports whether there is just what is wanted, so that nothing is about to change by itself.
func (s *service) settled() bool {
	ready := 0
	for _, t := range s.tasks {
		switch {
		case t.wanted() && !t.ready:
			return false
		case t.wanted():
			ready++
		case t.alive():
			return false // it goes
		}
	}
	return ready == s.desired() && !s.updating()
}

// status is the function as the board shows it.
func (s *service) status(now time.Time, t timing, node func(id string) string) function.Status {
	st := function.Status{
		Function: s.function, Alias: s.alias, Scaling: s.scaling, Desired: s.desired(), CreatedAt: s.api.CreatedAt,
		Replicas: make([]function.Replica, 0, len(s.tasks)),
	}
	for _, t := range s.tasks {
		if r, ok := t.replica(s.function.Name, s.port, node); ok {
			st.Replicas = append(st.Replicas, r)
		}
	}
	if s.api.Spec.Mode.Global != nil { // its nodes decide, and no rule shall wish for another count
		st.Scaling.Min, st.Scaling.Max = st.Desired, st.Desired
	}
	slices.SortFunc(st.Replicas, func(a, b function.Replica) int { return strings.Compare(a.ID, b.ID) })
	if st.Desired > 0 {
		st.Blocked = s.blocked(now, t)
	}
	return st
}
