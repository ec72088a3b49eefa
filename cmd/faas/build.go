package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"faas/internal/image"
	"faas/internal/stack"
)

// buildCommand is `faas build`.
type buildCommand struct {
	stackFlags
	buildFlags
	Output []string `short:"o" enum:"tar,oci-layout,text,json" placeholder:"FORMAT" help:"tar: write NAME.tar, which docker load reads. oci-layout: write the directory NAME.oci. text or json: what is printed (default text). Several with commas between."`
	Dir    string   `placeholder:"DIR" help:"Directory for what is written. Default: build/ beside the stack file."`
	Watch  bool     `help:"Build again when files change, until Ctrl-C."`
}

// Help is called by the parser.
func (*buildCommand) Help() string {
	return `A function of "lang: go" is compiled into a static program, and its image is made with no Docker, of that program and the watchdog. So is one ` +
		`of "lang: binary", whose folder has a static program that fprocess names. All others are built by Docker from the folder's Dockerfile, which ` +
		`finds the program fwatchdog beside it; --builder docker does so with Go too.

Without --push, --load and --output, what is made without Docker is written as NAME.tar, and what Docker made stays in its engine. ` +
		`Without Docker the same files give the same image, bit for bit; SOURCE_DATE_EPOCH sets the time in it, else 1970.`
}

// Validate is called by the parser.
func (c *buildCommand) Validate() error {
	if slices.Contains(c.Output, "text") && slices.Contains(c.Output, "json") {
		return errors.New("--output: text or json, not both")
	}
	return c.check()
}

// Run builds the functions, and again while it watches.
func (c *buildCommand) Run(ctx context.Context, app *kong.Kong) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	w := watch{say: os.Stderr, files: c.watched, skip: c.written}
	once := func(ctx context.Context, changed func(string) bool) error { return c.once(ctx, app.Stdout, changed) }
	if !c.Watch {
		return once(ctx, nil)
	}
	return w.run(ctx, once)
}

func (c *buildCommand) outputs(file *stack.File) outputs {
	return outputs{
		dir: cmp.Or(c.Dir, buildDir(file)), tar: slices.Contains(c.Output, "tar"), layout: slices.Contains(c.Output, "oci-layout"),
		names: slices.Collect(maps.Keys(file.Functions)),
	}
}

// written are the files that are written, and so are no changes. None while the stack file cannot be read.
func (c *buildCommand) written() []string {
	file, _, err := c.load()
	if err != nil {
		return nil
	}
	return c.outputs(file).files()
}

// once builds the functions whose folder changed says has changed; nil: all.
func (c *buildCommand) once(ctx context.Context, to io.Writer, changed func(string) bool) error {
	file, functions, err := c.load()
	if err != nil {
		return err
	}
	forms := c.outputs(file)
	asJSON := slices.Contains(c.Output, "json")
	all := []built{}
	var errs []error
	functions = slices.DeleteFunc(functions, func(f stack.Function) bool {
		return f.SkipBuild && len(c.Names) == 0 || changed != nil && !changed(f.Handler)
	})
	for i, f := range functions {
		b, err := c.build(ctx, f, forms)
		if err != nil && ctx.Err() != nil {
			errs = append(errs, stopped("build", functions[i:]))
			break
		}
		if err != nil {
			errs = append(errs, file.Errorf(f.Line, f.Name, "%w", err))
			b.Error = err.Error()
		}
		all = append(all, b)
		if !asJSON && err == nil {
			fmt.Fprintln(to, b.text())
		}
	}
	if asJSON {
		errs = append(errs, writeJSON(to, all))
	}
	return errors.Join(errs...)
}

// text is a built image in a line.
func (b built) text() string {
	parts := []string{b.Function + ": " + b.Image, b.Digest}
	parts = append(parts, b.Files...)
	if b.Pushed {
		parts = append(parts, "pushed")
	}
	if b.Loaded {
		parts = append(parts, "in Docker")
	}
	return fmt.Sprintf("%s, by %s in %.1f s", strings.Join(parts, " "), b.Builder, b.Seconds)
}

// check reports what is wrong with the flags.
func (c *buildFlags) check() error {
	if c.Arch != "" {
		if err := image.CheckArch(c.Arch); err != nil {
			return fmt.Errorf("--arch: %w", err)
		}
	}
	_, err := image.SourceDate(os.LookupEnv)
	return err
}
