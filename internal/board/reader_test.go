package board_test

import (
	"context"
	"errors"
	"testing"

	"faas/function"
	"faas/internal/board"
)

func TestReaderFollowsTheLifeOfItsBackend(t *testing.T) {
	b, loaded, ended := board.New(), make(chan struct{}), make(chan struct{})
	r := board.NewReader(board.Source{
		Board: b, Loaded: loaded, Ended: ended, Name: "toy", NotYet: func() string { return "the toy is in its box" },
	})
	fails := func(when, text string) {
		t.Helper()
		_, functions := r.Functions(t.Context())
		_, one := r.Function(t.Context(), "f")
		for _, err := range []error{functions, one, r.Available()} {
			if !errors.Is(err, function.ErrUnavailable) || err.Error() != text {
				t.Errorf("%s: %v, want unavailable: %s", when, err, text)
			}
		}
	}
	fails("before it is loaded", "the toy is in its box")

	seen := make(chan function.Snapshot)
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error)
	go func() { watched <- r.Watch(ctx, func(s function.Snapshot) { seen <- s }) }()
	b.Publish([]function.Status{{Function: function.Function{Name: "f"}, Desired: 2}})
	select {
	case s := <-seen:
		t.Errorf("Watch shows %v before all is there", s)
	default:
	}
	close(loaded)
	if s := <-seen; len(s.Functions) != 1 {
		t.Errorf("Watch begins with %v", s)
	}
	if st, err := r.Function(t.Context(), "f"); err != nil || st.Desired != 2 {
		t.Errorf("Function: %v, %v", st, err)
	}
	if _, err := r.Function(t.Context(), "g"); !errors.Is(err, function.ErrNotFound) {
		t.Errorf("Function of one that is not there: %v", err)
	}
	b.Publish(nil)
	if s := <-seen; len(s.Functions) != 0 || s.Version != 2 {
		t.Errorf("Watch goes on with %v", s)
	}
	cancel()
	if err := <-watched; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch: %v", err)
	}
	if _, err := r.Functions(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Functions with a context that ended: %v", err)
	}

	close(ended)
	fails("after the end", "the toy backend has ended")
}
