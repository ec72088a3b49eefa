package watchdog

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// A heldPort is a port of this machine that the kernel gives to nobody who asks
// for any: a socket is bound to it that never listens. Who asks for this very
// port with SO_REUSEADDR set, as nearly every server does, gets it.
type heldPort struct{ file *os.File }

// holdPort holds a free port of host, and returns it with its address.
func holdPort(host string) (*heldPort, string, error) {
	addr, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, "", err
	}
	ip := addr.AddrPort().Addr().Unmap()
	family, sockaddr := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: ip.As16()})
	if ip.Is4() {
		family, sockaddr = unix.AF_INET, &unix.SockaddrInet4{Addr: ip.As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, "", os.NewSyscallError("socket", err)
	}
	held := &heldPort{file: os.NewFile(uintptr(fd), "port")}
	fail := func(call string, err error) (*heldPort, string, error) {
		return nil, "", errors.Join(os.NewSyscallError(call, err), held.release())
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fail("setsockopt", err)
	}
	if err := unix.Bind(fd, sockaddr); err != nil {
		return fail("bind", fmt.Errorf("%s: %w", host, err))
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return fail("getsockname", err)
	}
	port := 0
	switch b := bound.(type) {
	case *unix.SockaddrInet4:
		port = b.Port
	case *unix.SockaddrInet6:
		port = b.Port
	}
	return held, netip.AddrPortFrom(ip, uint16(port)).String(), nil
}

func (p *heldPort) release() error {
	if p == nil || p.file == nil {
		return nil
	}
	f := p.file
	p.file = nil
	return f.Close()
}
