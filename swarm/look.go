package swarm

import (
	"context"
	"time"
)

// look is one list of tasks.
type look struct {
	// services are those whose tasks are listed, by ID. Nil: all.
	services []string
	// living leaves out what shall not run: Swarm keeps five dead tasks of each replica, which says how replicas ended, but
	// would make the list of all of them several times as long.
	living bool
}

// manyServices is how many services are looked at by one list of all tasks rather than by name.
const manyServices = 40

// due returns the list of tasks that is due now, if any is.
func (s *state) due(now time.Time) (which look, ok bool) {
	if s.lookAfter.After(now) {
		return look{}, false
	}
	if !s.nextLook.After(now) {
		return look{living: s.tasksRead}, true
	}
	var ids []string
	for id, known := range s.services {
		if known.pace.due(now) {
			ids = append(ids, id)
		}
	}
	if len(ids) > manyServices {
		return look{}, true
	}
	return look{services: ids}, len(ids) > 0
}

// lookAtTasks lists tasks and tells the state.
func (b *Backend) lookAtTasks(ctx context.Context, which look) {
	begun := time.Now()
	list, err := b.cluster.listTasks(ctx, which)
	took := time.Since(begun)
	b.reachable(err)
	if isNotFound(err) { // one of them is gone, for which Docker refuses the whole list
		for _, id := range which.services {
			b.reader.service(id)
		}
	}
	b.tell(func(s *state, now time.Time) {
		if err == nil {
			s.setTasks(now, which.services, list)
			s.tasksRead = true
		}
		s.looked(now, which.services == nil, took, err)
	})
}

// The share of the time that lists of tasks may take: of one core while something converges, and while nothing does.
// The latter has a bound, since a machine that is slow is one on which replicas may die.
const (
	busyShare = 3
	calmShare = 20
	calmBound = 3 // times the steady interval
)

// looked plans the next look after one that took so long.
func (s *state) looked(now time.Time, all bool, took time.Duration, err error) {
	s.looking = false
	s.lookAfter = now.Add(min(busyShare*took, s.b.timing.steady))
	switch {
	case isNotFound(err):
		s.lookAfter = now.Add(s.b.timing.fast)
	case err != nil:
		s.lookAfter = now.Add(s.b.timing.retryMax / 10)
	case all:
		s.nextLook = now.Add(min(max(s.b.timing.steady, calmShare*took), calmBound*s.b.timing.steady))
	}
}

// hurryAll is told that any task may change.
func (s *state) hurryAll(now time.Time) {
	s.nextLook = now
	for _, known := range s.services {
		known.pace.hurry(now, s.b.timing)
	}
}

// untilNext is the time until the next look.
func (s *state) untilNext(now time.Time) time.Duration {
	if s.looking || !s.servicesRead {
		return time.Hour // what is under way ends with a change
	}
	next := s.nextLook
	for _, known := range s.services {
		if at := known.pace.next; !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	if next.Before(s.lookAfter) {
		next = s.lookAfter
	}
	return max(0, next.Sub(now))
}
