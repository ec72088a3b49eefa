package http1

import (
	"errors"
	"syscall"
)

// HungUp asks whether the other side of a connection has ended its half. Where the system cannot be asked it is false: reading
// tells, later.
func HungUp(c syscall.Conn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return !errors.Is(err, errors.ErrUnsupported) // it is closed
	}
	var p poller
	gone := false
	err = raw.Control(func(fd uintptr) { gone = p.peerClosed(fd) })
	return gone || err != nil
}
