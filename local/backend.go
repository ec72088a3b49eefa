package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"faas/function"
	"faas/internal/board"
)

// Backend runs functions as processes of this machine. Make one with New; its methods work while Run
// does and return ErrUnavailable otherwise. The snapshots and statuses that it returns are shared with
// other readers and must not be changed.
type Backend struct {
	board.Reader

	opts    Options
	timing  timing
	metrics *metrics
	base    map[string]string
	secrets *secretStore
	logs    *logbook
	board   *board.Board
	stack   atomic.Pointer[stack] // nil: none
	ops     chan op
	// secretTurn is held by the one change of secrets that writes.
	secretTurn chan struct{}
	started    atomic.Bool
	loaded     chan struct{} // closed once every function of before is there
	ended      chan struct{} // closed when Run returns
}

// New returns a backend that does nothing until it is Run.
func New(opts Options) (*Backend, error) {
	opts = opts.withDefaults()
	dir, err := filepath.Abs(opts.DataDir) // functions have working directories of their own
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	opts.DataDir = dir
	b := &Backend{
		opts: opts, timing: defaultTiming(), metrics: newMetrics(opts.Registerer), base: opts.baseEnv(),
		board: board.New(), ops: make(chan op), loaded: make(chan struct{}), ended: make(chan struct{}),
		secrets: newSecretStore(dir), secretTurn: make(chan struct{}, 1),
		logs: newLogbook(filepath.Join(dir, "logs")),
	}
	b.Reader = board.NewReader(board.Source{
		Board: b.board, Loaded: b.loaded, Ended: b.ended, Name: "local",
		NotYet: func() string { return "the local backend is not running yet" },
	})
	return b, nil
}

// Deploy adds a function with as many replicas as its scaling minimum. It is kept across restarts once
// Deploy returns. Errors: ErrConflict when it exists, ErrInvalid when this backend cannot run it.
func (b *Backend) Deploy(ctx context.Context, f function.Function) error {
	f = f.Clone()
	sp, err := b.resolve(f)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", f.Name, err)
	}
	return b.change(ctx, "deploy", f.Name, true, func(s *supervisor, now time.Time) error {
		return s.deploy(f, sp, false, now)
	})
}

// Update gives a function a new definition and keeps its desired count. New replicas start and become
// ready before old ones drain; where nothing changed that a process would see, none restarts. Errors:
// ErrNotFound, ErrInvalid.
func (b *Backend) Update(ctx context.Context, f function.Function) error {
	if _, err := b.Function(ctx, f.Name); err != nil { // clients PUT first and POST on 404, even what is invalid
		return fmt.Errorf("update %s: %w", f.Name, err)
	}
	f = f.Clone()
	sp, err := b.resolve(f)
	if err != nil {
		return fmt.Errorf("update %s: %w", f.Name, err)
	}
	return b.change(ctx, "update", f.Name, true, func(s *supervisor, _ time.Time) error {
		return s.update(f, sp, false)
	})
}

// Remove takes a function away; its replicas drain. Errors: ErrNotFound.
func (b *Backend) Remove(ctx context.Context, name string) error {
	return b.change(ctx, "remove", name, true, func(s *supervisor, _ time.Time) error { return s.remove(name) })
}

// Scale sets the desired count of a function, 0 included, and returns when that is accepted. Errors:
// ErrNotFound, ErrInvalid.
func (b *Backend) Scale(ctx context.Context, name string, replicas int) error {
	if replicas < 0 {
		return function.Invalidf("scale %s to %d: the count must not be negative", name, replicas)
	}
	return b.change(ctx, "scale", name, false, func(s *supervisor, _ time.Time) error { return s.scale(name, replicas) })
}

// ScaleFrom is Scale where the desired count is from, and ErrConflict where it is another at that moment.
func (b *Backend) ScaleFrom(ctx context.Context, name string, from, to int) error {
	if to < 0 {
		return function.Invalidf("scale %s to %d: the count must not be negative", name, to)
	}
	return b.change(ctx, "scale", name, false, func(s *supervisor, _ time.Time) error {
		if d := s.functions[name]; d != nil && d.desired != from {
			return function.Conflictf("it has %d by now and not %d", d.desired, from)
		}
		return s.scale(name, to)
	})
}

// change lets the supervisor do something and waits until it is on the board, and on disk when keep.
func (b *Backend) change(
	ctx context.Context, verb, name string, keep bool, do func(*supervisor, time.Time) error,
) error {
	if err := b.Available(); err != nil {
		return fmt.Errorf("%s %s: %w", verb, name, err)
	}
	var kept <-chan struct{}
	err := b.ask(ctx, func(s *supervisor, now time.Time) error {
		if err := do(s, now); err != nil {
			return err
		}
		kept = s.save(s.state())
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, name, err)
	}
	if !keep {
		return nil
	}
	select {
	case <-kept:
	case <-ctx.Done(): // it is accepted all the same
	case <-b.ended:
	}
	return nil
}

func (b *Backend) ask(ctx context.Context, do func(*supervisor, time.Time) error) error {
	o := op{do: do, reply: make(chan error, 1)}
	select {
	case b.ops <- o:
		return <-o.reply // at once: the supervisor does nothing slow
	case <-b.ended:
		return function.Unavailablef("the local backend has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// resolve decides what f runs: its own process, or that of the stack file's function of its image.
func (b *Backend) resolve(f function.Function) (spec, error) {
	if err := checkHere(f); err != nil {
		return spec{}, err
	}
	stack := b.stack.Load()
	known, ok := stack.image(f.Image)
	if !ok {
		if dir, ok := f.Annotations[function.AnnotationHandler]; ok {
			return newSpec(f, entry{dir: dir})
		}
		if f.Process == "" && f.Env["fprocess"] == "" && f.Env["function_process"] == "" {
			return spec{}, function.Invalidf("image %q is unknown: the local backend runs a command (envProcess) "+
				"or an image that its stack file names: %s", f.Image, stack.images())
		}
		known.dir = b.workDir(f.Name)
	}
	sp, err := newSpec(f, known)
	if err != nil || ok {
		return sp, err
	}
	sp.ownDir = true
	if err := os.MkdirAll(known.dir, 0o700); err != nil {
		return spec{}, fmt.Errorf("make the working directory: %w", errors.Join(function.ErrUnavailable, err))
	}
	return sp, nil
}

// workDir is where a function runs that no handler of the stack file belongs to.
func (b *Backend) workDir(name string) string {
	return filepath.Join(b.opts.DataDir, "functions", name)
}

// forget lets go of a function that is gone. What it wrote to its working directory is its user's and stays, and so
// do its logs.
func (b *Backend) forget(name string) {
	b.logs.forget(name)
	_ = os.Remove(b.workDir(name)) // it is not empty, or there is none
}
