//go:build !linux

package watchdog

import "net"

// A heldPort holds nothing here: another program may take the port before the
// function does. Then the function ends, and so does its next start.
type heldPort struct{}

// holdPort finds a free port of host, and returns its address.
func holdPort(host string) (*heldPort, string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0")) //nolint:noctx // it is this machine's own address
	if err != nil {
		return nil, "", err
	}
	return &heldPort{}, l.Addr().String(), l.Close()
}

func (*heldPort) release() error { return nil }
