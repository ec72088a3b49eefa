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
}

// progress is for the terminal only.
func (r *report) progress(format string, args ...any) {
	fmt.Fprintf(r.out, "# "+format+"\n", args...)
}

// machine says where and when the figures were taken, since they hold for such a machine only.
func (r *report) machine() {
	r.line("Measured on %s with %d cores (%s/%s), load average %s.", time.Now().UTC().Format("2006-01-02"),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, machineLoad())
}

func (r *report) line(format string, args ...any) {
	text := fmt.Sprintf(format+"\n", args...)
	r.text.WriteString(text)
	_, _ = io.WriteString(r.out, strings.TrimPrefix(text, "    ")) // a terminal that went away is no news
}

// value prints one result.
func (r *report) value(name string, value float64, digits int, unit string) {
	r.line("    result: %s %.*f %s", name, digits, value, unit)
}

// seconds prints a result in seconds; one that never came is told as such.
func (r *report) seconds(name string, d time.Duration) {
	if d == never {
		r.line("    result: %s never", name)
		return
	}
	r.value(name, d.Seconds(), 3, "s")
}

// milliseconds prints a result in milliseconds.
func (r *report) milliseconds(name string, d time.Duration) {
	if d == never {
		r.line("    result: %s never", name)
		return
	}
	r.value(name, millis(d), 1, "ms")
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// promises begins a table of what was promised.
func (r *report) promises() { r.line("| promise | at most | measured | |\n|---|---|---|---|") }

// promise holds a time against what was promised.
func (r *report) promise(what string, got, most time.Duration) {
	r.verdict(what, moment(most), moment(got), got != never && got <= most)
}

// promiseCount does the same with a number.
func (r *report) promiseCount(what string, got, most float64) {
	r.verdict(what, fmt.Sprintf("%.4g", most), fmt.Sprintf("%.4g", got), got <= most)
}

func (r *report) verdict(what, most, got string, kept bool) {
	verdict := "kept"
	if !kept {
		verdict = "**missed**"
	}
	r.line("| %s | %s | %s | %s |", what, most, got, verdict)
}

// page is the whole report in Markdown.
func (r *report) page() string {
	return "# On Docker Swarm\n\nWritten by `make bench-swarm BENCH_FLAGS=\"--report docs/bench-swarm.md\"`. What runs beside it on the machine\n" +
		"shows in the figures, in Swarm's own as well: each is one with a load average.\n\n" + r.text.String()
}

// machineLoad is the load average of the last minute.
func machineLoad() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil || len(text) == 0 {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}

// never is the time of what did not come.
const never = time.Duration(-1)

func moment(d time.Duration) string {
	if d == never {
		return "never"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// percentile is the smallest of ds that p percent of them do not exceed (nearest rank); never counts as longest.
// Of none it is never.
func percentile(ds []time.Duration, p int) time.Duration {
	if len(ds) == 0 {
		return never
	}
	sorted := slices.Clone(ds)
	slices.SortFunc(sorted, func(a, b time.Duration) int {
		if (a == never) != (b == never) {
			return map[bool]int{true: 1, false: -1}[a == never]
		}
		return int(a - b)
	})
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// spread is the least and the greatest of ds.
func spread(ds []time.Duration) string {
	if len(ds) == 0 {
		return "none"
	}
	return fmt.Sprintf("%s to %s", moment(percentile(ds, 0)), moment(percentile(ds, 100)))
}
