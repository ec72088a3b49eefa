package main

import (
	"context"
	"errors"
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
	Only    string `help:"Run one part: steps (tenfold steps and overloads), rehearsed (in virtual time), loads (hey, wakes) or swarm (the steps on Docker Swarm)." enum:",steps,rehearsed,loads,swarm" default:""`
	Swarm   bool   `help:"Measure the steps on Docker Swarm as well, with the images of make images." negatable:""`
	Steps   int    `help:"Tenfold steps, and overloads." default:"15"`
	Traces  int    `help:"Seeds of the trace in virtual time." default:"15"`
	Steady  int    `help:"Steady loads in virtual time." default:"1000"`
	Runs    int    `help:"Load runs with each set of timers." default:"5"`
	Wakes   int    `help:"Wakes from 0 replicas." default:"20"`
	Classic bool   `help:"Measure the ancestor's rules and timers as well (prometheus/classic, alertmanager/classic.yml)." default:"true" negatable:""`
	Report  string `help:"Write the report to this file as well." type:"path"`

	DockerHost   string `help:"Engine of --swarm, a manager (default ${default})." env:"FAAS_TEST_ENGINE" default:"unix:///var/run/docker.sock"`
	Gateway      string `help:"URL of a gateway that runs on that engine already. Default: the stack is deployed, and removed at the end."`
	PasswordFile string `help:"File with the password of user admin of that gateway." type:"path"`
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
	for _, part := range []struct {
		name string
		run  func(context.Context, options, string, *report) error
		on   bool
	}{
		{"steps", runSteps, true}, {"swarm", runSwarm, o.Swarm}, {"rehearsed", runRehearsed, true}, {"loads", runLoads, true},
	} {
		if o.Only != part.name && (o.Only != "" || !part.on) {
			continue
		}
		if err := part.run(ctx, o, filepath.Join(dir, part.name), rep); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if o.Report != "" {
		if err := os.WriteFile(o.Report, []byte(rep.page()), 0o644); err != nil {
			return err
		}
	}
	return errors.Join(rep.broken...)
}

// runSteps measures on this machine's processes.
func runSteps(ctx context.Context, o options, dir string, rep *report) error {
	s, err := startLocal(ctx, o, dir)
	if err != nil {
		return err
	}
	return errors.Join(measureOn(ctx, o, s, rep), s.stop())
}

// runSwarm measures on Docker Swarm.
func runSwarm(ctx context.Context, o options, dir string, rep *report) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, err := startSwarm(ctx, o, dir, rep)
	if err != nil {
		return err
	}
	return errors.Join(measureOn(ctx, o, s, rep), s.stop())
}

func measureOn(ctx context.Context, o options, s *system, rep *report) error {
	steps, err := measureSteps(ctx, o, s, rep)
	if err != nil {
		return err
	}
	overloads, err := measureOverloads(ctx, o, s, rep)
	if err != nil {
		return err
	}
	rep.steps(s, steps, overloads)
	return nil
}

// runRehearsed plays loads in virtual time.
func runRehearsed(ctx context.Context, o options, _ string, rep *report) error {
	rep.progress("the trace, %d times through four policies", o.Traces)
	scores, err := rehearseTrace(ctx, o.Traces)
	if err != nil {
		return err
	}
	rep.traces(o.Traces, scores)
	rep.progress("%d steady loads for ten minutes each", o.Steady)
	began := time.Now()
	turned, actions, err := rehearseSteady(ctx, o.Steady)
	if err != nil {
		return err
	}
	rep.steady(o.Steady, turned, actions, time.Since(began))
	return nil
}

// runLoads measures with hey, with both sets of timers, and wakes.
func runLoads(ctx context.Context, o options, dir string, rep *report) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
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
	return nil
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
