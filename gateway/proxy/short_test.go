package proxy

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"faas/function"
	"faas/internal/http1"
)

// TestNotTheReplicaShort holds which errors of the short way lie with a replica, so that another is asked.
func TestNotTheReplicaShort(t *testing.T) {
	_, tooSlow := (&net.Dialer{Timeout: time.Nanosecond}).DialContext(t.Context(), "tcp", "127.0.0.1:1")
	if !errors.Is(tooSlow, context.DeadlineExceeded) {
		t.Fatalf("%v is no longer a context.DeadlineExceeded: the case below tests nothing", tooSlow)
	}
	_, refused := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:1")
	for _, c := range []struct {
		name  string
		err   error
		cause error // nil: it is the replica
	}{
		{"the dial takes too long", tooSlow, nil},
		{"nobody listens", refused, nil},
		{"the replica breaks off", syscall.ECONNRESET, nil},
		{"the time is over", context.DeadlineExceeded, context.DeadlineExceeded},
		{"the client left", context.Canceled, context.Canceled},
		{"the body cannot be read", &http1.BodyError{Err: syscall.ECONNRESET}, function.ErrInvalid},
		{"no descriptors", &net.OpError{Op: "dial", Err: syscall.EMFILE}, function.ErrUnavailable},
	} {
		if got := notTheReplicaShort(c.err); !errors.Is(got, c.cause) || c.cause == nil && got != nil {
			t.Errorf("%s: %v, want %v", c.name, got, c.cause)
		}
	}
}
