package proxy

import (
	"sync/atomic"
	"time"

	"faas/internal/http1"
)

// A replica that did not answer is left alone for a time that doubles with each failure in a row, so that a node that
// is cut off costs few requests the time of a dial. Its backend usually tells of its end long before.
const (
	quarantine        = time.Second
	longestQuarantine = 16 * time.Second
)

// Target is one ready replica with the requests that this gateway has in flight to it. It counts its
// own, so that two tables that both hold it agree.
type Target struct {
	// ID and Addr (host:port) are the replica's.
	ID, Addr string

	inflight   atomic.Int64
	quietUntil atomic.Int64 // unix nanoseconds; 0: not in quarantine
	fullUntil  atomic.Int64 // unix nanoseconds; 0: it has not refused anything
	failures   atomic.Int32 // in a row

	connections atomic.Pointer[http1.Pool] // of the short way; nil before the first request
	retired     atomic.Bool
}

// pool keeps the connections of the short way to the target, which are c's.
func (t *Target) pool(c *http1.Client) *http1.Pool {
	if p := t.connections.Load(); p != nil {
		return p
	}
	p := c.Pool(t.Addr)
	if !t.connections.CompareAndSwap(nil, p) {
		p.Close()
		return t.connections.Load()
	}
	if t.retired.Load() {
		p.Close()
	}
	return p
}

// retire closes the connections of a target that is not chosen any more, those in use once they are not.
func (t *Target) retire() {
	t.retired.Store(true)
	if p := t.connections.Load(); p != nil {
		p.Close()
	}
}

// Inflight is the number of requests lent to the target and not yet released.
func (t *Target) Inflight() int { return int(t.inflight.Load()) }

// Release gives back what Acquire took.
func (t *Target) Release() { t.inflight.Add(-1) }

// Quarantine keeps the target from being chosen for a while, since it did not answer at now. Failures of requests
// that were lent it before it was last put in quarantine say nothing new.
func (t *Target) Quarantine(now time.Time) {
	if t.quarantined(now.UnixNano()) {
		return
	}
	n := min(t.failures.Add(1)-1, 4) // 2^4 quarantines are the longest
	t.quietUntil.Store(now.Add(min(quarantine<<n, longestQuarantine)).UnixNano())
}

// Answered ends a row of failures.
func (t *Target) Answered() {
	if t.failures.Load() != 0 { // a load is cheaper than a store that all processors must see
		t.failures.Store(0)
	}
}

// breather is how long a replica that had no room is left alone. It is about as long as a short request.
const breather = 10 * time.Millisecond

// Refused keeps the target from being chosen for a breath, since it said at now that it has no room.
func (t *Target) Refused(now time.Time) { t.fullUntil.Store(now.Add(breather).UnixNano()) }

// shunned reports whether the target is not to be chosen at now.
func (t *Target) shunned(now int64) bool { return t.quarantined(now) || t.fullUntil.Load() > now }

func (t *Target) quarantined(now int64) bool { return t.quietUntil.Load() > now }

// take adds one request unless that would exceed slots; slots 0 has no bound.
//
// Two callers that both saw a free slot both add; the one that went over takes itself back, so the
// bound holds without a lock and nobody waits.
func (t *Target) take(slots int64) bool {
	if n := t.inflight.Add(1); slots > 0 && n > slots {
		t.inflight.Add(-1)
		return false
	}
	return true
}
