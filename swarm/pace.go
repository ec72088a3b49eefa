package swarm

import "time"

// pace says when the tasks of a service are looked at next: often right after a change, ever more seldom while nothing
// moves, and only with all others once the service is as wanted.
type pace struct {
	wait  time.Duration
	next  time.Time // zero: when all are
	moved time.Time // when something last did
}

// hurry is told of a change.
func (p *pace) hurry(now time.Time, t timing) {
	p.wait, p.next, p.moved = t.fast, now, now
}

// looked is told that the tasks were looked at.
func (p *pace) looked(now time.Time, t timing, moved bool, s *service) {
	if s.settled() {
		*p = pace{}
		return
	}
	slowest := t.slow
	if s.updating() && now.Sub(p.moved) < t.stuck { // else it finds no node, or is paused
		slowest = t.updating
	}
	switch {
	case moved || p.wait == 0:
		p.wait, p.moved = t.fast, now
	default:
		p.wait = min(p.wait+p.wait/4, slowest)
	}
	p.next = now.Add(p.wait)
	if p.wait >= t.slow {
		p.next = time.Time{} // it is stuck: with all others from now on
	}
}

func (p *pace) due(now time.Time) bool { return !p.next.IsZero() && !p.next.After(now) }
