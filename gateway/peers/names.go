package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Lookup returns the addresses of a host.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// DNS is the Lookup that asks the system's resolver.
func DNS(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// lookupTimeout bounds one look-up. Docker's own DNS takes up to 10 s for a name that has no tasks.
const lookupTimeout = time.Second

// usable is how many times its time to be kept an answer is still given out while a newer one is fetched.
const usable = 10

// Names are hosts whose addresses are looked up together and remembered for a while.
//
//	fresh ──keep──▶ old: given out, and looked up again ──10 × keep──▶ too old: looked up first
//
// So who asks often never waits for DNS. A host that cannot be looked up keeps the addresses that it had last.
type Names struct {
	hosts  []string
	lookup Lookup
	keep   time.Duration

	mu      sync.Mutex
	running chan struct{} // closed when the look-up that runs has ended; nil: none runs
	at      time.Time     // when the last one ended; zero: there was none
	addrs   map[string][]netip.Addr
	err     error
}

// NewNames makes Names of hosts that are looked up at most once in keep.
func NewNames(lookup Lookup, keep time.Duration, hosts ...string) *Names {
	return &Names{hosts: hosts, lookup: lookup, keep: keep, addrs: map[string][]netip.Addr{}}
}

// Addrs returns all addresses, of IPv4 as such, and what went wrong at the last look-up, if anything.
func (n *Names) Addrs(ctx context.Context) ([]netip.Addr, error) {
	n.mu.Lock()
	age := time.Since(n.at)
	if age >= n.keep && n.running == nil {
		n.running = make(chan struct{})
		go n.refresh(context.WithoutCancel(ctx), n.running) // it ends after lookupTimeout at the latest
	}
	wait := n.running
	if age < usable*n.keep {
		defer n.mu.Unlock()
		return n.all(), n.err
	}
	n.mu.Unlock()
	select {
	case <-wait:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all(), n.err
}

// refresh looks all hosts up at once and closes ended.
func (n *Names) refresh(ctx context.Context, ended chan<- struct{}) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, errs := make([][]netip.Addr, len(n.hosts)), make([]error, len(n.hosts))
	var wg sync.WaitGroup
	for i, host := range n.hosts {
		wg.Go(func() { found[i], errs[i] = n.lookup(ctx, host) })
	}
	wg.Wait()

	n.mu.Lock()
	defer n.mu.Unlock()
	for i, host := range n.hosts {
		if errs[i] != nil {
			errs[i] = fmt.Errorf("look up %s: %w", host, errs[i])
			continue
		}
		n.addrs[host] = unmapped(found[i])
	}
	n.err, n.at, n.running = errors.Join(errs...), time.Now(), nil
	close(ended)
}

// all is every address once. n.mu is held.
func (n *Names) all() []netip.Addr {
	var all []netip.Addr
	for _, host := range n.hosts {
		all = append(all, n.addrs[host]...)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

func unmapped(addrs []netip.Addr) []netip.Addr {
	plain := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		plain[i] = a.Unmap().WithZone("")
	}
	return plain
}
