package supervise

import (
	"context"
	"net"
)

// Reservation keeps a port for a program that is to listen on it: from when the port is chosen until that
// program has ended for good, also while it starts again.
type Reservation struct {
	addr   net.Addr
	holder holder
}

// holder is the system's way to keep a port.
type holder interface {
	// yield lets another process listen, however the system needs that.
	yield() error
	// Close ends it.
	Close() error
}

// Reserve keeps addr, which the user gave with flag; port 0 chooses a free one. Its errors are those of Listen.
func Reserve(ctx context.Context, flag, addr string) (*Reservation, error) {
	bound, holder, err := hold(ctx, addr)
	if err != nil {
		return nil, listenError(flag, addr, err)
	}
	return &Reservation{addr: bound, holder: holder}, nil
}

// Addr is what the program is to listen on.
func (r *Reservation) Addr() net.Addr { return r.addr }

// Yield is to be called right before the program starts. On Linux the port stays reserved; elsewhere it
// is free from here on until the program listens.
func (r *Reservation) Yield() error { return r.holder.yield() }

// Close ends the reservation.
func (r *Reservation) Close() error { return r.holder.Close() }
