package http1

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// longestSilence is how long the kernel of a replica may leave unanswered what was sent to it. A node that is gone or
// cut off says nothing, and without a bound a request on an open connection to it would wait for a quarter of an hour.
// How long the function itself takes to read or to answer is no matter of this.
const longestSilence = 4 * time.Second

// silenceLook is how often it is looked whether a connection is silent.
const silenceLook = time.Second

// lostProbes is how many probes for room in a row say something. One alone may be lost, and Linux answers no two within
// half a second.
const lostProbes = 2

// DialWatched makes a dial function of d whose connections fail to be read once the other kernel has been silent for 4 s,
// though it owes an answer.
func DialWatched(d *net.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return watch(c, silenceLook, longestSilence)
	}
}

// watched is a connection to a replica on which Read, which a transport always has under way while it waits for an
// answer, fails once the replica's kernel is silent. TCP_USER_TIMEOUT (RFC 5482) would do that too, but on Linux it also
// ends a connection whose other end is well and has had no room for as long: that of a function that takes its time
// before it reads on.
type watched struct {
	*net.TCPConn
	silence silence
	look    time.Duration
}

// silence tells whether the other end of a connection owes an answer for too long. The one who reads uses it.
type silence struct {
	raw     syscall.RawConn
	longest time.Duration
	since   time.Time // when it was first seen to wait for the other kernel
}

func watch(c net.Conn, look, longest time.Duration) (net.Conn, error) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c, nil
	}
	raw, err := tcp.SyscallConn()
	if err == nil {
		err = tcp.SetReadDeadline(time.Now().Add(look))
	}
	if err != nil {
		_ = c.Close() // the first error counts
		return nil, err
	}
	return &watched{TCPConn: tcp, look: look, silence: silence{raw: raw, longest: longest}}, nil
}

// Read implements io.Reader. Its deadline is used up for looking.
func (w *watched) Read(p []byte) (int, error) {
	for {
		n, err := w.TCPConn.Read(p)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		now := time.Now()
		if w.silence.tooLong(now) {
			return n, silentError(w.TCPConn)
		}
		if err := w.SetReadDeadline(now.Add(w.look)); err != nil {
			return n, err
		}
	}
}

func silentError(c net.Conn) error {
	return &net.OpError{
		Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(),
		Err: os.NewSyscallError("read", syscall.ETIMEDOUT),
	}
}

// tooLong reports whether the other kernel has answered nothing for too long.
func (w *silence) tooLong(now time.Time) bool {
	var info *unix.TCPInfo
	var err error
	if failed := w.raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); failed != nil || err != nil {
		return false // it was closed, as the next read finds
	}
	w.since = unanswered(w.since, now, info)
	return !w.since.IsZero() && now.Sub(w.since) >= w.longest
}

// unanswered returns since when the other kernel owes an answer, and zero when it does not: neither something sent
// again nor several probes for room are out. An answer that came meanwhile begins the time anew.
func unanswered(since, now time.Time, info *unix.TCPInfo) time.Time {
	heard := now.Add(-time.Duration(info.Last_ack_recv) * time.Millisecond)
	switch {
	case info.Retransmits == 0 && info.Probes < lostProbes:
		return time.Time{}
	case since.IsZero() || heard.After(since):
		return now
	}
	return since
}
