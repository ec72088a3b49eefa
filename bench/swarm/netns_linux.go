package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// dialWithin connects from the network of a process, which needs root: no program outside of an overlay network
// reaches its addresses.
func dialWithin(pid int) func(ctx context.Context, network, addr string) (net.Conn, error) {
	there := fmt.Sprintf("/proc/%d/ns/net", pid)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		runtime.LockOSThread()
		conn, back, err := dialFrom(ctx, there, network, addr)
		if back {
			runtime.UnlockOSThread() // otherwise the thread ends with its goroutine
		}
		return conn, err
	}
}

// dialFrom reports whether the thread is back in its own namespace. A socket stays in the one where it was made.
func dialFrom(ctx context.Context, there, network, addr string) (_ net.Conn, back bool, err error) {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, true, err
	}
	defer home.Close()
	other, err := os.Open(there)
	if err != nil {
		return nil, true, err
	}
	defer other.Close()
	if err := unix.Setns(int(other.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, true, fmt.Errorf("enter %s: %w", there, err)
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, addr)
	if home := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); home != nil {
		return conn, false, errors.Join(err, fmt.Errorf("leave %s: %w", there, home))
	}
	return conn, true, err
}
