package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"faas/internal/supervise"
)

// figures are what was measured. Shares are of one core, in percent.
type figures struct {
	gatewayAlone, gateway, prometheus, alertmanager float64 // shares
	requestsAlone, requests, failed                 int64
	scrapeShare                                     float64 // the gateway's, computed from the costs of each scrape
	scrapes                                         []scrapeCost

	span                         float64 // seconds
	webhooks, decisions, missed  float64
	samples, series              float64
	late                         float64 // scrapes of /metrics/scaling that did not come, percent
	prometheusBytes              float64
	rules                        *ruleTimes
	steps                        int64
	desired                      float64 // at the end
	replicaScrapes               float64 // per second
	scrapeSeconds, fastScrapeMax float64
}

// scrapeCost is what the gateway uses for one scrape of a path.
type scrapeCost struct {
	path      string
	every     float64 // seconds
	processor time.Duration
	bytes     int
}

// Run measures and reports.
func (c *measureCommand) Run(ctx context.Context) (err error) {
	dir := c.Keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "faas-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	s := &system{dir: dir, group: supervise.NewGroup()}
	if s.echo, err = startEcho(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.choosePorts(ctx); err != nil {
		return err
	}
	if err := s.startGateway(ctx, c.Functions, c.ReplicaMetrics); err != nil {
		return err
	}
	var f figures
	if err := c.measure(ctx, s, &f); err != nil {
		return err
	}
	c.report(os.Stdout, f)
	return nil
}

func (c *measureCommand) measure(ctx context.Context, s *system, f *figures) error {
	loaded, stopLoad := context.WithCancel(ctx)
	l := newLoad(s.at.Gateway, c.Rate, c.Step)
	var offering sync.WaitGroup
	offering.Go(func() { l.run(loaded, c.Active) })
	defer offering.Wait()
	defer stopLoad()

	progress("%d functions, %d with load; the gateway alone for %s", c.Functions, c.Active, c.For/2)
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	sent := l.sent.Load()
	shares, _, err := over(ctx, c.For/2, s.gateway.Process.Pid)
	if err != nil {
		return err
	}
	f.gatewayAlone, f.requestsAlone = shares[0], l.sent.Load()-sent

	if err := s.startLoop(ctx, c); err != nil {
		return err
	}
	if c.Touch {
		progress("a call of each function")
		if err := l.touch(ctx, c.Functions); err != nil {
			return err
		}
	}
	progress("with the control loop: %s to settle, then %s", c.Settle, c.For)
	if err := pause(ctx, c.Settle); err != nil {
		return err
	}
	if err := c.withLoop(ctx, s, l, f); err != nil {
		return err
	}
	if c.Profile != "" {
		if err := s.profile(ctx, c.Profile); err != nil {
			return err
		}
	}
	stopLoad()
	offering.Wait()
	if err := s.stopLoop(); err != nil {
		return err
	}
	progress("what a scrape costs the gateway")
	return c.scrapeCosts(ctx, s, f)
}

// withLoop measures all with the control loop.
func (c *measureCommand) withLoop(ctx context.Context, s *system, l *load, f *figures) error {
	before, err := s.counters(ctx)
	if err != nil {
		return err
	}
	sent, failed, steps, scraped := l.sent.Load(), l.failed.Load(), l.steps.Load(), s.echo.scraped.Load()
	watching, stop := context.WithCancel(ctx)
	f.rules = newRuleTimes()
	watched := make(chan error, 1)
	go func() { watched <- f.rules.watch(watching, s.prometheusAt) }()
	shares, span, err := over(ctx, c.For, s.gateway.Process.Pid, s.prometheus.PID(), s.alertmanager.PID())
	stop()
	if err := errors.Join(err, <-watched); err != nil {
		return err
	}
	after, err := s.counters(ctx)
	if err != nil {
		return err
	}
	f.gateway, f.prometheus, f.alertmanager = shares[0], shares[1], shares[2]
	f.span = span.Seconds()
	f.requests, f.failed, f.steps = l.sent.Load()-sent, l.failed.Load()-failed, l.steps.Load()-steps
	f.replicaScrapes = float64(s.echo.scraped.Load()-scraped) / f.span
	grown := func(name string) float64 { return after[name] - before[name] }
	f.webhooks = grown("alertmanager_notifications_total{integration=webhook}")
	f.decisions = grown("gateway_scaling_decisions_total")
	f.missed = grown("prometheus_rule_group_iterations_missed_total")
	f.samples = grown("prometheus_tsdb_head_samples_appended_total") / f.span
	f.series, f.prometheusBytes, f.desired = after["prometheus_tsdb_head_series"], after["process_resident_memory_bytes"], after["gateway_service_count"]
	for what, q := range map[*float64]string{
		&f.scrapeSeconds: `avg(avg_over_time(scrape_duration_seconds{job="gateway-scaling"}[%ds]))`,
		&f.fastScrapeMax: `max(max_over_time(scrape_duration_seconds{job="gateway-scaling"}[%ds]))`,
		&f.late:          `100 * (1 - sum(sum_over_time(up{job="gateway-scaling"}[%[1]ds])) / (4 * %[1]d))`,
	} {
		if *what, err = query(ctx, s.prometheusAt, fmt.Sprintf(q, int(f.span))); err != nil {
			return err
		}
	}
	return nil
}

// counters are those of all three servers.
func (s *system) counters(ctx context.Context) (map[string]float64, error) {
	all := map[string]float64{}
	for _, from := range []struct{ url, job string }{
		{"http://" + s.at.Metrics + "/metrics", "gateway"},
		{"http://" + s.alertmanagerAt + "/metrics", "alertmanager"},
		{"http://" + s.prometheusAt + "/metrics", "prometheus"},
	} {
		sums, err := counters(ctx, from.url, "integration")
		if err != nil {
			return nil, err
		}
		for name, v := range sums {
			all[name] = v // the last one's where several have a name: that of the process is Prometheus's
		}
	}
	return all, nil
}

// profile writes what each of the three does in 10 s.
func (s *system) profile(ctx context.Context, dir string) error {
	progress("processor profiles")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for name, at := range map[string]string{
		"prometheus": s.prometheusAt, "alertmanager": s.alertmanagerAt, "gateway": s.at.Profiles,
	} {
		text, err := get(ctx, "http://"+at+"/debug/pprof/profile?seconds=10")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".pprof"), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// scrapeCosts measures each scrape often enough to see it in the gateway's processor time, with nothing else under way.
func (c *measureCommand) scrapeCosts(ctx context.Context, s *system, f *figures) error {
	f.scrapes = []scrapeCost{
		{path: "/metrics/scaling", every: 0.25},
		{path: "/sd/replicas?signal=usage", every: 1},
		{path: "/metrics", every: 10},
		{path: "/sd/replicas", every: 5},
	}
	if c.ReplicaMetrics {
		f.scrapes = append(f.scrapes, scrapeCost{path: "/metrics/replicas/" + name(0) + "/" + name(0) + ".1", every: 1 / max(f.replicaScrapes, 0.001)})
	}
	for i := range f.scrapes {
		one := &f.scrapes[i]
		before, err := processorTime(s.gateway.Process.Pid)
		if err != nil {
			return err
		}
		var used time.Duration
		n := 0
		for start := time.Now(); used < 500*time.Millisecond && time.Since(start) < 5*time.Second; n++ {
			text, err := get(ctx, "http://"+s.at.Metrics+one.path)
			if err != nil {
				return err
			}
			one.bytes = len(text)
			now, err := processorTime(s.gateway.Process.Pid)
			if err != nil {
				return err
			}
			used = now - before
		}
		one.processor = used / time.Duration(n)
		f.scrapeShare += 100 * one.processor.Seconds() / one.every
	}
	return nil
}

// over returns the shares of one core that processes use for a while.
func over(ctx context.Context, d time.Duration, pids ...int) (shares []float64, span time.Duration, err error) {
	before := make([]time.Duration, len(pids))
	for i, pid := range pids {
		if before[i], err = processorTime(pid); err != nil {
			return nil, 0, err
		}
	}
	start := time.Now()
	if err := pause(ctx, d); err != nil {
		return nil, 0, err
	}
	for i, pid := range pids {
		after, err := processorTime(pid)
		if err != nil {
			return nil, 0, err
		}
		shares = append(shares, 100*float64(after-before[i])/float64(time.Since(start)))
	}
	return shares, time.Since(start), nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
