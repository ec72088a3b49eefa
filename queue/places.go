package queue

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// builtin are the places that are never meant: what a machine says about itself and its cloud, and what is no host.
func builtin() patterns {
	return patterns{networks: []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("169.254.0.0/16"),     // link-local, and the clouds' metadata
		netip.MustParsePrefix("100.100.100.200/32"), // Alibaba's
		netip.MustParsePrefix("168.63.129.16/32"),   // Azure's
		netip.MustParsePrefix("192.0.0.0/24"),       // Oracle's among them
		netip.MustParsePrefix("224.0.0.0/3"),        // multicast, reserved, broadcast
		netip.MustParsePrefix("::/128"),
		netip.MustParsePrefix("fe80::/10"),
		netip.MustParsePrefix("fec0::/10"),
		netip.MustParsePrefix("fd00:ec2::/32"),          // Amazon's
		netip.MustParsePrefix("fd20:ce::254/128"),       // Google's
		netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle's
		netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway's
		netip.MustParsePrefix("64:ff9b:1::/48"),         // NAT64 of one's own, whose form is not known
		netip.MustParsePrefix("ff00::/8"),
	}}
}

// embedding are the networks of IPv6 that hold an address of IPv4, by the byte where it begins.
func embedding() map[netip.Prefix]int {
	return map[netip.Prefix]int{
		netip.MustParsePrefix("64:ff9b::/96"): 12, // NAT64
		netip.MustParsePrefix("2002::/16"):    2,  // 6to4
		netip.MustParsePrefix("::/96"):        12,
	}
}

// metadataNames are names of such places.
func metadataNames() patterns {
	return patterns{names: []string{"metadata", "metadata.google.internal", "instance-data", "*.internal.cloudapp.net"}}
}

// interfacePrefixes are the addresses of this machine with their networks.
func interfacePrefixes() ([]netip.Prefix, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var all []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p)
		}
	}
	return all, nil
}

// defaultGateways are the routers to everywhere else. None where the system does not tell.
func defaultGateways() []netip.Addr {
	table, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return nil
	}
	return parseRoutes(table)
}

// parseRoutes reads the routers of the default routes, in the form of Linux: the bytes of an address from the last to the
// first, as they are in memory.
func parseRoutes(table []byte) []netip.Addr {
	var routers []netip.Addr
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		fields := strings.Fields(lines.Text()) // Iface Destination Gateway Flags RefCnt Use Metric Mask
		if len(fields) < 8 || fields[1] != "00000000" || fields[7] != "00000000" || fields[2] == "00000000" {
			continue
		}
		if raw, err := hex.DecodeString(fields[2]); err == nil && len(raw) == 4 {
			slices.Reverse(raw)
			routers = append(routers, netip.AddrFrom4([4]byte(raw)))
		}
	}
	return routers
}

// resolve is the Lookup of the system.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}
