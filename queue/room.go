package queue

import "sync"

// room is the common bound of the calls that all lanes make at once. Lanes that find none take turns: each waits with one
// ticket, and what gets free goes to the ticket that waits longest.
type room struct {
	mu      sync.Mutex
	free    int
	waiting []*ticket
}

// ticket is a lane's wish for one place. granted is closed when it has it.
type ticket struct{ granted chan struct{} }

// take takes up to n places, none where somebody waits.
func (r *room) take(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) > 0 || n <= 0 {
		return 0
	}
	n = min(n, r.free)
	r.free -= n
	return n
}

// ask waits in the line for one place.
func (r *room) ask() *ticket {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &ticket{granted: make(chan struct{})}
	r.waiting = append(r.waiting, t)
	r.grant()
	return t
}

// cancel leaves the line, with the place that was granted meanwhile, if any.
func (r *room) cancel(t *ticket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-t.granted:
		r.free++
	default:
		for i, w := range r.waiting {
			if w == t {
				r.waiting = append(r.waiting[:i], r.waiting[i+1:]...)
				break
			}
		}
	}
	r.grant()
}

// release gives n places back.
func (r *room) release(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free += n
	r.grant()
}

// grant gives what is free to those who wait. The caller holds mu.
func (r *room) grant() {
	for r.free > 0 && len(r.waiting) > 0 {
		close(r.waiting[0].granted)
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
		r.free--
	}
}
