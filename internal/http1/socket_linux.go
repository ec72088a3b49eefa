package http1

import "golang.org/x/sys/unix"

// poller asks the kernel about a socket. It is a part of its connection, so that nothing is allocated to ask.
type poller struct{ fds [1]unix.PollFd }

// peerClosed asks whether the other side of a socket has ended its half.
func (p *poller) peerClosed(fd uintptr) bool { return p.polls(fd, unix.POLLRDHUP) }

// readable asks whether a socket has something to read, be it its end.
func (p *poller) readable(fd uintptr) bool { return p.polls(fd, unix.POLLIN|unix.POLLRDHUP) }

func (p *poller) polls(fd uintptr, events int16) bool {
	p.fds[0] = unix.PollFd{Fd: int32(fd), Events: events} //nolint:gosec // G115: descriptors are small
	n, err := unix.Poll(p.fds[:], 0)
	return err == nil && n > 0
}
