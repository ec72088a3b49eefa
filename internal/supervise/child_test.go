package supervise

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain makes the test binary play the child programs too: `child MODE ARG`.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "child" {
		child(os.Args[2], os.Args[3])
		return
	}
	goleak.VerifyTestMain(m)
}

func child(mode, arg string) {
	switch mode {
	case "serve": // until SIGTERM
		serve(arg)
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
	case "stubborn": // SIGTERM does nothing
		signal.Ignore(syscall.SIGTERM)
		serve(arg)
		select {}
	case "mute": // never ready
		select {}
	case "fail":
		fmt.Println("line 1\nline 2\nline 3\nno such file: the rules")
		os.Exit(3)
	case "parent": // supervises a child of its own
		p, err := NewProgram(options(arg, "serve", "127.0.0.1:0"))
		if err != nil {
			panic(err)
		}
		panic(p.Run(context.Background()))
	}
}

// serve answers every request with 200 and tells its address and pid in the log.
func serve(addr string) {
	l, err := net.Listen("tcp", addr) //nolint:noctx // the child has no context
	if err != nil {
		panic(err)
	}
	fmt.Printf("pid %d\n", os.Getpid())
	go func() {
		panic(http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))) //nolint:gosec // a test's child
	}()
}

func options(dir, mode, addr string) ProgramOptions {
	return ProgramOptions{
		Name: "child", Path: os.Args[0], Args: []string{"child", mode, addr},
		LogFile:  filepath.Join(dir, "child.log"),
		ReadyURL: "http://" + addr + "/-/ready",
	}
}

// freeAddr is a loopback address that nobody listens on, reserved until the test ends.
func freeAddr(t *testing.T) string {
	t.Helper()
	r, err := Reserve(t.Context(), "--test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // nothing depends on it by then
	if err := r.Yield(); err != nil {
		t.Fatal(err)
	}
	return r.Addr().String()
}

// eventually waits until ok, and fails the test when that takes longer than 10 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("not within 10s: %s", what)
		}
	}
}
