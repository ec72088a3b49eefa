package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
)

// progress is for people who wait.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }

// report prints the figures.
func (c *measureCommand) report(w io.Writer, f figures) {
	say := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	average, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		average = []byte("unknown")
	}
	say("%d functions, %d with load, %d cores, load average %.4s. Shares are percent of one core, over %.0f s.",
		c.Functions, c.Active, runtime.NumCPU(), average, f.span)
	say("%.0f requests a second (%.0f without the loop), %d failed; %d steps of load, %.0f replicas at the end",
		float64(f.requests)/f.span, float64(f.requestsAlone)/(c.For/2).Seconds(), f.failed, f.steps, f.desired)

	say("\n%-60s %9s %9s %6s %8s", "rule", "median ms", "most ms", "n", "share %")
	for _, group := range slices.SortedFunc(maps.Values(f.rules.groups), func(a, b *span) int {
		return cmp.Or(cmp.Compare(a.interval, b.interval), strings.Compare(a.name, b.name))
	}) {
		row := func(indent string, s *span) {
			say("%-60s %9.2f %9.2f %6d %8.2f", indent+s.name, s.median(), s.most(), len(s.took), s.share())
		}
		row("group ", group)
		for _, r := range f.rules.rules {
			if r.group == group.name {
				row("  ", r)
			}
		}
	}
	say("\n%-60s %9s %9s %9s %8s", "scrape of the gateway", "ms", "bytes", "every s", "share %")
	for _, s := range f.scrapes {
		ms := float64(s.processor.Microseconds()) / 1000
		say("%-60s %9.3f %9d %9.3f %8.2f", s.path, ms, s.bytes, s.every, ms/s.every/10)
	}
	say("\n/metrics/scaling takes %.1f ms to scrape, at most %.1f; %.1f %% of its scrapes did not come", 1000*f.scrapeSeconds, 1000*f.fastScrapeMax, f.late)
	say("Prometheus: %.0f samples a second, %.0f series, %.0f MB; %.0f evaluations missed\n", f.samples, f.series, f.prometheusBytes/1e6, f.missed)

	fast, slow := f.evaluation()
	added := max(f.gateway-f.gatewayAlone, f.scrapeShare)
	for _, r := range []struct {
		name  string
		value float64
		unit  string
	}{
		{"eval_ms_fast", fast, "ms"},
		{"eval_ms_slow", slow, "ms"},
		{"eval_missed", f.missed, "evaluations"},
		{"scrapes_missed_pct", f.late, "%"},
		{"webhooks_per_s", f.webhooks / f.span, "1/s"},
		{"decisions_per_s", f.decisions / f.span, "1/s"},
		{"prometheus_cpu_pct", f.prometheus, "%"},
		{"alertmanager_cpu_pct", f.alertmanager, "%"},
		{"gateway_scrape_cpu_pct", f.scrapeShare, "%"},
		{"gateway_with_loop_cpu_pct", f.gateway, "%"},
		{"gateway_without_loop_cpu_pct", f.gatewayAlone, "%"},
		{"gateway_added_cpu_pct", added, "%"},
		{"control_cpu_pct", f.prometheus + f.alertmanager + added, "%"},
	} {
		say("result: many_%s %.2f %s", r.name, r.value, r.unit)
	}
}

// evaluation is the median time of the groups that come several times a second, and of the others, each added up.
func (f figures) evaluation() (fast, slow float64) {
	for _, g := range f.rules.groups {
		if g.interval < 1 {
			fast += g.median()
		} else {
			slow += g.median()
		}
	}
	return fast, slow
}
