package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report shows what was measured beside what was rehearsed, of which the median is shown in full.
func report(out io.Writer, o options, s steps, startUp time.Duration, found trail, rehearsed []trail) {
	line := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("unknown")
	}
	median := rehearsed[len(rehearsed)/2]
	line("Measured on %s with %d cores (%s/%s), load average %s. `%s`, a replica starts in %.0f ms.", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, strings.Fields(string(load))[0], o.Load, float64(startUp.Microseconds())/1000)

	line("\n| real | | rehearsed | |\n|---|---|---|---|")
	for i := 1; i < max(len(found.changes), len(median.changes)); i++ {
		line("| %s | %s |", found.describe(i), median.describe(i))
	}
	line("\n| | real | rehearsed | over %d seeds |\n|---|---|---|---|", len(rehearsed))
	row := func(what, format string, of func(trail) float64) {
		var all []float64
		for _, t := range rehearsed {
			all = append(all, of(t))
		}
		line("| %s | "+format+" | "+format+" | "+format+" to "+format+" |", what, of(found), of(median), slices.Min(all), slices.Max(all))
	}
	row("replica-seconds", "%.1f", func(t trail) float64 { return t.replicaSeconds })
	row("most replicas", "%.0f", func(t trail) float64 { return float64(t.most) })
	row("changes", "%.0f", trail.count)
	row("requests", "%.0f", func(t trail) float64 { return float64(t.asked) })
	for _, at := range s.jumps() {
		row(fmt.Sprintf("first change after %.0f s, in s", at.Seconds()), "%.2f", func(t trail) float64 {
			c, _ := t.after(at)
			return max(0, (c.at - at).Seconds())
		})
	}
	line("")
	same, near := agreement(found, median)
	moments := differences(found, median)
	line("result: fidelity_replica_seconds_ratio %.3f ratio", median.replicaSeconds/found.replicaSeconds)
	line("result: fidelity_changes_real %.0f changes", found.count())
	line("result: fidelity_changes_rehearsed %.0f changes", median.count())
	line("result: fidelity_median_moment_difference_s %.2f s", moments)
	line("result: fidelity_time_at_same_count_pct %.1f %%", same)
	line("result: fidelity_time_within_one_pct %.1f %%", near)
	line("result: fidelity_failed_requests %d requests", found.failed)
}

// count is the number of changes.
func (t trail) count() float64 { return float64(len(t.changes) - 1) }

// describe writes the i-th change as two cells of a table.
func (t trail) describe(i int) string {
	if i >= len(t.changes) {
		return " | "
	}
	return fmt.Sprintf("%.2f s | %d → %d", t.changes[i].at.Seconds(), t.changes[i-1].n, t.changes[i].n)
}

// jumps are the moments at which the rate changes by more than half of the lower one.
func (s steps) jumps() []time.Duration {
	var at []time.Duration
	for i := 1; i < len(s); i++ {
		if low := min(s[i], s[i-1]); math.Abs(s[i]-s[i-1]) > low/2 {
			at = append(at, time.Duration(i)*time.Second)
		}
	}
	return at
}

// agreement is for how much of the time, in percent, both had the same count, and counts within one of each other.
func agreement(a, b trail) (same, near float64) {
	const step = 10 * time.Millisecond
	for t := time.Duration(0); t < a.length; t += step {
		switch a.at(t) - b.at(t) {
		case 0:
			same++
			near++
		case 1, -1:
			near++
		}
	}
	all := float64(a.length / step)
	return 100 * same / all, 100 * near / all
}

// differences is the median time between a change that was measured and the nearest rehearsed one in the same direction, in seconds;
// NaN where there are none.
func differences(found, rehearsed trail) float64 {
	var all []float64
	for i := 1; i < len(found.changes); i++ {
		least := math.Inf(1)
		for j := 1; j < len(rehearsed.changes); j++ {
			if found.raises(i) == rehearsed.raises(j) {
				least = min(least, math.Abs((found.changes[i].at - rehearsed.changes[j].at).Seconds()))
			}
		}
		all = append(all, least)
	}
	if len(all) == 0 {
		return math.NaN()
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// raises reports whether the i-th change went up.
func (t trail) raises(i int) bool { return t.changes[i].n > t.changes[i-1].n }
