package proxy

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// longestSilence is how long what was sent to a replica may stay unacknowledged by its kernel. A node that is gone or
// cut off says nothing, and without a bound a request on an open connection to it would wait for a quarter of an hour.
// How long the function itself takes to answer is no matter of this.
const longestSilence = 5 * time.Second

// boundSilence sets TCP_USER_TIMEOUT (RFC 5482) on a connection to a replica.
func boundSilence(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(longestSilence.Milliseconds()))
	})
	return errors.Join(err, set)
}
