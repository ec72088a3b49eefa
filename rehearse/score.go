package rehearse

import "time"

// tally adds up a Score. What depends only on the rate and on the count is worked out when those change.
type tally struct {
	Score
	least  int     // the oracle's count
	beyond float64 // requests per second beyond capacity

	overSince time.Duration // the load is beyond the desired replicas' targets since; never: it is not
	raised    bool
	lastTurn  int // 1: the last change, the warm-up's too, went up, -1: down
}

func newTally(s *subject) tally {
	t := tally{overSince: never}
	t.FirstChange, t.Reaction = -1, -1
	t.update(s)
	return t
}

// update follows a rate or count that changed at the subject's present.
func (t *tally) update(s *subject) {
	rate := s.arrivals.rate
	t.least = s.least(rate, s.at)
	t.beyond = rate * s.overload(rate, s.at, s.ready)
	switch over := s.overload(rate, s.at, s.desired) > 0; {
	case !over:
		t.overSince = never
	case t.overSince == never:
		t.overSince = s.at
	}
}

// elapse counts the time from the subject's present to to.
func (t *tally) elapse(s *subject, to time.Duration) {
	from := max(s.at, 0)
	if to <= from {
		return
	}
	d := (to - from).Seconds()
	t.ReplicaSeconds += float64(s.desired) * d
	t.LeastReplicaSeconds += float64(t.least) * d
	if t.beyond > 0 {
		t.OverCapacity += t.beyond * d
		t.TimeOverCapacity += to - from
	}
}

// wait counts a request that waits, waited one that did.
func (t *tally) wait(s *subject) {
	if s.at >= 0 {
		t.Waited++
	}
}

func (t *tally) waited(s *subject, r request) {
	if r.at >= 0 {
		t.WaitedSeconds += (s.at - r.at).Seconds()
	}
}

// change counts a change of the count that is about to happen. Those of the warm-up do not count, but the first one after
// it may turn them.
func (t *tally) change(now time.Duration, from, to int) {
	turn, last := 1, t.lastTurn
	if to < from {
		turn = -1
	}
	if t.lastTurn = turn; now < 0 {
		return
	}
	t.Actions++
	if last == -turn {
		t.DirectionChanges++
	}
	if t.FirstChange < 0 {
		t.FirstChange = now
	}
	if turn > 0 && !t.raised {
		t.raised = true
		if t.overSince != never {
			t.Reaction = now - max(t.overSince, 0)
		}
	}
}
