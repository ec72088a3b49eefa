package swarmtest

import "sync"

// visits are calls under way, to which none is added once they are to end.
type visits struct {
	mu     sync.Mutex
	closed bool
	under  sync.WaitGroup
}

// begin reports whether a call may begin; done ends it.
func (v *visits) begin() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.closed {
		v.under.Add(1)
	}
	return !v.closed
}

func (v *visits) done() { v.under.Done() }

// end lets no call begin any more and waits for those under way.
func (v *visits) end() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	v.under.Wait()
}
