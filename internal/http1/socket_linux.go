package http1

import "golang.org/x/sys/unix"

// peerClosed asks the kernel whether the other side of a socket has ended its half.
func peerClosed(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // G115: descriptors are small
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// readable asks the kernel whether a socket has something to read, be it its end.
func readable(fd uintptr) bool {
	var one [1]byte
	_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.EAGAIN && err != unix.EINTR
}
