//go:build !linux

package http1

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// DialWatched is d's own DialContext. Keep-alive probes find the end of a node here, later than where the state of a
// connection can be asked for.
func DialWatched(d *net.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.DialContext
}

// silence is never found here.
type silence struct {
	raw     syscall.RawConn
	longest time.Duration
}

func (*silence) tooLong(time.Time) bool { return false }

func silentError(net.Conn) error { return errors.ErrUnsupported }

// poller cannot ask here: reading tells, later.
type poller struct{}

func (*poller) peerClosed(uintptr) bool { return false }

func (*poller) readable(uintptr) bool { return false }
