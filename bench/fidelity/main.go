package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"

	"faas/e2e"
	"faas/rehearse/load"
)

// options are the command's flags.
type options struct {
	Bin   string `help:"Directory with faas, fwatchdog, prometheus and alertmanager." default:"bin" type:"path"`
	Load  string `help:"The load, as faas rehearse takes it." default:"trace:5@20s,50@40s,20@40s,5..40@60s,5@60s"`
	Seeds int    `help:"Seeds with which it is rehearsed." default:"9"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("fidelity"), kong.Description("Measure how faithful a rehearsal is."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fidelity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	curve, err := load.Parse(o.Load, load.Options{})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "faas-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory

	sys, err := e2e.Start(ctx, e2e.Options{Bin: o.Bin, Dir: dir, Stack: stackText})
	if err != nil {
		return err
	}
	steps := stepsOf(curve)
	found, startUp, err := measure(ctx, sys, steps, curve.Length(), out)
	if err := errors.Join(err, sys.Stop()); err != nil {
		return err
	}
	rehearsed, err := rehearseAll(ctx, o.Seeds, steps, curve.Length(), startUp)
	if err != nil {
		return err
	}
	report(out, o, steps, startUp, found, rehearsed)
	return nil
}
