package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/alecthomas/kong"
)

type versionCommand struct{ outputFlag }

// Run prints the version to standard output.
func (c *versionCommand) Run(app *kong.Kong) error {
	if c.Output == "json" {
		return writeJSON(app.Stdout, map[string]string{
			"version": version, "commit": commit, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
		})
	}
	return printVersion(app.Stdout)
}

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
