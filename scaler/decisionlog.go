package scaler

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// decisionLog keeps the newest events. Those that only confirm a count stand on a shelf of their own: they are
// most of what comes, and would push out the others. Readers never hold a writer up: they are woken and then
// read what is there.
type decisionLog struct {
	mu       sync.Mutex
	nextID   int64
	changes  uint64
	telling  *shelf
	quiet    *shelf
	onChange chan struct{} // closed and replaced at each change
}

// newDecisionLog makes a log of size events, and a fifth of that for the quiet ones. Its first ID is the time
// in microseconds, so that a reader who resumes after a restart misses nothing and gets nothing twice.
func newDecisionLog(size int, now time.Time) *decisionLog {
	return &decisionLog{
		nextID:   now.UnixMicro(),
		telling:  newShelf(size),
		quiet:    newShelf(max(1, size/5)),
		onChange: make(chan struct{}),
	}
}

// shelves are those that q reads.
func (l *decisionLog) shelves(q query) []*shelf {
	if q.all {
		return []*shelf{l.telling, l.quiet}
	}
	return []*shelf{l.telling}
}

// add records e and returns its ID, and whether it is listed on its own rather than counted as a repetition.
func (l *decisionLog) add(e Event, known bool) (id int64, listed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.telling
	if e.quiet() {
		s = l.quiet
	}
	if last := s.lastLike(e, known); last != nil && last.event.same(e) {
		last.event.Repeats++
		last.event.RepeatedAt = e.Time
		l.touch(last)
		return last.event.ID, false
	}
	e.ID = l.nextID
	l.nextID++
	r := &record{event: e}
	s.put(r, known)
	l.touch(r)
	return e.ID, true
}

// ready notes that the count of event id was reached after the given time.
func (l *decisionLog) ready(name string, id int64, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range []*shelf{l.telling, l.quiet} {
		if r := s.byID(name, id); r != nil {
			seconds := after.Seconds()
			r.event.ReadyAfter = &seconds
			l.touch(r)
			return
		}
	}
}

// forget drops what is kept for one function; the shelves keep its events until newer ones push them out.
func (l *decisionLog) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.telling.byName, name)
	delete(l.quiet.byName, name)
}

func (l *decisionLog) touch(r *record) {
	l.changes++
	r.changed = l.changes
	close(l.onChange)
	l.onChange = make(chan struct{})
}

// page is what find found. Changed goes on from its mark; newest is the largest ID that was given out.
type page struct {
	events []Event
	mark   uint64
	newest int64
}

// find returns the events that q asks for, oldest first.
func (l *decisionLog) find(q query) page {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := []Event{}
	for _, s := range l.shelves(q) {
		events = s.appendTo(events, q)
	}
	if q.all {
		sortByID(events)
	}
	if q.limit >= 0 && len(events) > q.limit {
		events = events[len(events)-q.limit:]
	}
	return page{events: events, mark: l.changes, newest: l.nextID - 1}
}

// changed returns what was added or changed since mark, oldest first, the new mark, and a channel that is closed at
// the next change.
func (l *decisionLog) changed(q query, mark uint64) (events []Event, newMark uint64, next <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.shelves(q) {
		for _, r := range s.all {
			if r.changed > mark && q.of(r.event) {
				events = append(events, r.event)
			}
		}
	}
	if q.all {
		sortByID(events)
	}
	return events, l.changes, l.onChange
}

func sortByID(events []Event) {
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.ID, b.ID) })
}
