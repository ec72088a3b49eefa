package proxy

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"faas/function"
)

// Balancer lends out the ready replicas of one function. Its methods are safe for concurrent use, and
// Acquire takes no lock. The zero value has no replicas.
type Balancer struct {
	set atomic.Pointer[targetSet]

	update sync.Mutex // held by Update only
}

// targetSet is immutable once stored, but for the counters inside the targets.
type targetSet struct {
	targets []*Target
	slots   int64
}

// Update sets the replicas to choose among: those of rs that are ready. Targets that stay keep their
// counts and their quarantine. slots is how many requests each may have in flight from here, 0 for no bound.
func (b *Balancer) Update(rs []function.Replica, slots int) {
	b.update.Lock()
	defer b.update.Unlock()

	known := map[string]*Target{}
	for _, t := range b.load().targets {
		known[t.ID] = t
	}
	next := &targetSet{slots: int64(slots)}
	for _, r := range rs {
		if r.State != function.ReplicaReady || r.Addr == "" {
			continue
		}
		t := known[r.ID]
		if t == nil || t.Addr != r.Addr {
			t = &Target{ID: r.ID, Addr: r.Addr}
		} else {
			delete(known, r.ID)
		}
		next.targets = append(next.targets, t)
	}
	b.set.Store(next)
	for _, t := range known {
		t.retire()
	}
}

// Acquire lends a replica at time now, or nil when there is none, each is full, or each is in
// quarantine or has just refused a request. The caller must Release it.
//
// The choice is the less loaded of two taken at random ("the power of two choices", Mitzenmacher 2001):
// as good as asking all for the least loaded, without every gateway running to the same one.
func (b *Balancer) Acquire(now time.Time) *Target {
	set := b.load()
	n := len(set.targets)
	if n == 0 {
		return nil
	}
	at := now.UnixNano()
	if n > 1 {
		i := rand.IntN(n)     //nolint:gosec // a spread of load, not a secret
		j := rand.IntN(n - 1) //nolint:gosec // as above
		if j >= i {
			j++
		}
		t, other := set.targets[i], set.targets[j]
		if t.shunned(at) || (other.inflight.Load() < t.inflight.Load() && !other.shunned(at)) {
			t = other
		}
		if !t.shunned(at) && t.take(set.slots) {
			return t
		}
	}
	// The two were of no use: whoever has room. Starting anywhere spreads those who come here at once.
	start := rand.IntN(n) //nolint:gosec // as above
	for i := range n {
		t := set.targets[(start+i)%n]
		if !t.shunned(at) && t.take(set.slots) {
			return t
		}
	}
	return nil
}

// Usable returns how many replicas are ready and not in quarantine at now, whether or not they have room.
func (b *Balancer) Usable(now time.Time) int {
	n, at := 0, now.UnixNano()
	for _, t := range b.load().targets {
		if !t.quarantined(at) {
			n++
		}
	}
	return n
}

// Inflight returns how many requests each ready replica has in flight from here, by its ID.
func (b *Balancer) Inflight() map[string]int {
	set := b.load()
	counts := make(map[string]int, len(set.targets))
	for _, t := range set.targets {
		counts[t.ID] = t.Inflight()
	}
	return counts
}

// Slots is how many requests each replica may have in flight from here; 0 is no bound.
func (b *Balancer) Slots() int { return int(b.load().slots) }

func (b *Balancer) load() *targetSet {
	if set := b.set.Load(); set != nil {
		return set
	}
	return &targetSet{}
}
