// Grafana writes dashboard.json, the Grafana dashboard of faas, from the panels that are described in this folder. It has a
// module of its own, so that nothing of Grafana is among what faas is built from.
//
//	go -C grafana run .           writes it, as `make dashboard` does
//	go -C grafana run . -check    says whether it is what the source makes, and writes nothing
//
// Whether each expression is answered by a real Prometheus is checked in e2e.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
)

// file is where the dashboard lies, from this folder.
const file = "dashboard.json"

func main() {
	check := flag.Bool("check", false, "write nothing, and fail where "+file+" is not what the source makes")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "grafana:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	text, err := render()
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(file, text, 0o644) //nolint:gosec // it is committed, and mounted where others read it
	}
	there, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%w: write it by `make dashboard`", err)
	}
	if !bytes.Equal(there, text) {
		return errors.New(file + " is not what its source makes: run `make dashboard` and commit it")
	}
	return nil
}

// render returns the dashboard's JSON. It is held against Grafana's schema: a field that Grafana does not know is an error.
func render() ([]byte, error) {
	d, err := build()
	if err != nil {
		return nil, fmt.Errorf("build the dashboard: %w", err)
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := validate(text); err != nil {
		return nil, fmt.Errorf("hold the dashboard against Grafana's schema: %w", err)
	}
	return append(text, '\n'), nil
}

// validate reads text as Grafana's schema has it.
func validate(text []byte) error {
	plugins.RegisterDefaultPlugins()
	var d board
	err := d.UnmarshalJSONStrict(text)
	var wrong cog.BuildErrors
	if errors.As(err, &wrong) && len(wrong) == 0 { // so the SDK says that a part which may be of several kinds is none of the first
		err = nil
	}
	return errors.Join(err, d.Validate())
}
