package supervise

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// boundSocket is bound and never listens. The kernel gives its port neither to an outgoing connection nor
// to who asks for any free port. Who asks for this very port with SO_REUSEADDR set, as every listener of Go
// does, gets it, since no socket listens there yet.
type boundSocket struct{ *os.File }

func (boundSocket) yield() error { return nil }

func hold(_ context.Context, addr string) (net.Addr, holder, error) {
	wanted, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, nil, &net.OpError{Op: "listen", Net: "tcp", Err: err}
	}
	file, bound, err := bind(wanted)
	if err != nil {
		return nil, nil, &net.OpError{Op: "listen", Net: "tcp", Addr: wanted, Err: err}
	}
	return bound, boundSocket{file}, nil
}

// bind makes a socket that is bound to addr; no address at all means all of both families, as for net.Listen.
func bind(addr *net.TCPAddr) (*os.File, *net.TCPAddr, error) {
	if len(addr.IP) > 0 {
		return bindFamily(family(addr.IP), addr)
	}
	file, bound, err := bindFamily(syscall.AF_INET6, &net.TCPAddr{IP: net.IPv6unspecified, Port: addr.Port})
	if err == nil || !lacksIPv6(err) {
		return file, bound, err
	}
	return bindFamily(syscall.AF_INET, &net.TCPAddr{IP: net.IPv4zero, Port: addr.Port})
}

func family(ip net.IP) int {
	if ip.To4() != nil {
		return syscall.AF_INET
	}
	return syscall.AF_INET6
}

// lacksIPv6 reports whether err says that the machine has the family switched off.
func lacksIPv6(err error) bool {
	return errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

func bindFamily(family int, addr *net.TCPAddr) (*os.File, *net.TCPAddr, error) {
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), "reserved port")
	bound, err := bindSocket(fd, family, addr)
	if err != nil {
		_ = file.Close() // the first error counts
		return nil, nil, err
	}
	return file, bound, nil
}

func bindSocket(fd, family int, addr *net.TCPAddr) (*net.TCPAddr, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	to, err := socketAddress(fd, family, addr)
	if err != nil {
		return nil, err
	}
	if err := syscall.Bind(fd, to); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	got, err := syscall.Getsockname(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	bound := *addr
	switch got := got.(type) {
	case *syscall.SockaddrInet4:
		bound.Port = got.Port
	case *syscall.SockaddrInet6:
		bound.Port = got.Port
	}
	return &bound, nil
}

func socketAddress(fd, family int, addr *net.TCPAddr) (syscall.Sockaddr, error) {
	if family == syscall.AF_INET {
		return &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}, nil
	}
	to := &syscall.SockaddrInet6{Port: addr.Port, Addr: [16]byte(addr.IP.To16())}
	if addr.Zone != "" {
		link, err := net.InterfaceByName(addr.Zone)
		if err != nil {
			return nil, err
		}
		to.ZoneId = uint32(link.Index) //nolint:gosec // the kernel counts interfaces from 1
	}
	if !addr.IP.IsUnspecified() {
		return to, nil
	}
	// All addresses of both families, as net.Listen has it.
	return to, os.NewSyscallError("setsockopt",
		syscall.SetsockoptInt(fd, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, 0))
}
