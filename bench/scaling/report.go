package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report prints as it goes and keeps the same for a page.
type report struct {
	out  io.Writer
	text bytes.Buffer
	// broken are bounds that do not depend on the machine and were not kept.
	broken []error
}

// progress is for the terminal only.
func (r *report) progress(format string, args ...any) {
	fmt.Fprintf(r.out, "# "+format+"\n", args...)
}

// machine says where and when the figures were taken, since they hold for such a machine only.
func (r *report) machine() {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("unknown")
	}
	r.line("Measured on %s with %d cores (%s/%s), load average %s.", time.Now().UTC().Format("2006-01-02"),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, strings.Join(strings.Fields(string(load))[:1], " "))
}

// loads shows the runs with one set of timers.
func (r *report) loads(t timers, runs []loadRun) {
	prefix := t.prefix
	r.line("\n## %s\n\nLoad: `hey -z %s -c 10 -q 5`, whose first requests come after 0.2 s, on a function of target 5, which then needs %d replicas. "+
		"All times but the last count from hey's start.\n", t.title, t.load, needed)
	r.line("| run | first change | %d ready | all %d ready | back to 1 after the end | most replicas | requests | failed | flips |", needed-1, needed)
	r.line("|---|---|---|---|---|---|---|---|---|")
	for i, run := range runs {
		r.line("| %d | %s | %s | %s | %s | %d | %d | %d | %d |", i+1, moment(run.firstChange), moment(run.nearReady), moment(run.fullReady),
			moment(run.back), run.most, run.requests, run.failed, run.flips)
	}
	r.line("")
	pick := func(of func(loadRun) time.Duration) []time.Duration {
		var ds []time.Duration
		for _, run := range runs {
			ds = append(ds, of(run))
		}
		return ds
	}
	r.result(prefix+"scale_hey_first_change_s", pick(func(l loadRun) time.Duration { return l.firstChange }))
	r.result(prefix+"scale_near_ready_s", pick(func(l loadRun) time.Duration { return l.nearReady }))
	r.result(prefix+"scale_full_ready_s", pick(func(l loadRun) time.Duration { return l.fullReady }))
	r.result(prefix+"scale_back_s", pick(func(l loadRun) time.Duration { return l.back }))
	failed, flips := 0, 0
	for _, run := range runs {
		failed += run.failed
		flips += run.flips
	}
	r.line("    result: %sscale_failed_requests %d requests", prefix, failed)
	r.line("    result: %sscale_flips %d flips", prefix, flips)
}

// result prints the median of ds in seconds, or never if that many runs never came so far.
func (r *report) result(name string, ds []time.Duration) {
	if len(ds) == 0 {
		return
	}
	m := percentile(ds, 50)
	if m == never {
		r.line("    result: %s never", name)
		return
	}
	r.line("    result: %s %.3f s", name, m.Seconds())
}

// steps shows the tenfold steps and the overloads on one system.
func (r *report) steps(s *system, runs []stepRun, overloads []time.Duration) {
	r.line("\n## A tenfold step %s (%d times)\n", s.title, len(runs))
	r.line("%d requests a second, then %d at once, which need %d replicas of the default target. From the step on:\n", baseRate, stepRate, stepNeeds)
	r.line("| | median | least | most |\n|---|---|---|---|")
	var results []func()
	row := func(name, result string, of func(stepRun) time.Duration) {
		var ds []time.Duration
		for _, run := range runs {
			ds = append(ds, of(run))
		}
		r.line("| %s | %s | %s | %s |", name, moment(percentile(ds, 50)), moment(percentile(ds, 0)), moment(percentile(ds, 100)))
		results = append(results, func() { r.result(s.prefix+result, ds) })
	}
	row("first change", "scale_first_change_s", func(r stepRun) time.Duration { return r.first })
	row("count within one of what is needed, and stays", "scale_correct_s", func(r stepRun) time.Duration { return r.correct })
	row("so many ready", "scale_ready_s", func(r stepRun) time.Duration { return r.ready })
	r.line("")
	for _, show := range results {
		show()
	}
	failed := 0
	for _, run := range runs {
		failed += run.failed
	}
	r.line("    result: %sscale_step_failed_requests %d requests", s.prefix, failed)
	r.line("\n## An overload %s (%d times)\n", s.title, len(overloads))
	r.line("%d requests at once on a function with one replica of one slot: from the first of them to the accepted order for more.\n", overloadCalls)
	for _, p := range []struct {
		name string
		p    int
	}{{"", 50}, {"_most", 100}} {
		r.line("    result: %sscale_overload_first_change%s_ms %.1f ms", s.prefix, p.name, float64(percentile(overloads, p.p).Microseconds())/1000)
	}
}

// steady shows how many steady loads were left alone.
func (r *report) steady(n, turned, actions int, took time.Duration) {
	r.line("\n## Steady loads at random fractions of a replica's boundary, ten minutes each, in virtual time\n")
	r.line("    result: steady_turned_pct %.2f %%", 100*float64(turned)/float64(n))
	if 100*turned > n {
		r.broken = append(r.broken, fmt.Errorf("%d of %d steady loads were answered up and down, more than one in a hundred", turned, n))
	}
	r.line("    result: steady_actions_per_load %.3f actions", float64(actions)/float64(n))
	r.line("    result: steady_rehearsal_s %.1f s", took.Seconds())
}

// wakes shows the times from a request to a function at 0 replicas to its answer.
func (r *report) wakes(ds []time.Duration) {
	r.line("\n## Wake from 0 replicas (%d times)\n", len(ds))
	for _, p := range []int{50, 95} {
		r.line("    result: wake_p%d_ms %.1f ms", p, float64(percentile(ds, p).Microseconds())/1000)
	}
}

func (r *report) line(format string, args ...any) {
	text := fmt.Sprintf(format+"\n", args...)
	r.text.WriteString(text)
	_, _ = io.WriteString(r.out, strings.TrimPrefix(text, "    ")) // a terminal that went away is no news
}

// page is the whole report in Markdown.
func (r *report) page() string {
	return "# How fast replicas follow load\n\nWritten by `make bench-scaling BENCH_FLAGS=\"--report docs/bench-scaling.md\"`.\n\n" + r.text.String()
}

// percentile is the smallest of ds that p percent of them do not exceed (nearest rank); never counts as
// longest.
func percentile(ds []time.Duration, p int) time.Duration {
	sorted := slices.Clone(ds)
	slices.SortFunc(sorted, func(a, b time.Duration) int {
		if (a == never) != (b == never) {
			return map[bool]int{true: 1, false: -1}[a == never]
		}
		return int(a - b)
	})
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}
