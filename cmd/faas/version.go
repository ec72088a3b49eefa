package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/alecthomas/kong"
)

type versionCommand struct{}

// Run prints the version to standard output.
func (versionCommand) Run(app *kong.Kong) error { return printVersion(app.Stdout) }

// versionFlag is --version, which many try first.
type versionFlag bool

// BeforeReset is called by the parser before it asks for a command.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	if err := printVersion(app.Stdout); err != nil {
		return err
	}
	app.Exit(0)
	return nil
}

func printVersion(to io.Writer) error {
	_, err := fmt.Fprintf(to, "faas %s (commit %s, %s, %s/%s)\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
