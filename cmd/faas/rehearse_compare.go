package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"faas"
	"faas/function"
	"faas/rehearse"
	"faas/rehearse/report"
)

// rivalNames are what --compare knows beside settings and directories.
const rivalNames = "hpa, hpa:60s, kpa or classic"

// contender is one way to scale, before it was played.
type contender struct {
	name, detail string
	function     rehearse.Function
	// options changes those that all have: who decides, and by which files.
	options func(rehearse.Options) rehearse.Options
}

// by has the rules of a directory decide.
func by(config fs.FS) func(rehearse.Options) rehearse.Options {
	return func(o rehearse.Options) rehearse.Options {
		o.Config = config
		return o
	}
}

// follow has a policy decide.
func follow(p rehearse.Policy) func(rehearse.Options) rehearse.Options {
	return func(o rehearse.Options) rehearse.Options {
		o.Policy = p
		return o
	}
}

// contenders are the one that was asked for, and those that it is compared with.
func (c *rehearseCommand) contenders(f rehearse.Function, labels, env map[string]string) ([]contender, error) {
	base := contender{name: "rules", options: by(faas.ControlLoop), function: f}
	rules := "the rules of this version"
	if c.ConfigDir != "" {
		base.name, base.options, rules = c.ConfigDir, by(os.DirFS(c.ConfigDir)), "the rules there"
	}
	var err error
	if base.function.Scaling, err = scalingOf(labels, env); err != nil {
		return nil, err
	}
	base.detail = describeScaling(base.function.Scaling) + "; " + rules
	all := []contender{base}
	for _, text := range c.Compare {
		other, err := base.compared(text, rules, labels, env)
		if err != nil {
			return nil, fmt.Errorf("--compare %s: %w", text, err)
		}
		all = append(all, other)
	}
	return all, nil
}

// compared is base but for what a --compare says.
func (c contender) compared(text, rules string, labels, env map[string]string) (contender, error) {
	c.name = text
	if strings.Contains(text, "=") {
		settings, err := parseSettings(text)
		if err != nil {
			return c, err
		}
		c.function.Scaling, err = scalingOf(overlay(labels, settings), env)
		c.detail = describeScaling(c.function.Scaling) + "; " + rules
		return c, err
	}
	name, argument, given := strings.Cut(text, ":")
	switch name {
	case "hpa":
		var policy rehearse.HPA
		if given {
			window, err := time.ParseDuration(argument)
			if err != nil || window < time.Second {
				return c, function.Invalidf("%q is no time to look back, such as 60s", argument)
			}
			policy.Window = window
		}
		c.options, c.detail = follow(policy), "Kubernetes: "+policy.Name()
		return c, nil
	case "kpa":
		c.options, c.detail = follow(rehearse.KPA{}), rehearse.KPA{}.Name()
	case "classic":
		c.options = rehearse.Classic
		c.detail = fmt.Sprintf("OpenFaaS' own step alert and timers, %d replicas a step", c.function.Scaling.Step())
	default:
		if info, err := os.Stat(text); err != nil || !info.IsDir() {
			return c, function.Invalidf("it is no directory, and none of %s; settings are written as target=20", rivalNames)
		}
		c.options, c.detail = by(os.DirFS(text)), describeScaling(c.function.Scaling)+"; the rules there"
	}
	if given && (name == "kpa" || name == "classic") {
		return c, function.Invalidf("%s takes nothing after a colon", name)
	}
	return c, nil
}

// play rehearses all contenders, as many at a time as there are cores.
func play(ctx context.Context, o rehearse.Options, contenders []contender, p *progress) ([]report.Contender, error) {
	played := make([]report.Contender, len(contenders))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	p.begin(len(contenders))
	for i, c := range contenders {
		group.Go(func() error {
			o := c.options(o)
			o.Functions = []rehearse.Function{c.function}
			o.Progress = func(done, of time.Duration) { p.see(i, done, of) }
			result, err := rehearse.Run(ctx, o)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			played[i] = report.Contender{
				Name: c.name, Detail: c.detail, PerReplica: report.PerReplica(c.function),
				Result: result.Functions[0], Evaluations: result.Evaluations,
			}
			return nil
		})
	}
	return played, group.Wait()
}
