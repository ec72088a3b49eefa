package scaler

import (
	"sync"
	"time"

	"faas/function"
)

// sightings date the changes of counts that snapshots show, whoever made them: another gateway that woke a function or
// scaled it by hand, or somebody who went past the gateways.
type sightings struct {
	mu   sync.Mutex
	seen map[string]countSeen
}

// countSeen is what the snapshots said of a function's desired count.
type countSeen struct {
	count           int
	changed, raised time.Time // when it last changed, and rose; zero: not since the first snapshot that has it
}

func newSightings() *sightings { return &sightings{seen: map[string]countSeen{}} }

// observe takes a snapshot and returns the functions whose count it shows to have changed.
func (s *sightings) observe(now time.Time, snapshot function.Snapshot) (changed map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed = map[string]bool{}
	seen := make(map[string]countSeen, len(snapshot.Functions))
	for _, f := range snapshot.Functions {
		one, known := s.seen[f.Name]
		if known && f.Desired != one.count {
			changed[f.Name], one.changed = true, now
			if f.Desired > one.count {
				one.raised = now
			}
		}
		one.count = f.Desired
		seen[f.Name] = one
	}
	s.seen = seen
	return changed
}

func (s *sightings) of(name string) (seen countSeen, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, known = s.seen[name]
	return seen, known
}

// foreign is a change of the count that somebody else made: of an order that this owner was not given, or not yet.
type foreign struct {
	count int
	rose  bool
	at    time.Time // when it was seen; zero: there was none
	// What the owner knew before it saw the change.
	orderedAt, appliedAt time.Time
}

// notice dates a change that somebody else made since the owner last knew the count, so that orders given before do not
// undo it: what this gateway was not told of counts as ordered when it was seen.
func (o *owner) notice(now time.Time, desired int) {
	before, counted, since := o.count, o.counted, o.countedAt
	o.count, o.counted, o.countedAt = desired, true, now
	seen, known := o.s.sightings.of(o.name)
	switch {
	case !counted && !known:
		return
	case !counted && seen.count == desired: // before there was this owner
		if !seen.changed.IsZero() {
			o.change(foreign{count: desired, rose: seen.raised.Equal(seen.changed), at: seen.changed}, seen.raised)
		}
		return
	case !counted:
		before = seen.count
	}
	if desired == before || o.target != nil && desired == o.target.decision.To {
		return // the latter by a try that seemed to fail
	}
	change := foreign{count: desired, rose: desired > before, at: now}
	if known && seen.count == desired && seen.changed.After(since) {
		change.at = seen.changed
	}
	var raised time.Time
	if change.rose {
		raised = change.at
	}
	if o.target != nil {
		o.requeue(false) // it was decided on for another count
	}
	o.change(change, raised)
}

// change takes note of a change that somebody else made.
func (o *owner) change(c foreign, raised time.Time) {
	c.orderedAt, c.appliedAt = o.orderedAt, o.appliedAt
	o.foreign = c
	o.orderedAt, o.appliedAt, o.raisedAt = later(o.orderedAt, c.at), later(o.appliedAt, c.at), later(o.raisedAt, raised)
}

// seenBy is the state as ord is to be decided on. A change that somebody else made does not make that order stale which
// explains it, nor one that lost a race against it.
func (o *owner) seenBy(ord order, st State) State {
	switch l := ord.lost; {
	case o.foreign.at.IsZero() || !st.OrderedAt.Equal(o.foreign.at): // none, or another order was decided on since
	case l != nil && l.raced:
		st.OrderedAt, st.AppliedAt = l.orderedAt, l.appliedAt
	case o.foreign.explainedBy(ord, st):
		st.OrderedAt, st.AppliedAt = o.foreign.orderedAt, o.foreign.appliedAt
	}
	return st
}

// explainedBy reports whether ord may be what another gateway carried out: an order for that count, unless one that came
// before is newer; or a step up, of which each is taken by one gateway and which keeps its start.
func (c foreign) explainedBy(ord order, st State) bool {
	if st.Desired != c.count || !ord.alert.Firing {
		return false
	}
	switch ord.kind {
	case KindAlert:
		n, _ := clamp(st.Scaling, ord.alert.Replicas)
		return n == c.count && !ord.alert.At().Before(c.orderedAt)
	case KindStep:
		return c.rose
	}
	return false
}
