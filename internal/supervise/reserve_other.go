//go:build !linux

package supervise

import (
	"context"
	"net"
)

// listening keeps the port with a listener, which has to go before another process can listen.
type listening struct{ net.Listener }

func (l listening) yield() error { return l.Close() }

func hold(ctx context.Context, addr string) (net.Addr, holder, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	return l.Addr(), listening{l}, nil
}
