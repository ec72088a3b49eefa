package queue

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// patterns are hosts by name, and networks.
type patterns struct {
	names    []string // lower case; *.example.com is everything below example.com, * everything
	networks []netip.Prefix
}

// parsePatterns reads names of hosts (hooks.example.com, *.example.com, *), addresses and networks (10.1.2.3,
// 10.0.0.0/8, fd00::/8), separated by commas.
func parsePatterns(list string) (patterns, error) {
	var p patterns
	var errs []error
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		if network, err := netip.ParsePrefix(one); err == nil {
			p.networks = append(p.networks, network.Masked())
			continue
		}
		if addr, err := netip.ParseAddr(strings.Trim(one, "[]")); err == nil {
			addr = addr.Unmap()
			p.networks = append(p.networks, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		name := hostName(one)
		if name == "" || strings.ContainsAny(name, "/:@ ") || strings.Contains(strings.TrimPrefix(name, "*"), "*") {
			errs = append(errs, fmt.Errorf("%q is no name of a host (hooks.example.com, *.example.com), no address and no network (10.0.0.0/8)", one))
			continue
		}
		p.names = append(p.names, name)
	}
	return p, errors.Join(errs...)
}

// hostName is a name as it is compared.
func hostName(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

func (p patterns) empty() bool { return len(p.names)+len(p.networks) == 0 }

func (p patterns) hasName(host string) bool {
	for _, name := range p.names {
		below, wild := strings.CutPrefix(name, "*")
		if name == host || wild && strings.HasSuffix(host, below) {
			return true
		}
	}
	return false
}

func (p patterns) hasAddr(a netip.Addr) bool {
	for _, network := range p.networks {
		if network.Contains(a) {
			return true
		}
	}
	return false
}
