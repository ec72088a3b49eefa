package alerting

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"faas/function"
)

// keepAddresses is how long a host's addresses are used before they are looked up again.
const keepAddresses = 5 * time.Second

// addresses are what a host's name stood for when it was looked up.
type addresses struct {
	at    time.Time
	addrs []netip.Addr
}

// member is one Alertmanager.
type member struct {
	url  *url.URL // with its address in place of the name
	host string   // as it was given, for the header Host
	name string   // for people, without a password
}

// String says which Alertmanager it is.
func (m member) String() string { return m.name }

func dns(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// members are all Alertmanagers by their addresses. The error tells of the hosts that have none.
func (c *Client) members(ctx context.Context) ([]member, error) {
	var all []member
	var errs []error
	for _, u := range c.urls {
		name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
		_, err := netip.ParseAddr(u.Hostname())
		if err == nil || u.Scheme == "https" { // a certificate is for the name
			all = append(all, member{url: u, host: u.Host, name: name})
			continue
		}
		addrs, err := c.resolve(ctx, u.Hostname())
		if err != nil {
			errs = append(errs, function.Unavailablef("Alertmanager %s: look up %s: %w", name, u.Hostname(), err))
		}
		for _, addr := range addrs {
			at := *u
			at.Host = hostPort(addr, u.Port())
			all = append(all, member{url: &at, host: u.Host, name: name + " (" + addr.String() + ")"})
		}
	}
	return all, errors.Join(errs...)
}

func hostPort(addr netip.Addr, port string) string {
	if port != "" {
		return net.JoinHostPort(addr.String(), port)
	}
	if addr.Is6() {
		return "[" + addr.String() + "]"
	}
	return addr.String()
}

// resolve returns a host's addresses: those of IPv4 where it has any, since one Alertmanager often has one of each
// sort. While it cannot be looked up it keeps those from before, without an error.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	c.mu.Lock()
	known := c.known[host]
	c.mu.Unlock()
	if time.Since(known.at) < keepAddresses {
		return known.addrs, nil
	}
	found, err := c.lookup(ctx, host)
	if err == nil && len(found) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil {
		if len(known.addrs) == 0 {
			return nil, err
		}
		found = known.addrs
	}
	found = oneFamily(found)
	c.mu.Lock()
	c.known[host] = addresses{at: time.Now(), addrs: found}
	c.mu.Unlock()
	return found, nil
}

func oneFamily(found []netip.Addr) []netip.Addr {
	var addrs []netip.Addr
	for _, a := range found {
		addrs = append(addrs, a.Unmap())
	}
	if slices.ContainsFunc(addrs, netip.Addr.Is4) {
		addrs = slices.DeleteFunc(addrs, netip.Addr.Is6)
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}
