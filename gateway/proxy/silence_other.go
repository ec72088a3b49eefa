//go:build !linux

package proxy

import (
	"context"
	"net"
)

// dialWatched connects to a replica. Keep-alive probes find the end of a node here, later than where the state of a
// connection can be asked for.
func dialWatched(d *net.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.DialContext
}
