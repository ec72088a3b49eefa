package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"faas/e2e"
)

// options are the command's flags.
type options struct {
	Functions int           `help:"How many functions there are." default:"500"`
	Busy      int           `help:"How many of them are under load." default:"25"`
	Rate      float64       `help:"Requests a second to each of these." default:"4"`
	For       time.Duration `help:"For how long the page is watched." default:"10m"`
	Bin       string        `help:"Directory with faas, fwatchdog, Prometheus and Alertmanager." default:"bin" type:"path"`
	Picture   string        `help:"Write a picture of the page to this file." type:"path"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("portal"), kong.Description("Measure what the portal costs a browser."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "portal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out, progress io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "faas-bench-portal-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(progress, "starting faas up with %d functions\n", o.Functions)
	sys, err := e2e.Start(ctx, e2e.Options{Bin: o.Bin, Dir: dir, Stack: stack(o.Functions)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sys.Stop()) }()
	password, err := os.ReadFile(filepath.Join(sys.Data(), "secrets", "basic-auth-password"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i := range o.Busy {
		go load(ctx, sys.Gateway()+"/function/"+name(i), o.Rate)
	}
	m, err := watch(ctx, visit{gateway: sys.Gateway(), password: strings.TrimSpace(string(password)), profile: filepath.Join(dir, "chromium")}, o, progress)
	if err != nil {
		return err
	}
	return m.write(out, o)
}

// name is that of the function with this number.
func name(i int) string { return fmt.Sprintf("function-%03d", i) }

// stack is the stack file of so many functions, each with a replica.
func stack(n int) string {
	var b strings.Builder
	b.WriteString("version: 1.0\nprovider:\n  name: openfaas\nfunctions:\n")
	for i := range n {
		fmt.Fprintf(&b, "  %s:\n    handler: ./handler\n    image: example/%s:latest\n    fprocess: cat\n", name(i), name(i))
	}
	return b.String()
}
