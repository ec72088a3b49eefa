package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Listen opens addr, which the user gave with flag. When the port is taken, the error names it, the flag,
// an example of another address and, where the system tells, the process that holds it.
func Listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err == nil {
		return l, nil
	}
	return nil, listenError(flag, addr, err)
}

// listenError explains why addr, which the user gave with flag, cannot be had.
func listenError(flag, addr string, err error) error {
	if wrong := new(net.AddrError); errors.As(err, &wrong) {
		return fmt.Errorf("%s %s: write it as HOST:PORT, such as 127.0.0.1:8080: %s", flag, addr, wrong.Err)
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s %s: %w", flag, addr, err)
	}
	host, port, _ := net.SplitHostPort(addr) // it was good enough to be tried
	other := 0
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && n < 65535 {
		other = int(n) + 1
	}
	example := net.JoinHostPort(host, strconv.Itoa(other))
	return fmt.Errorf("%s %s: port %s is taken%s; stop that, or give another address, as in "+
		"make up UP_FLAGS=\"%s %s\" (port 0 chooses a free one): %w",
		flag, addr, port, portOwner(port), flag, example, syscall.EADDRINUSE)
}

// Dialable turns the address of a listener into one that a client on this machine can dial: the
// loopback address in place of "all addresses".
func Dialable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Loopback reports whether addr, host:port, can be reached from this machine only.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
