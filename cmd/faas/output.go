package main

import (
	"encoding/json"
	"io"
)

// outputFlag says what a command prints.
type outputFlag struct {
	Output string `short:"o" default:"text" enum:"text,json" placeholder:"FORMAT" help:"What is printed: text or json (default ${default})."`
}

// writeJSON writes v as people read it too.
func writeJSON(to io.Writer, v any) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// writeLine writes v on one line, for programs that read what comes.
func writeLine(to io.Writer, v any) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
