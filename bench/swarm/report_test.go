package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	ds := []time.Duration{5, never, 1, 4, 3}
	if p50, p95 := percentile(ds, 50), percentile(ds, 95); p50 != 4 || p95 != never {
		t.Errorf("p50 %d, p95 %d; want 4, never", p50, p95)
	}
	if p := percentile(nil, 50); p != never {
		t.Errorf("the median of nothing is %d", p)
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out}
	run := loadRun{floor: at(2), firstChange: at(0.5), allReady: at(4), order: at(3.5), back: never, requests: 1000, orders: " 10 at 0.50 s"}
	r.loads(options{Load: at(20)}, []loadRun{run})
	r.wakes([]wake{{at(0.6), at(0.7)}, {at(0.65), at(0.9)}})
	r.table(tableRun{functions: 500, span: at(20), memory: 50 << 20, idle: 0.02})
	for _, want := range []string{
		"| median of the first answer: Swarm's own + 150 ms | 0.75 s | 0.70 s | kept |",
		"**missed**", "kept in 0 of 1 runs",
		"\nresult: swarm_floor_1_to_10_s 2.000 s\n", "\nresult: swarm_scale_1_to_10_s 4.000 s\n", "\nresult: swarm_scale_back_s never\n",
		"\nresult: swarm_all_ready_ratio 2.00 times\n", "\nresult: swarm_wake_p50_ms 700.0 ms\n", "\nresult: swarm_wake_p95_ms 900.0 ms\n",
		"\nresult: swarm_500fn_rss_mib 50.0 MiB\n", "\nresult: swarm_500fn_idle_cpu_percent 2.00 %\n", "\nresult: swarm_500fn_list_ms never\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
	if !strings.HasPrefix(r.page(), "# ") || !strings.Contains(r.page(), "\n    result: swarm_flips 0 flips\n") {
		t.Errorf("the page:\n%s", r.page())
	}
}
