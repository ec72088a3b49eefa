package supervise

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestListenTellsWhoHoldsThePort(t *testing.T) {
	first, err := Listen(t.Context(), "--listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	addr := first.Addr().String()
	_, err = Listen(t.Context(), "--metrics-listen", addr)
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("got %v, want address in use", err)
	}
	if !strings.HasPrefix(err.Error(), "--metrics-listen "+addr+": port ") {
		t.Errorf("%q does not name flag and port", err)
	}
	if want := `make up UP_FLAGS="--metrics-listen 127.0.0.1:`; !strings.Contains(err.Error(), want) {
		t.Errorf("%q gives no example with %q", err, want)
	}
	if want := fmt.Sprintf("(pid %d)", os.Getpid()); runtime.GOOS == "linux" && !strings.Contains(err.Error(), want) {
		t.Errorf("%q does not say %q", err, want)
	}
}

func TestListenBadAddress(t *testing.T) {
	for _, addr := range []string{"localhost", "8080"} {
		_, err := Listen(t.Context(), "--listen", addr)
		if err == nil || !strings.HasPrefix(err.Error(), "--listen "+addr+": write it as HOST:PORT, such as ") {
			t.Errorf("got %v, want an error that names the flag and says how", err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, test := range []struct {
		addr, dialable string
		loopback       bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"localhost:8080", "localhost:8080", true},
		{"[::1]:8080", "[::1]:8080", true},
		{":8080", "127.0.0.1:8080", false},
		{"0.0.0.0:8080", "127.0.0.1:8080", false},
		{"[::]:8080", "127.0.0.1:8080", false},
		{"10.0.0.7:8080", "10.0.0.7:8080", false},
		{"nonsense", "nonsense", false},
	} {
		t.Run(test.addr, func(t *testing.T) {
			if got := Dialable(test.addr); got != test.dialable {
				t.Errorf("Dialable = %s, want %s", got, test.dialable)
			}
			if got := Loopback(test.addr); got != test.loopback {
				t.Errorf("Loopback = %v, want %v", got, test.loopback)
			}
		})
	}
}
