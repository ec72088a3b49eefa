package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// bodySize is what a request and its answer carry.
const bodySize = 1 << 10

// The script of wrk: POST with a body, to the functions in turn where there are several. It ends with the figures in JSON.
const wrkScript = `
wrk.method = "POST"
wrk.body = string.rep("x", %[1]d)
wrk.headers["Content-Type"] = "text/plain"
local n, i = %[2]d, 0
if n > 0 then
	local all = {}
	function init()
		for j = 0, n - 1 do all[j] = wrk.format(nil, string.format("/function/function-%%04d", j)) end
	end
	function request()
		i = (i + 1) %% n
		return all[i]
	end
end
if %[3]d > 0 then
	function delay() return %[3]d end
end
function done(summary, latency, requests)
	local e = summary.errors
	io.write(string.format('\n{"requests":%%d,"micros":%%d,"bytes":%%d,"p50":%%d,"p99":%%d,"failed":%%d}\n',
		summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
		e.connect + e.read + e.write + e.status + e.timeout))
end
`

// turn is what one load showed.
type turn struct {
	Requests, Micros, Bytes int64
	P50, P99                float64 // microseconds
	Failed                  int64

	own, children time.Duration // processor time of the one that was measured
	bytes         int64         // resident at the end
}

func (t turn) rps() float64 { return float64(t.Requests) / (float64(t.Micros) / 1e6) }

// cpu is the processor time of a request, in microseconds.
func (t turn) cpu() float64 { return float64(t.own.Microseconds()) / float64(t.Requests) }

// load runs wrk for d against c with so many connections.
func (c contender) load(ctx context.Context, dir string, connections int, d time.Duration) (turn, error) {
	script := filepath.Join(dir, "wrk.lua")
	if err := os.WriteFile(script, fmt.Appendf(nil, wrkScript, bodySize, c.functions, c.pause.Milliseconds()), 0o600); err != nil {
		return turn{}, err
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t", "1", "-c", strconv.Itoa(connections),
		"-d", strconv.Itoa(max(1, int(d.Seconds())))+"s", "--timeout", "10s", "-s", script, c.url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return turn{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	at := strings.LastIndex(string(out), "\n{")
	if at < 0 {
		return turn{}, fmt.Errorf("wrk says nothing: %s", out)
	}
	var t turn
	if err := json.Unmarshal(out[at:], &t); err != nil {
		return turn{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if t.Failed > 0 || t.Requests == 0 {
		return t, fmt.Errorf("%d of %d requests to %s failed: %s", t.Failed, t.Requests, c.url, out)
	}
	return t, nil
}
