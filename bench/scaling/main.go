package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
)

// options are the command's flags.
type options struct {
	Bin     string `help:"Directory with faas, fwatchdog, prometheus, alertmanager and hey." default:"bin" type:"path"`
	Runs    int    `help:"Load runs with each set of timers." default:"5"`
	Wakes   int    `help:"Wakes from 0 replicas." default:"20"`
	Classic bool   `help:"Measure the ancestor's rules and timers as well (prometheus/classic, alertmanager/classic.yml)." default:"true" negatable:""`
	Report  string `help:"Write the report to this file as well." type:"path"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("scaling"), kong.Description("Measure how fast replicas follow load."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "faas-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory

	rep := &report{out: out}
	rep.machine()
	compared := []timers{{
		title: "Shipped rules and timers", load: 30 * time.Second, quiet: 3 * time.Second,
	}}
	if o.Classic {
		config := filepath.Join(dir, "config")
		if err := classicConfig(config); err != nil {
			return err
		}
		compared = append(compared, timers{
			title: "Step alerts and timers of the ancestor's stack", prefix: "classic_",
			flags: []string{"--config-dir", config}, load: 90 * time.Second, quiet: time.Minute,
		})
	}
	for i, t := range compared {
		runs, err := measureLoad(ctx, o, filepath.Join(dir, strconv.Itoa(i)), rep, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.title, err)
		}
		rep.loads(t, runs)
		if i == 0 && o.Wakes > 0 {
			wakes, err := measureWakes(ctx, o, filepath.Join(dir, "wakes"), rep)
			if err != nil {
				return fmt.Errorf("wakes: %w", err)
			}
			rep.wakes(wakes)
		}
	}
	if o.Report == "" {
		return nil
	}
	return os.WriteFile(o.Report, []byte(rep.page()), 0o644)
}

// classicConfig makes a configuration directory of the ancestor's rule and timers, from the checkout in
// the working directory. `faas up` gives them the same places and flags as the shipped ones.
func classicConfig(dir string) error {
	if err := os.CopyFS(filepath.Join(dir, "prometheus"), os.DirFS("prometheus/classic")); err != nil {
		return err
	}
	timers, err := os.ReadFile("alertmanager/classic.yml")
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "alertmanager"), 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "alertmanager", "alertmanager.yml"), timers, 0o600)
}
