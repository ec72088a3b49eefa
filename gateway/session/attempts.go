package session

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often a password may be tried from one address: a few times at once, as people who mistype do, and then slowly. All
// addresses together are bounded too.
const (
	triesAtOnce = 5
	tryEvery    = 5 * time.Second
	allAtOnce   = 50
	allEvery    = 100 * time.Millisecond
	// maxSources bounds how many addresses are remembered.
	maxSources = 4096
)

// Attempts bounds how often passwords are tried. The zero value is ready.
type Attempts struct {
	mu      sync.Mutex
	all     *rate.Limiter
	sources map[netip.Prefix]*rate.Limiter
}

// Try counts an attempt from an address at now. With a wait above 0 it is one too many, and wait is until the next one. Else
// the caller calls back where the attempt was a good one, which then does not count.
func (a *Attempts) Try(from netip.Addr, now time.Time) (wait time.Duration, good func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all, a.sources = rate.NewLimiter(rate.Every(allEvery), allAtOnce), map[netip.Prefix]*rate.Limiter{}
	}
	source := a.source(from, now)
	one, all := source.ReserveN(now, 1), a.all.ReserveN(now, 1)
	wait = max(one.DelayFrom(now), all.DelayFrom(now))
	undo := func() { one.CancelAt(now); all.CancelAt(now) }
	if wait > 0 {
		undo() // what was refused is not counted
	}
	return wait, undo
}

// source is the limiter of an address. A network of IPv6 that one client commonly has is one.
func (a *Attempts) source(from netip.Addr, now time.Time) *rate.Limiter {
	from = from.Unmap()
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	prefix, _ := from.Prefix(bits) // of an address that is none: the zero value, as good as any
	l := a.sources[prefix]
	if l != nil {
		return l
	}
	if len(a.sources) >= maxSources {
		for p, other := range a.sources {
			if other.TokensAt(now) >= triesAtOnce {
				delete(a.sources, p)
			}
		}
	}
	if len(a.sources) >= maxSources {
		return a.all // an attack from everywhere: what bounds all has to do
	}
	l = rate.NewLimiter(rate.Every(tryEvery), triesAtOnce)
	a.sources[prefix] = l
	return l
}
