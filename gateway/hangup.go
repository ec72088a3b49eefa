package gateway

import (
	"context"
	"net"
	"syscall"
	"time"

	"faas/internal/http1"
)

// hangupPoll is how often it is looked whether the client of a held request is still there.
const hangupPoll = 250 * time.Millisecond

type connKey struct{}

// withConn keeps the connection in the context of its requests.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// whileConnected returns a context that ends when the client hangs up. Go's server notices that only once
// the body has been read, and nobody reads the body of a request that is held.
func whileConnected(ctx context.Context) (context.Context, context.CancelFunc) {
	conn, ok := ctx.Value(connKey{}).(syscall.Conn)
	ctx, cancel := context.WithCancel(ctx)
	if !ok {
		return ctx, cancel
	}
	go func() {
		tick := time.NewTicker(hangupPoll)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if http1.HungUp(conn) {
					cancel()
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}
