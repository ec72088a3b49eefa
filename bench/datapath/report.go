package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report prints as it goes and keeps the same for a page.
type report struct {
	text    bytes.Buffer
	results []string
}

// progress is for the terminal only.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }

func (r *report) line(format string, args ...any) {
	line := fmt.Sprintf(format+"\n", args...)
	fmt.Print(line)
	r.text.WriteString(line)
}

// result is a figure for machines; all come at the end.
func (r *report) result(name string, value float64, unit string) {
	r.results = append(r.results, fmt.Sprintf("result: %s %.4g %s", name, value, unit))
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}

func (r *report) head(c *measureCommand) {
	r.line("# What the data path costs\n")
	r.line("Measured on %s with %d cores (%s/%s), load average %s at the start: %d rounds of %s each, in which all take turns; medians, with the least and the most. "+
		"Requests are POST with %d bytes that come back. \"CPU\" is the processor time of the one named, in µs a request.",
		time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, loadAverage(), c.Rounds, c.For, bodySize)
}

func (r *report) tail() {
	r.line("\nLoad average at the end, the benchmark's own included: %s.\n", loadAverage())
	for _, text := range r.results {
		r.line("    %s", text)
	}
}

// middle is the median of what of says of the turns.
func middle(turns []turn, of func(turn) float64) float64 { return median(each(turns, of)) }

func each(turns []turn, of func(turn) float64) []float64 {
	var vs []float64
	for _, t := range turns {
		vs = append(vs, of(t))
	}
	return vs
}

func median(vs []float64) float64 {
	vs = slices.Sorted(slices.Values(vs))
	n := len(vs)
	return (vs[(n-1)/2] + vs[n/2]) / 2
}

// spread is the median with the least and the most.
func spread(vs []float64, format string) string {
	return fmt.Sprintf(format+" ("+format+" to "+format+")", median(vs), slices.Min(vs), slices.Max(vs))
}

func p50(t turn) float64 { return t.P50 / 1e3 }
func p99(t turn) float64 { return t.P99 / 1e3 }
func mib(t turn) float64 { return float64(t.bytes) / (1 << 20) }

// table shows the turns of all.
func (r *report) table(all []contender, turns [][]turn) {
	r.line("| | requests/s | CPU | p50 ms | p99 ms | resident MiB |")
	r.line("|---|---|---|---|---|---|")
	for i, c := range all {
		r.line("| %s | %s | %s | %.2f | %s | %.0f |", c.name, spread(each(turns[i], turn.rps), "%.0f"), spread(each(turns[i], turn.cpu), "%.1f"),
			middle(turns[i], p50), spread(each(turns[i], p99), "%.2f"), middle(turns[i], mib))
	}
}

func (r *report) hop(connections int, all []contender, turns [][]turn) {
	r.line("\n## A hop at %d connections\n", connections)
	r.table(all, turns)
	if connections != 50 {
		return
	}
	for i, c := range all {
		r.result(c.name+"_cpu_us", middle(turns[i], turn.cpu), "µs")
		r.result(c.name+"_rps_c50", middle(turns[i], turn.rps), "requests/s")
		r.result(c.name+"_p99_ms_c50", middle(turns[i], p99), "ms")
	}
}

func (r *report) many(all []contender, turns [][]turn) {
	r.line("\n## Many functions, at 50 connections\n")
	r.table(all, turns)
	r.result("gateway_1000fn_ratio", middle(turns[1], turn.rps)/middle(turns[0], turn.rps), "ratio")
	r.result("gateway_1000fn_in_turn_ratio", middle(turns[2], turn.rps)/middle(turns[0], turn.rps), "ratio")
}

func (r *report) idle(before, after int64) {
	grown := float64(after-before) / (1 << 20)
	r.line("\n## Idle connections\n\n%d connections, each idle after a request, hold %.1f MiB: the gateway is at %.0f MiB then.", idleConnections, grown, float64(after)/(1<<20))
	r.result("gateway_idle_500_mib", grown, "MiB")
}

func (r *report) watchdog(connections int, all []contender, turns [][]turn) {
	r.line("\n## The watchdog's http mode at %d connections\n", connections)
	r.table(all, turns)
	if connections == 50 {
		r.result("watchdog_http_cpu_us", middle(turns[1], turn.cpu), "µs")
		r.result("watchdog_http_rps_c50", middle(turns[1], turn.rps), "requests/s")
	}
}

func (r *report) fork(limits []float64, all []contender, turns [][]turn) {
	r.line("\n## A process for each request: /bin/cat, 10 connections\n\nBare process starts with pipes, by posix_spawn on 10 threads: %s a second.\n", spread(limits, "%.0f"))
	r.line("| | requests/s | of the limit | own CPU | with its processes |")
	r.line("|---|---|---|---|---|")
	for i, c := range all {
		rate := middle(turns[i], turn.rps)
		r.line("| %s | %s | %.2f | %s | %.0f |", c.name, spread(each(turns[i], turn.rps), "%.0f"), rate/median(limits), spread(each(turns[i], turn.cpu), "%.0f"),
			middle(turns[i], func(t turn) float64 { return float64((t.own + t.children).Microseconds()) / float64(t.Requests) }))
	}
	r.result("watchdog_fork_ratio", middle(turns[0], turn.rps)/median(limits), "ratio")
	r.result("watchdog_fork_cpu_us", middle(turns[0], turn.cpu), "µs")
}

func (r *report) pool(pause time.Duration, turns [][]turn) {
	without, with := middle(turns[0], p50), middle(turns[1], p50)
	if pause == 0 {
		r.line("\nAt one connection: p50 %.2f ms without a pool, %.2f ms with one of 16.", without, with)
		r.result("watchdog_pool_closed_loop_p50_ratio", with/without, "ratio")
		return
	}
	r.line("\nAt one connection that pauses for %s before each request: p50 %.2f ms without a pool, %.2f ms with one of 16.", pause, without, with)
	r.result("watchdog_pool_p50_ratio", with/without, "ratio")
}

func (r *report) bodies(method, name string, rates, direct []float64, resident int64) {
	title, result := "10 MiB both ways", "body_10m"
	if method == http.MethodGet {
		title, result = "10 MiB to the client", "download_10m"
	}
	if name == "direct" {
		r.line("\n## " + title + ", one connection\n\n| | MB/s | of direct | resident MiB at most |\n|---|---|---|---|")
	}
	ratio := median(rates) / median(direct)
	r.line("| %s | %s | %.2f | %d |", name, spread(scaled(rates, 1e-6), "%.0f"), ratio, resident>>20)
	switch name {
	case "gateway":
		r.result(result+"_ratio", ratio, "ratio")
	case "watchdog http":
		r.result("watchdog_"+result+"_ratio", ratio, "ratio")
	case "nginx":
		r.result("nginx_"+result+"_ratio", ratio, "ratio")
	}
}

func scaled(vs []float64, by float64) []float64 {
	vs = slices.Clone(vs)
	for i := range vs {
		vs[i] *= by
	}
	return vs
}

// streamSmall opens connections to a gateway at once, has one request answered on each and returns them open.
func streamSmall(ctx context.Context, addr string, n int) ([]net.Conn, error) {
	var all []net.Conn
	for range n {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
		if _, err := fmt.Fprintf(c, "POST /function/%s HTTP/1.1\r\nHost: bench\r\nContent-Length: 1\r\n\r\nx", name(0)); err != nil {
			return nil, err
		}
	}
	buf := make([]byte, 1<<10)
	for _, c := range all {
		if _, _, err := newAnswers(c).next(buf); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func saveProfile(ctx context.Context, url, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}
