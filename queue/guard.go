package queue

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"faas/function"
)

// guard says to which hosts answers may be sent. A name is judged when the call is accepted, and each address that it
// has then, at the moment of the connection: a name may change what it resolves to.
type guard struct {
	allow, deny patterns
	loopback    bool
	ownPorts    []uint16
	control     []string
	gateways    []string
	lookup      Lookup
	interfaces  func() ([]netip.Prefix, error)
	routers     func() []netip.Addr

	mu     sync.Mutex
	server func() (netip.Addr, bool)
	fenced []netip.Prefix // the networks of the control plane that were seen
	seen   time.Time
}

// Lookup returns the addresses of a host.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// refusedError says that a place is not allowed. Trying again does not help.
type refusedError struct{ error }

func refuse(format string, args ...any) error { return &refusedError{fmt.Errorf(format, args...)} }

// host judges a name or address as it stands in a URL.
func (g *guard) host(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		return g.addr(host, addr, 0)
	}
	name := hostName(host)
	switch {
	case g.deny.hasName(name):
		return refuse("callback_deny has it")
	case g.allow.hasName(name):
		return nil
	case metadataNames().hasName(name):
		return refuse("it is the metadata service of a cloud")
	case (name == "localhost" || patterns{names: []string{"*.localhost"}}.hasName(name)) && !g.loopback:
		return refuse("it is the gateway's own machine")
	case !g.allow.empty() && len(g.allow.networks) == 0:
		return refuse("callback_allow does not have it")
	}
	return nil
}

// denied reports whether callback_deny has the host itself.
func (g *guard) denied(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return g.deny.hasAddr(a.Unmap().WithZone(""))
	}
	return g.deny.hasName(hostName(host))
}

// addr judges an address that host, a name or the address itself, has. port is 0 where it does not matter yet.
func (g *guard) addr(host string, a netip.Addr, port uint16) error {
	a = a.Unmap().WithZone("")
	named := g.allow.hasName(hostName(host))
	switch {
	case g.deny.hasAddr(a):
		return refuse("callback_deny has it")
	case g.allow.hasAddr(a):
		return nil
	case !g.allow.empty() && !named:
		return refuse("callback_allow does not have it")
	case builtin().hasAddr(a), a.IsUnspecified(), a.IsMulticast():
		return refuse("the address is link-local, a cloud's metadata service or none of a host")
	case a.IsLoopback() && !g.loopback:
		return refuse("it is the gateway's own machine")
	}
	for network, at := range embedding() {
		if inner := a.As16(); a.Is6() && !a.IsLoopback() && network.Contains(a) {
			return g.addr(host, netip.AddrFrom4([4]byte(inner[at:at+4])), port)
		}
	}
	if port == 0 {
		return nil
	}
	own, err := g.interfaces()
	if err != nil {
		return fmt.Errorf("own addresses: %w", err)
	}
	mine := a.IsLoopback() || slices.ContainsFunc(own, func(p netip.Prefix) bool { return p.Addr() == a })
	if mine && slices.Contains(g.ownPorts, port) {
		return refuse("it is a port of faas itself; http://gateway:8080/function/NAME calls a function")
	}
	return nil
}

// gateway refuses the ports of faas at the addresses of all gateways: by another name than that of the gateway, which means
// functions only, they would take every path.
func (g *guard) gateway(ctx context.Context, at netip.AddrPort) error {
	if !slices.Contains(g.ownPorts, at.Port()) || g.allow.hasAddr(at.Addr()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, name := range g.gateways {
		for _, name := range []string{name, "tasks." + name} { // the address of all, and that of each
			addrs, err := g.lookup(ctx, name)
			if err != nil {
				continue // nobody here is called so
			}
			for _, a := range addrs {
				if a.Unmap().WithZone("") == at.Addr() {
					return refuse("it is a port of a gateway; http://gateway:8080/function/NAME calls a function")
				}
			}
		}
	}
	return nil
}

// fence judges an address by the networks of the control plane, which no function and no caller may reach.
func (g *guard) fence(ctx context.Context, a netip.Addr) error {
	a = a.Unmap().WithZone("")
	if g.allow.hasAddr(a) {
		return nil
	}
	for _, network := range g.fences(ctx) {
		if network.Contains(a) {
			return refuse("it is on the network of the control plane (callback_allow=%s/%d allows it)", a, a.BitLen())
		}
	}
	return nil
}

// fences are the networks of this machine on which the server and the hosts of Control are. One that was seen once is
// fenced for good.
func (g *guard) fences(ctx context.Context) []netip.Prefix {
	g.mu.Lock()
	server, fresh := g.server, time.Since(g.seen) < 10*time.Second
	known := g.fenced
	g.mu.Unlock()
	if fresh {
		return known
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var hosts []netip.Addr
	if server != nil {
		if a, ok := server(); ok {
			hosts = append(hosts, a)
		}
	}
	for _, name := range g.control {
		addrs, err := g.lookup(ctx, name)
		if err != nil {
			continue // it is away: its network was seen when it was there
		}
		hosts = append(hosts, addrs...)
	}
	own, _ := g.interfaces() // without them only the hosts themselves are fenced
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.loopback { // in a container the router is the machine itself, with all its ports
		for _, router := range g.routers() {
			if fence := netip.PrefixFrom(router, router.BitLen()); !slices.Contains(g.fenced, fence) {
				g.fenced = append(slices.Clip(g.fenced), fence)
			}
		}
	}
	for _, host := range hosts {
		host = host.Unmap()
		if host.IsLoopback() {
			continue
		}
		fence := netip.PrefixFrom(host, host.BitLen())
		for _, network := range own {
			if network.Contains(host) {
				fence = network.Masked()
			}
		}
		if !slices.Contains(g.fenced, fence) {
			g.fenced = append(slices.Clip(g.fenced), fence)
		}
	}
	g.seen = time.Now()
	return g.fenced
}

// controlled says how to learn where the server is.
func (g *guard) controlled(server func() (netip.Addr, bool)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.server, g.seen = server, time.Time{}
}

// dial connects to an allowed address of the host, and to no other.
func (g *guard) dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	if err := g.host(host); err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a}
	} else if addrs, err = g.lookup(ctx, host); err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, portText)
	if err != nil {
		return nil, err
	}
	last := function.Invalidf("host %s has no address", host)
	for _, a := range addrs {
		at := netip.AddrPortFrom(a.Unmap(), uint16(port)) //nolint:gosec // a port
		if err := g.addr(host, a, at.Port()); err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		if err := g.fence(ctx, a); err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		if err := g.gateway(ctx, at); err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		var conn net.Conn
		if conn, last = (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, at.String()); last == nil {
			return conn, nil
		}
	}
	return nil, last
}
