package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/charmbracelet/x/term"

	"faas/rehearse"
	"faas/rehearse/report"
)

// rehearseCommand is `faas rehearse`. It runs nothing and changes nothing.
type rehearseCommand struct {
	Load     rehearseLoad     `embed:"" group:"The load:"`
	Function rehearseFunction `embed:"" group:"The function:"`
	World    rehearseWorld    `embed:"" group:"Around it:"`
	Gateway  gatewayFlags     `embed:"" group:"Who knows the function:"`

	ConfigDir string   `type:"existingdir" placeholder:"DIR" group:"Who decides:" help:"Directory with prometheus/ and alertmanager/ to use in place of what is built in."`
	Compare   []string `sep:"none" placeholder:"WITH" group:"Who decides:" help:"Also rehearse this, and show both: settings (target=20,window=5m), a directory as for --config-dir, or a rival: ${rivals}. May be given several times."`

	SVG       string `name:"svg" placeholder:"FILE" group:"What is shown:" help:"Also draw a picture."`
	Output    string `short:"o" default:"text" enum:"text,json" placeholder:"FORMAT" group:"What is shown:" help:"text or json (default ${default})."`
	Decisions int    `default:"10" placeholder:"N" group:"What is shown:" help:"How many decisions of each to list; -1: all (default ${default})."`
}

// rehearseWorld is what a rehearsal cannot know of the machine and of the program.
type rehearseWorld struct {
	StartUp          time.Duration `default:"1s" placeholder:"TIME" help:"How long a replica takes from the order until it takes requests (default ${default})."`
	ServiceTime      time.Duration `placeholder:"TIME" help:"How long a request takes (default: its mean in Prometheus where the load is from there, else 50ms)."`
	CPUPerRequest    float64       `name:"cpu-per-request" placeholder:"MILLICORES" help:"Processor time that a request uses while it is served, for the type cpu."`
	MemoryPerReplica string        `placeholder:"BYTES" help:"What a replica needs at rest, such as 64Mi, for the type memory."`
	MemoryPerRequest string        `placeholder:"BYTES" help:"What each request that it serves adds to that."`
	Replicas         *int          `placeholder:"N" help:"How many replicas there are at the beginning (default: as many as the load needs then)."`
	Even             bool          `help:"Let requests come in equal distances, and not by chance."`
	Gateways         int           `default:"1" placeholder:"N" help:"How many gateways share the load (default ${default})."`
	Skew             float64       `placeholder:"SHARE" help:"Share of the load, from 0 to 1, that comes to the first gateway in any case."`
	WarmUp           time.Duration `default:"1m" placeholder:"TIME" help:"For how long the load of the beginning is played before, which does not count (default ${default})."`
	Seed             uint64        `default:"1" placeholder:"N" help:"Where chance comes from: the same number gives the same rehearsal (default ${default})."`
}

// Validate is called by the parser.
func (c *rehearseCommand) Validate() error {
	var errs []error
	for _, rule := range []struct {
		broken bool
		text   string
	}{
		{c.Load.Load != "" && c.Load.past(), "--load is not for --query, --since and --start: the load is either made up or of the past"},
		{c.Load.Query != "" && c.Load.Since == 0 && c.Load.Start == "", "--query needs --since, such as --since 1h, or --start"},
		{c.Load.Since > 0 && c.Load.Start != "", "--since and --start say the same: leave one out"},
		{c.Load.past() && c.Load.Query == "" && c.Function.Name == "", "the past of which function? give --function NAME, or a --query"},
		{c.Load.Since < 0, "--since must not be negative"},
		{c.Load.Length < 0 || c.Load.Tail < 0, "--length and --tail must not be negative"},
		{!(c.Load.Times > 0) || c.Load.Times > 1e6, "--times must be above 0"},
		{c.Function.Stack != "" && c.Function.Name == "", "--stack needs --function, the function of the file that is meant"},
		{c.World.StartUp < 0 || c.World.ServiceTime < 0 || c.World.WarmUp < 0, "--start-up, --service-time and --warm-up must not be negative"},
		{c.World.Replicas != nil && *c.World.Replicas < 0, "--replicas must not be negative"},
		{c.World.Gateways < 1 || c.World.Gateways > 100, "--gateways must be from 1 to 100"},
		{!(c.World.Skew >= 0 && c.World.Skew <= 1), "--skew must be from 0 to 1"},
		{!(c.World.CPUPerRequest >= 0), "--cpu-per-request must not be negative"},
	} {
		if rule.broken {
			errs = append(errs, errors.New(rule.text))
		}
	}
	return errors.Join(errs...)
}

