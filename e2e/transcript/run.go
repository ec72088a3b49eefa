package transcript

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// patience bounds a command that ends by itself.
const patience = 2 * time.Minute

// pause is between two tries of a command that is repeated.
const pause = 200 * time.Millisecond

// Options say where a document is run.
type Options struct {
	// Dir is where the shell begins. Documents mean the root of the repository.
	Dir string
	// Env is added to the environment, as NAME=VALUE.
	Env []string
	// Replace has texts of the document's commands in pairs, each with what stands there for this run: addresses that
	// are others here. In what is printed they are put back.
	Replace []string
	// Log is told each command when it is run. Nil: nobody is.
	Log func(format string, args ...any)
}

// Run runs the blocks of the document at path and returns what is not as it shows, at most one error for each block. It
// stops at a block that did not end, and when ctx does.
func Run(ctx context.Context, path string, o Options) error {
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	blocks, err := Parse(document)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(blocks) == 0 {
		return fmt.Errorf("%s has no block of %s", path, Language)
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	s, err := newShell(o)
	if err != nil {
		return fmt.Errorf("start a shell: %w", err)
	}
	r := runner{Options: o, path: path, shells: []*shell{s}}
	var errs []error
	for _, b := range blocks {
		err := r.block(ctx, b)
		if err != nil {
			errs = append(errs, err)
		}
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	for i := len(r.shells) - 1; i >= 0; i-- {
		if err := r.shells[i].end(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// runner runs one document.
type runner struct {
	Options

	path string
	// shells are the terminals, the first that of all commands that do not stay.
	shells []*shell
}

func (r *runner) block(ctx context.Context, b Block) error {
	for _, c := range b.Commands {
		r.Log("%s:%d: %s $ %s", r.path, c.Line, b.manner, c.Text)
	}
	switch b.manner {
	case skip:
		return nil
	case stays:
		return r.stay(ctx, b)
	case wait:
		ctx, cancel := context.WithTimeout(ctx, b.within)
		defer cancel()
		for {
			err := r.commands(ctx, b.Commands, b.like)
			if err == nil {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%w\nnor within %s", withoutCause(err), b.within)
			case <-time.After(pause):
			}
		}
	default:
		return r.commands(ctx, b.Commands, b.like)
	}
}

// withoutCause keeps the text only: that the time of a repetition ran out does not end the document.
func withoutCause(err error) error { return errors.New(err.Error()) }

func (r *runner) commands(ctx context.Context, commands []Command, like bool) error {
	for _, c := range commands {
		ctx, cancel := context.WithTimeout(ctx, patience)
		got, err := r.shells[0].run(ctx, strings.NewReplacer(r.Replace...).Replace(c.Text))
		cancel()
		if got = r.restore(got); err != nil {
			return fmt.Errorf("%s:%d: %s: %w; it printed so far:\n%s", r.path, c.Line, c.Text, err, got)
		}
		if !match(c.Want, got, like) {
			return r.differs(c, got)
		}
	}
	return nil
}

// stay starts a command in a terminal of its own and waits until that shows what it should.
func (r *runner) stay(ctx context.Context, b Block) error {
	c := b.Commands[0]
	s, err := newShell(r.Options, strings.NewReplacer(r.Replace...).Replace(c.Text))
	if err != nil {
		return fmt.Errorf("%s:%d: %s: %w", r.path, c.Line, c.Text, err)
	}
	r.shells = append(r.shells, s)
	ctx, cancel := context.WithTimeout(ctx, b.within)
	defer cancel()
	got, err := s.until(ctx, func(printed string) bool { return match(c.Want, r.restore(printed), b.like) })
	if err != nil {
		return fmt.Errorf("%w\n%w", r.differs(c, r.restore(got)), err)
	}
	return nil
}

// restore puts into what was printed what the document has there.
func (r *runner) restore(printed string) string {
	back := make([]string, 0, len(r.Replace))
	for i := 0; i+1 < len(r.Replace); i += 2 {
		back = append(back, r.Replace[i+1], r.Replace[i])
	}
	return strings.NewReplacer(back...).Replace(printed)
}

func (r *runner) differs(c Command, got string) error {
	return fmt.Errorf("%s:%d: $ %s\nprints\n%s\nand the document shows\n%s", r.path, c.Line, c.Text, indent(got), indent(c.Want))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ")
}
