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

// Names are hosts whose addresses are looked up together, while they are Run, and remembered for a while.
//
//	fresh ──keep──▶ old: given out, and looked up again ──10 × keep──▶ too old: looked up first
//
// So who asks often never waits for DNS. A host that cannot be looked up keeps the addresses that it had last.
type Names struct {
	hosts  []string
	lookup Lookup
	keep   time.Duration
	wanted chan struct{} // has room for one

	mu      sync.Mutex
	renewed chan struct{} // closed with the next look-up's end
	at      time.Time     // when the last one ended; zero: there was none
	addrs   map[string][]netip.Addr
	err     error
}

// NewNames makes Names of hosts that are looked up at most once in keep.
func NewNames(lookup Lookup, keep time.Duration, hosts ...string) *Names {
	return &Names{
		hosts: hosts, lookup: lookup, keep: keep, wanted: make(chan struct{}, 1),
		renewed: make(chan struct{}), addrs: map[string][]netip.Addr{},
	}
}

// Run looks up what Addrs asks for, until ctx ends.
func (n *Names) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wanted:
		}
		if n.age() >= n.keep { // else it was asked for again while it was looked up
			n.refresh(ctx)
		}
	}
}

func (n *Names) age() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Since(n.at)
}

// Addrs returns all addresses, of IPv4 as such, and what went wrong at the last look-up, if anything.
func (n *Names) Addrs(ctx context.Context) ([]netip.Addr, error) {
	n.mu.Lock()
	age, renewed := time.Since(n.at), n.renewed
	if age >= n.keep {
		select {
		case n.wanted <- struct{}{}:
		default: // by somebody else
		}
	}
	if age < usable*n.keep {
		defer n.mu.Unlock()
		return n.all(), n.err
	}
	n.mu.Unlock()
	select {
	case <-renewed:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all(), n.err
}

// refresh looks all hosts up at once.
func (n *Names) refresh(ctx context.Context) {
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
	n.err, n.at = errors.Join(errs...), time.Now()
	close(n.renewed)
	n.renewed = make(chan struct{})
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
