package proxy

import (
	"sync/atomic"
	"time"
)

// quarantine is how long a replica that refused a connection is left alone. Its backend usually tells
// of its end long before.
const quarantine = time.Second

// Target is one ready replica with the requests that this gateway has in flight to it. It counts its
// own, so that two tables that both hold it agree.
type Target struct {
	// ID and Addr (host:port) are the replica's.
	ID, Addr string

	inflight   atomic.Int64
	quietUntil atomic.Int64 // unix nanoseconds; 0: not in quarantine
}

// Inflight is the number of requests lent to the target and not yet released.
func (t *Target) Inflight() int { return int(t.inflight.Load()) }

// Release gives back what Acquire took.
func (t *Target) Release() { t.inflight.Add(-1) }

// Quarantine keeps the target from being chosen for a while, since it did not answer at now.
func (t *Target) Quarantine(now time.Time) { t.quietUntil.Store(now.Add(quarantine).UnixNano()) }

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
