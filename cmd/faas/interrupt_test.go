package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSecondSignal interrupts a program that does not end by itself, which is this test in another process.
func TestSecondSignal(t *testing.T) {
	const inside = "FAAS_TEST_SECOND_SIGNAL"
	if os.Getenv(inside) != "" {
		ctx, stop := interruptible(t.Context())
		defer stop()
		fmt.Println("ready")
		<-ctx.Done()
		fmt.Println("stopping")
		<-make(chan struct{})
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSecondSignal$") // it is this program
	cmd.Env = append(os.Environ(), inside+"=yes")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"ready", "stopping"} {
		for lines.Scan() && lines.Text() != want {
			t.Errorf("it says %q", lines.Text())
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(50 * time.Millisecond) // that it is told the first one may take a moment
	defer again.Stop()
	late := time.After(20 * time.Second)
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !errors.As(err, &exit) || !ok || status.Signal() != syscall.SIGINT {
				t.Errorf("it ended by %v", err)
			}
			return
		case <-again.C:
			_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		case <-late:
			_ = cmd.Process.Kill() // it fails
			t.Fatal("it goes on after the second signal")
		}
	}
}

// TestDeployIsStopped stops while the first of several functions is deployed, and while they are waited for.
func TestDeployIsStopped(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {a: {image: x/a}, b: {image: x/b}, c: {image: x/c}}\n")
	for at, want := range map[string]string{
		"PUT /system/functions":  "deploy: stopped, and not done: a, b, c",
		"GET /system/function/a": "a: stopped waiting: it was not looked at",
	} {
		ctx, stop := context.WithCancel(t.Context())
		g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else it is not told that the client left
			if r.Method+" "+r.URL.Path == at {
				stop()
				<-r.Context().Done()
			}
			fmt.Fprintln(w, "{}")
		}))
		c := deployCommand{gatewayFlags: gatewayFlags{Gateway: g.URL, Data: t.TempDir()}, stackFlags: stackFlags{Stack: "stack.yml"}, Wait: time.Minute}
		err := c.once(ctx, &strings.Builder{}, nil)
		if err == nil || err.Error() != want {
			t.Errorf("at %s: %v, want %q", at, err, want)
		}
		g.Close()
	}
}
