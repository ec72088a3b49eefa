package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"faas/internal/stack"
)

// defaultStack is the stack file of a function's own folder.
const defaultStack = "stack.yml"

// stackFlags name a stack file and functions of it.
type stackFlags struct {
	Stack string   `name:"stack" short:"f" aliases:"yaml" default:"${stack}" placeholder:"FILE" env:"FAAS_STACK" help:"The stack file (default ${default})."`
	Names []string `arg:"" optional:"" name:"function" help:"Functions of the stack file. None named: all of them."`
}

// load reads the stack file and returns with it the functions that are meant, in the order of names.
func (c *stackFlags) load() (*stack.File, []stack.Function, error) {
	file, _, err := stack.Load(c.Stack, os.LookupEnv)
	if errors.Is(err, fs.ErrNotExist) && file == nil {
		return nil, nil, fmt.Errorf("%w: `faas new NAME --lang go` makes a function with one, -f names another", err)
	}
	if err != nil {
		return nil, nil, err
	}
	names := slices.Clone(c.Names)
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(file.Functions))
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%s has no functions", c.Stack)
	}
	var chosen []stack.Function
	for _, name := range names {
		f, ok := file.Functions[name]
		if !ok {
			are := strings.Join(slices.Sorted(maps.Keys(file.Functions)), ", ")
			return nil, nil, fmt.Errorf("%s has no function %s; there are %s", c.Stack, name, are)
		}
		chosen = append(chosen, f)
	}
	return file, chosen, nil
}

// watched are the files that the functions which are meant come from, and their folders.
func (c *stackFlags) watched() (files, dirs []string, err error) {
	_, functions, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	_, files, err = stack.Load(c.Stack, os.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range functions {
		if !slices.Contains(dirs, f.Handler) {
			dirs = append(dirs, f.Handler)
		}
	}
	return files, dirs, nil
}
