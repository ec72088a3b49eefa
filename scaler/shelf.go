package scaler

import "slices"

const (
	// perFunction is how many events a quiet function keeps although busy ones have filled the shelf.
	perFunction = 20
	// lookBack is how far a repetition is looked for among the events of no known function.
	lookBack = 50
)

// record is an event and the number of the log's change that touched it last.
type record struct {
	event   Event
	changed uint64
}

// shelf keeps the newest events of one sort, so that another sort cannot push them out.
type shelf struct {
	size   int
	all    []*record            // oldest first, at most size
	byName map[string][]*record // of functions that exist, oldest first, at most perFunction each
}

func newShelf(size int) *shelf { return &shelf{size: size, byName: map[string][]*record{}} }

func (s *shelf) put(r *record, known bool) {
	s.all = pushBounded(s.all, r, s.size)
	if known {
		name := r.event.Function
		s.byName[name] = pushBounded(s.byName[name], r, perFunction)
	}
}

// lastLike finds the event that e may repeat: the newest of its function or, where that is unknown, the newest
// recent one of its name.
func (s *shelf) lastLike(e Event, known bool) *record {
	if known {
		if rs := s.byName[e.Function]; len(rs) > 0 {
			return rs[len(rs)-1]
		}
		return nil
	}
	for _, r := range slices.Backward(s.all[max(0, len(s.all)-lookBack):]) {
		if r.event.Function == e.Function && r.event.same(e) {
			return r
		}
	}
	return nil
}

// byID finds the event id of the function name, nil where it is no longer kept.
func (s *shelf) byID(name string, id int64) *record {
	for _, rs := range [][]*record{s.byName[name], s.all} {
		i, found := slices.BinarySearchFunc(rs, id, func(r *record, id int64) int { return int(r.event.ID - id) })
		if found {
			return rs[i]
		}
	}
	return nil
}

// appendTo appends what q asks for, oldest first.
func (s *shelf) appendTo(events []Event, q query) []Event {
	if q.function != "" {
		for _, r := range s.byName[q.function] {
			if r.event.ID < s.all[0].event.ID && r.event.ID > q.since {
				events = append(events, r.event)
			}
		}
	}
	for _, r := range s.all {
		if q.of(r.event) && r.event.ID > q.since {
			events = append(events, r.event)
		}
	}
	return events
}

// pushBounded appends r and drops the oldest beyond size. It moves the elements only once in size
// appends.
func pushBounded(rs []*record, r *record, size int) []*record {
	if len(rs) < size {
		return append(rs, r)
	}
	if cap(rs) > len(rs) {
		rs[0] = nil
		return append(rs[1:], r)
	}
	grown := make([]*record, size, 2*size)
	copy(grown, rs[1:])
	grown[size-1] = r
	return grown
}