// Run rehearses, and shows what came of it.
func (c *rehearseCommand) Run(ctx context.Context) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	progress := newProgress(os.Stderr, term.IsTerminal(os.Stderr.Fd()))
	r, err := c.rehearse(ctx, os.Stderr, progress)
	progress.end()
	if err != nil {
		return err
	}
	if c.SVG != "" {
		if err := writeFile(c.SVG, func(w io.Writer) error { return report.WriteSVG(w, r) }); err != nil {
			return fmt.Errorf("--svg: %w", err)
		}
	}
	if c.Output == "json" {
		return report.WriteJSON(os.Stdout, r)
	}
	cells, _, err := term.GetSize(os.Stdout.Fd())
	if err != nil {
		cells = 0 // it is no terminal
	}
	return report.WriteText(os.Stdout, r, report.TextOptions{Width: cells, Decisions: c.Decisions})
}

// rehearse plays the load for each contender. What should be known beside the result goes to notes.
func (c *rehearseCommand) rehearse(ctx context.Context, notes io.Writer, progress *progress) (*report.Report, error) {
	client, err := c.Load.client(c.Gateway.dataDir())
	if err != nil {
		return nil, err
	}
	now := time.Now()
	labels, env, err := c.Function.labels(func(name string) (map[string]string, error) { return c.settings(ctx, client, name, now) })
	if err != nil {
		return nil, err
	}
	curve, exact, err := c.Load.curve(ctx, notes, client, c.Function.Name, c.World.Seed, now)
	if err != nil {
		return nil, err
	}
	f, err := c.subject(curve)
	if err != nil {
		return nil, err
	}
	f.Even = f.Even || exact
	if f.ServiceTime == 0 && c.Load.past() && c.Function.Name != "" {
		if f.ServiceTime, err = c.Load.serviceTime(ctx, client, c.Function.Name, now); err != nil {
			return nil, err
		}
	}
	f.ServiceTime = cmp.Or(f.ServiceTime, defaultServiceTime)
	contenders, err := c.contenders(f, labels, env)
	if err != nil {
		return nil, err
	}
	length := c.Load.Length
	if length == 0 {
		length = curve.Length() + c.Load.Tail
	}
	options := rehearse.Options{
		Seed: c.World.Seed, Length: length, Gateways: c.World.Gateways, Every: pointEvery(length),
		WarmUp: orNone(c.World.WarmUp),
	}
	settings := fmt.Sprintf("start-up %s, requests take %s", c.World.StartUp, f.ServiceTime.Round(100*time.Microsecond))
	if exact {
		settings += ", each second as it was"
	}
	r := &report.Report{
		Load: c.Load.describe(c.Function.Name), Length: length, Seed: c.World.Seed, Curve: curve,
		Settings: settings,
	}
	r.Contenders, err = play(ctx, options, contenders, progress)
	return r, err
}

// defaultServiceTime is that of the engine, which is said to the user.
const defaultServiceTime = 50 * time.Millisecond

// subject is the function without its scaling.
func (c *rehearseCommand) subject(curve rehearse.Curve) (rehearse.Function, error) {
	f := rehearse.Function{
		Name: "function", Curve: curve, Even: c.World.Even, Skew: c.World.Skew, StartUp: orNone(c.World.StartUp), ServiceTime: c.World.ServiceTime,
		CPUPerRequest: c.World.CPUPerRequest,
	}
	if c.Function.Name != "" {
		f.Name = c.Function.Name
	}
	if n := c.World.Replicas; n != nil {
		if f.Start = *n; *n == 0 {
			f.Start = -1
		}
	}
	var errs []error
	for _, one := range []struct {
		flag, text string
		to         *float64
	}{
		{"--memory-per-replica", c.World.MemoryPerReplica, &f.MemoryPerReplica},
		{"--memory-per-request", c.World.MemoryPerRequest, &f.MemoryPerRequest},
	} {
		errs = append(errs, readMemory(one.flag, one.text, one.to))
	}
	var err error
	f.Custom, err = c.Load.level("--custom", c.Load.Custom, c.World.Seed)
	errs = append(errs, err)
	f.Queued, err = c.Load.level("--queued", c.Load.Queued, c.World.Seed)
	return f, errors.Join(append(errs, err)...)
}

// orNone says to the engine that a time of 0 is meant, and not its own default.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// pointEvery is the distance of points that a picture can show: at most a few thousand.
func pointEvery(length time.Duration) time.Duration {
	return max(250*time.Millisecond, (length / 4000).Truncate(250*time.Millisecond))
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
