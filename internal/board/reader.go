package board

import (
	"context"

	"faas/function"
)

// Source is what a Reader reads, and when.
type Source struct {
	Board *Board
	// Loaded is closed once the board shows all that there is, Ended when nothing more will come.
	Loaded, Ended <-chan struct{}
	// Name is that of the backend, for messages: "swarm".
	Name string
	// NotYet says why the board does not show all yet.
	NotYet func() string
}

// Reader shows the functions of a backend, which embeds it. Snapshots and statuses are shared with other readers
// and must not be changed.
type Reader struct{ source Source }

// NewReader returns a reader of s, all of which must be set.
func NewReader(s Source) Reader { return Reader{source: s} }

// Function returns the status of one function. Errors: ErrNotFound, ErrUnavailable.
func (r Reader) Function(ctx context.Context, name string) (function.Status, error) {
	snap, err := r.Functions(ctx)
	if err != nil {
		return function.Status{}, err
	}
	for _, st := range snap.Functions {
		if st.Name == name {
			return st, nil
		}
	}
	return function.Status{}, function.NotFoundf("function %s does not exist", name)
}

// Functions returns every function, in the order of their names. Errors: ErrUnavailable.
func (r Reader) Functions(ctx context.Context) (function.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return function.Snapshot{}, err
	}
	if err := r.Available(); err != nil {
		return function.Snapshot{}, err
	}
	snap, _ := r.source.Board.Current()
	return snap, nil
}

// Watch calls see with the present snapshot, and again after each change with the newest; a slow see misses those
// in between. Before the backend has found its functions there is no present, and Watch waits for it. It blocks
// until ctx ends and returns ctx's error.
func (r Reader) Watch(ctx context.Context, see func(function.Snapshot)) error {
	select {
	case <-r.source.Loaded:
		r.source.Board.Watch(ctx, see)
	case <-ctx.Done():
	}
	return ctx.Err()
}

// Available returns an error of kind ErrUnavailable before the backend has found its functions, and after it ended.
func (r Reader) Available() error {
	select {
	case <-r.source.Ended:
		return function.Unavailablef("the %s backend has ended", r.source.Name)
	default:
	}
	select {
	case <-r.source.Loaded:
		return nil
	default:
		return function.Unavailablef("%s", r.source.NotYet())
	}
}
