package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/alecthomas/kong"

	"faas/api"
	"faas/function"
	"faas/internal/stack"
)

// removeCommand is `faas rm`.
type removeCommand struct {
	gatewayFlags
	Stack string   `name:"stack" short:"f" aliases:"yaml" placeholder:"FILE" help:"A stack file, all of whose functions are removed."`
	Names []string `arg:"" optional:"" name:"function" help:"Functions to remove."`
	outputFlag
}

// Validate is called by the parser.
func (c *removeCommand) Validate() error {
	if (c.Stack == "") == (len(c.Names) == 0) {
		return errors.New("name functions, or a stack file with -f, and not both")
	}
	return nil
}

// Run removes them, all that it can, and prints a line for each.
func (c *removeCommand) Run(ctx context.Context, app *kong.Kong) error {
	names := c.Names
	if c.Stack != "" {
		file, err := stack.Read(c.Stack, os.LookupEnv)
		if err != nil {
			return err
		}
		names, c.ofStack = slices.Sorted(maps.Keys(file.Functions)), file.Gateway
	}
	removed := []string{}
	var errs []error
	for _, name := range names {
		err := c.ask(ctx, "DELETE", "/system/functions", api.DeleteFunctionRequest{FunctionName: name}, nil)
		if errors.Is(err, function.ErrNotFound) && c.Stack != "" {
			fmt.Fprintf(os.Stderr, "%s: there is none\n", name)
			continue
		}
		if err != nil {
			errs = append(errs, c.unknown(ctx, "remove", name, err))
			continue
		}
		removed = append(removed, name)
		if c.Output == "text" {
			fmt.Fprintf(app.Stdout, "%s: removed\n", name)
		}
	}
	if c.Output == "json" {
		errs = append(errs, writeJSON(app.Stdout, map[string]any{"removed": removed}))
	}
	return errors.Join(errs...)
}
