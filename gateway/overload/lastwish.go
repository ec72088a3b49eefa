package overload

import (
	"sync"
	"time"
)

// LastWish is what rules are told of overloads: how many replicas a function would have needed when requests found all
// slots taken, the most of a time of trouble, until that is over for Memory.
type LastWish struct {
	mu   sync.Mutex
	wish int
	at   time.Time // the last such moment
}

// Set remembers that at now wish replicas would have been needed.
func (o *LastWish) Set(now time.Time, wish int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Sub(o.at) > Memory || wish > o.wish {
		o.wish = wish
	}
	if now.After(o.at) {
		o.at = now
	}
}

// Forget is for when a count was lowered: what was seen before says nothing against who wanted that.
func (o *LastWish) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wish = 0
}

// Read returns the wish. False: there was no such moment lately.
func (o *LastWish) Read(now time.Time) (wish int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.wish, o.wish > 0 && now.Sub(o.at) <= Memory
}
