package gateway

import "golang.org/x/sys/unix"

// peerClosed asks the kernel whether the peer of a socket has ended its side.
func peerClosed(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // G115: descriptors are small
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}
