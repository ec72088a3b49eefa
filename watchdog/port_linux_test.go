package watchdog

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The kernel is asked for any port out of a range that has only the held one
// in it, to listen and to dial out.
func TestHeldPortIsGivenToNobodyElse(t *testing.T) {
	t.Parallel()
	target := listen(t)
	defer target.Close()
	for range 100 {
		held, addr, err := holdPort("localhost")
		if err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		only := onlyPort(t, port)
		if l, err := (&net.ListenConfig{Control: only}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err == nil {
			l.Close()
			t.Error("the port was given to a listener")
		} else if errors.Is(err, syscall.ENOPROTOOPT) {
			t.Skip("needs Linux 6.3:", err)
		}
		if c, err := (&net.Dialer{Control: only}).DialContext(t.Context(), "tcp", target.Addr().String()); err == nil {
			c.Close()
			t.Error("the port was given to a connection")
		}
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal("by whom it is held for it cannot be used:", err)
		}
		l.Close()
		if err := errors.Join(held.release(), held.release()); err != nil {
			t.Error(err)
		}
	}
}

// A watchdog that cannot serve lets go of the port that it held for its function.
func TestRunReleasesHeldPort(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		lock string
		vars []string
		want error
	}{
		"no lock": {filepath.Join(os.DevNull, "lock"), nil, syscall.ENOTDIR},
		"no port": {filepath.Join(t.TempDir(), "lock"), []string{"port=" + port}, syscall.EADDRINUSE},
	} {
		c, err := ConfigFromEnv(lookup(append(test.vars, "mode=http", "fprocess=cat", "upstream_url=http://127.0.0.1:0")...))
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Config: c, LockPath: test.lock, MetricsListener: listen(t)}
		if test.vars == nil {
			o.Listener = listen(t)
		}
		defer o.MetricsListener.Close()
		w, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Run(t.Context()); !errors.Is(err, test.want) {
			t.Errorf("%s: Run says %v, want %v", name, err, test.want)
		}
		if w.handler.invoker.(*proxy).server.port.file != nil {
			t.Errorf("%s: the port is still held", name)
		}
	}
}

// onlyPort has the kernel choose from a range of one port where a socket asks for any.
func onlyPort(t *testing.T, port string) func(string, string, syscall.RawConn) error {
	t.Helper()
	const ipLocalPortRange = 51 // IP_LOCAL_PORT_RANGE: the lowest port, and the highest in the upper half
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return func(_, _ string, socket syscall.RawConn) error {
		var failed error
		err := socket.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipLocalPortRange, n|n<<16)
		})
		return errors.Join(err, failed)
	}
}

// A server that cannot share a port that is held gets it at its second start.
func TestServerWithoutReuse(t *testing.T) {
	t.Setenv(exclusiveVariable, "1")
	w := startHTTP(t)
	eventually(t, "ready", func() bool { return w.status(t, "/_/ready") == 200 })
	if !strings.Contains(w.stderr.String(), "address already in use") {
		t.Error("it could share the port: the test is void")
	}
	if got := w.status(t, "/status"); got != 418 {
		t.Errorf("got %d", got)
	}
}
