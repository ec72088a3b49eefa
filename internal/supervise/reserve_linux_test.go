package supervise

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

// TestReservedPortIsGivenToNobodyElse asks the kernel, 200 times, for any port out of a range that has only
// the reserved one in it, to listen and to dial out.
func TestReservedPortIsGivenToNobodyElse(t *testing.T) {
	target, err := Listen(t.Context(), "--test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	for range 200 {
		r, err := Reserve(t.Context(), "--test", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		only := onlyPort(r.Addr().(*net.TCPAddr).Port)
		if l, err := (&net.ListenConfig{Control: only}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err == nil {
			_ = l.Close()
			t.Error("the reserved port was given to a listener")
		} else if errors.Is(err, syscall.ENOPROTOOPT) {
			t.Skip("needs Linux 6.3:", err)
		}
		if c, err := (&net.Dialer{Control: only}).DialContext(t.Context(), "tcp", target.Addr().String()); err == nil {
			_ = c.Close()
			t.Error("the reserved port was given to a connection")
		}
		l, err := Listen(t.Context(), "--test", r.Addr().String())
		if err != nil {
			t.Fatal("the port cannot be used by whom it is reserved for:", err)
		}
		if err := errors.Join(l.Close(), r.Close()); err != nil {
			t.Error(err)
		}
	}
}

// onlyPort has the kernel choose from a range of one port where a socket asks for any.
func onlyPort(port int) func(string, string, syscall.RawConn) error {
	const ipLocalPortRange = 51 // IP_LOCAL_PORT_RANGE: the lowest port, and the highest in the upper half
	return func(_, _ string, socket syscall.RawConn) error {
		var failed error
		err := socket.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipLocalPortRange, port|port<<16)
		})
		return errors.Join(err, failed)
	}
}

func TestReserveTellsWhoHoldsThePort(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", ":0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			first, err := Listen(t.Context(), "--listen", addr)
			if err != nil {
				t.Skip("no such address here:", err)
			}
			defer func() { _ = first.Close() }()
			_, wanted := Listen(t.Context(), "--prometheus-listen", first.Addr().String())
			r, err := Reserve(t.Context(), "--prometheus-listen", first.Addr().String())
			if err == nil {
				_ = r.Close()
			}
			if !errors.Is(err, syscall.EADDRINUSE) || err.Error() != wanted.Error() {
				t.Errorf("got  %v\nwant %v", err, wanted)
			}
		})
	}
}

func TestReserveBadAddress(t *testing.T) {
	for _, addr := range []string{"localhost", "127.0.0.1:http-none", "192.0.2.1:0"} {
		_, wanted := Listen(t.Context(), "--test", addr)
		_, err := Reserve(t.Context(), "--test", addr)
		if err == nil || !strings.HasPrefix(err.Error(), "--test "+addr+": ") {
			t.Errorf("got %v, want an error as %v", err, wanted)
		}
	}
}

// TestReservedPortServesAProgram has a child process listen on a reserved port, also after it died.
func TestReservedPortServesAProgram(t *testing.T) {
	r, err := Reserve(t.Context(), "--test", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	opts := options(t.TempDir(), "serve", Dialable(r.Addr().String()))
	events := make(chan Event, 2)
	opts.Report = func(e Event) { events <- e }
	p := program(t, opts)
	stop := run(t, p)
	<-p.Ready()
	p.Kill()
	if <-events; (<-events).Err != nil {
		t.Error("it was not ready again")
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}
