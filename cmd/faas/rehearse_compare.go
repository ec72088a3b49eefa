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
const rivalNames = "hpa, hpa:300s, kpa or classic"

// contender is one way to scale, before it was played.
type contender struct {
	name, detail string
	function     rehearse.Function
	// config and the two files in it are the rules and timers; policy decides in their place where it is not nil.
	config                   fs.FS
	prometheus, alertmanager string
	policy                   rehearse.Policy
}

// contenders are the one that was asked for, and those that it is compared with.
func (c *rehearseCommand) contenders(f rehearse.Function, labels, env map[string]string) ([]contender, error) {
	base := contender{name: "rules", config: faas.ControlLoop, function: f}
	rules := "the rules of this version"
	if c.ConfigDir != "" {
		base.name, base.config, rules = c.ConfigDir, os.DirFS(c.ConfigDir), "the rules there"
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
		window := 60 * time.Second
		if given {
			var err error
			if window, err = time.ParseDuration(argument); err != nil || window < 0 {
				return c, function.Invalidf("%q is no time to look back, such as 300s", argument)
			}
		}
		if c.policy = hpaPolicy(window); c.policy == nil {
			return c, errNoRival
		}
		c.detail = "Kubernetes' HorizontalPodAutoscaler, every 15 s, down after " + brief(window)
		return c, nil
	case "kpa":
		if c.policy = kpaPolicy(); c.policy == nil {
			return c, errNoRival
		}
		c.detail = "Knative's autoscaler, every 2 s, stable window 60 s, panic window 6 s"
	case "classic":
		c.config, c.prometheus, c.alertmanager = faas.ControlLoop, "prometheus/classic/prometheus.yml", "alertmanager/classic.yml"
		c.detail = fmt.Sprintf("step alerts and timers of OpenFaaS, %d replicas a step", c.function.Scaling.Step())
	default:
		if info, err := os.Stat(text); err != nil || !info.IsDir() {
			return c, function.Invalidf("it is no directory, and none of %s; settings are written as target=20", rivalNames)
		}
		c.config = os.DirFS(text)
		c.detail = describeScaling(c.function.Scaling) + "; the rules there"
		return c, nil
	}
	if given {
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
			o := o
			o.Config, o.Prometheus, o.Alertmanager, o.Policy = c.config, c.prometheus, c.alertmanager, c.policy
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
