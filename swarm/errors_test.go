package swarm

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/containerd/errdefs"

	"faas/function"
)

func TestKind(t *testing.T) {
	daemon := func(kind error, text string) error {
		return fmt.Errorf("Error response from daemon: rpc error: code = Unknown desc = %s%w", text, quiet{kind})
	}
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"stale", daemon(errdefs.ErrInternal, "update out of sequence"), errStale},
		{"not found", daemon(errdefs.ErrNotFound, "service a not found"), function.ErrNotFound},
		{"invalid", daemon(errdefs.ErrInvalidArgument, "bad constraint"), function.ErrInvalid},
		{"conflict", daemon(errdefs.ErrConflict, "name conflicts with an existing object: service a already exists"), function.ErrConflict},
		{"conflict of an old engine", daemon(errdefs.ErrInternal, "name conflicts with an existing object"), function.ErrConflict},
		{"internal", daemon(errdefs.ErrInternal, "the swarm does not have a leader"), function.ErrUnavailable},
		{"late", context.DeadlineExceeded, function.ErrUnavailable},
		{"given up by the caller", context.Canceled, context.Canceled},
		{"no connection", errors.New("Cannot connect to the Docker daemon"), function.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := kind(tt.err); !errors.Is(got, tt.want) {
				t.Errorf("kind = %v, want %v", got, tt.want)
			}
		})
	}
	if got := kind(daemon(errdefs.ErrNotFound, "service a not found")).Error(); got != "service a not found" {
		t.Errorf("text %q", got)
	}
}

// quiet has a kind and no text.
type quiet struct{ error }

func (quiet) Error() string   { return "" }
func (q quiet) Unwrap() error { return q.error }
