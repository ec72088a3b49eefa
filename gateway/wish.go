package gateway

import (
	"sync"
	"time"

	"faas/gateway/overload"
)

// overloadMemory is how long it is told that a function had no room.
const overloadMemory = overload.Memory

// lastWish remembers how many replicas a function would have needed when requests found all slots taken: the most of a
// time of trouble, until that is over for overloadMemory.
type lastWish struct {
	mu   sync.Mutex
	wish int
	at   time.Time // the last such moment
}

// set remembers that at now wish replicas would have been needed.
func (o *lastWish) set(now time.Time, wish int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Sub(o.at) > overloadMemory || wish > o.wish {
		o.wish = wish
	}
	if now.After(o.at) {
		o.at = now
	}
}

// forget is for when a count was lowered: what was seen before says nothing against who wanted that.
func (o *lastWish) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wish = 0
}

// read returns the wish. False: there was no such moment lately.
func (o *lastWish) read(now time.Time) (wish int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.wish, o.wish > 0 && now.Sub(o.at) <= overloadMemory
}

// overloaded notes that a request found all slots taken at now, when wish replicas would have had room for all.
func (s *series) overloaded(now time.Time, wish int) { s.overload.set(now, wish) }
