package main

import (
	"fmt"
	"path/filepath"

	"github.com/alecthomas/kong"

	"faas/internal/scaffold"
)

// newCommand is `faas new`.
type newCommand struct {
	Name   string `arg:"" help:"The function, and the folder that is made for it."`
	Lang   string `required:"" short:"l" enum:"go,python,node,sh,dockerfile" placeholder:"LANGUAGE" help:"What it is written in: go, python, node, sh, or dockerfile for any program."`
	Prefix string `default:"localhost" placeholder:"PREFIX" env:"OPENFAAS_PREFIX" help:"What goes before NAME in the image's name, such as registry.example.com/team (default ${default}, from which nothing is ever pulled)."`
	Append string `placeholder:"FILE" help:"Stack file that gets the function's entry, in place of one in the folder."`
	outputFlag
}

// Help is called by the parser.
func (*newCommand) Help() string {
	return "Makes the folder NAME with a handler, a test, a Dockerfile and stack.yml. `faas up --stack NAME/stack.yml` runs it on this machine, " +
		"`faas build -f NAME/stack.yml` makes its image, `faas deploy -f NAME/stack.yml` deploys it."
}

// Run makes the folder and prints what is in it, and what to do with it.
func (c *newCommand) Run(app *kong.Kong) error {
	made, err := scaffold.New{Name: c.Name, Lang: c.Lang, Prefix: c.Prefix, Dir: c.Name, Append: c.Append}.Make()
	if err != nil {
		return fmt.Errorf("make the function: %w", err)
	}
	file := c.Append
	if file == "" {
		file = filepath.Join(c.Name, defaultStack)
	}
	if c.Output == "json" {
		return writeJSON(app.Stdout, map[string]any{"function": c.Name, "lang": c.Lang, "stack": file, "files": made})
	}
	for _, name := range made {
		fmt.Fprintln(app.Stdout, name)
	}
	test := map[string]string{"go": "go test ./...", "python": "python3 -m unittest", "node": "node --test"}[c.Lang]
	if test == "" {
		test = "sh test.sh"
	}
	fmt.Fprintf(app.Stdout, "\nTry:\n  (cd %s && %s)\n  faas up --stack %s\n  faas build -f %s\n  faas deploy -f %s\n", c.Name, test, file, file, file)
	return nil
}
