package main

import (
	"fmt"
	"strings"
	"time"
)

// loads shows the load runs.
func (r *report) loads(o options, runs []loadRun) {
	r.line("\n## From 1 to %d replicas\n", wanted)
	r.line("Load: %d requests a second for %s, sent when they are due, through the published port, on a function with target %d, "+
		"proportion 1 and at most %d replicas. Swarm alone: the same count asked of Swarm itself for a service with the same image, "+
		"network and options, until each replica has answered.\n", rate, o.Load, target, wanted)
	r.line("| run | load average | swarm alone | first change | orders | all %d ready | after the first order | back to 1 after the end | requests | failed | flips |", wanted)
	r.line("|---|---|---|---|---|---|---|---|---|---|---|")
	failed, flips, kept := 0, 0, 0
	for i, run := range runs {
		r.line("| %d | %s | %s | %s | %s | %s | %s | %s | %d | %d | %d |", i+1, run.machine, moment(run.floor), moment(run.firstChange),
			strings.TrimSpace(run.orders), moment(run.allReady), moment(run.order), moment(run.back), run.requests, run.failed, run.flips)
		failed += run.failed
		flips += run.flips
		if run.kept() {
			kept++
		}
	}
	pick := func(of func(loadRun) time.Duration) []time.Duration {
		var ds []time.Duration
		for _, run := range runs {
			ds = append(ds, of(run))
		}
		return ds
	}
	own := pick(func(l loadRun) time.Duration { return l.floor })
	first := pick(func(l loadRun) time.Duration { return l.firstChange })
	all := pick(func(l loadRun) time.Duration { return l.allReady })
	order := pick(func(l loadRun) time.Duration { return l.order })
	back := pick(func(l loadRun) time.Duration { return l.back })
	r.line("| spread | | %s | %s | | %s | %s | %s | | | |\n", spread(own), spread(first), spread(all), spread(order), spread(back))

	r.promises()
	r.promise("median of the first change after the start of the load", percentile(first, 50), time.Second)
	r.promise(fmt.Sprintf("median of all %d ready after the start of the load: 1.3 × Swarm alone + 1 s", wanted), percentile(all, 50),
		promised(percentile(own, 50)))
	r.promiseCount("failed requests", float64(failed), 0)
	r.line("\nThe second was kept in %d of %d runs, each held against its own measure of Swarm alone.\n", kept, len(runs))
	r.seconds(fmt.Sprintf("swarm_floor_1_to_%d_s", wanted), percentile(own, 50))
	r.seconds(fmt.Sprintf("swarm_scale_1_to_%d_s", wanted), percentile(all, 50))
	r.seconds(fmt.Sprintf("swarm_scale_1_to_%d_from_order_s", wanted), percentile(order, 50))
	r.seconds("swarm_first_change_s", percentile(first, 50))
	r.ratio("swarm_all_ready_ratio", percentile(all, 50), percentile(own, 50))
	r.ratio("swarm_all_ready_from_order_ratio", percentile(order, 50), percentile(own, 50))
	r.seconds("swarm_scale_back_s", percentile(back, 50))
	r.value("swarm_failed_requests", float64(failed), 0, "requests")
	r.value("swarm_flips", float64(flips), 0, "flips")
}

// wakes shows the times from a request to a function at 0 replicas to its answer.
func (r *report) wakes(all []wake) {
	var own, ours []time.Duration
	for _, w := range all {
		own, ours = append(own, w.floor), append(ours, w.function)
	}
	r.line("\n## Wake from 0 replicas (%d times, in turns with Swarm's own start)\n", len(all))
	r.line("Load average %s. Swarm's own: from the order of one replica until it has answered. Ours: from the first request, "+
		"through the published port, to its answer.\n", machineLoad())
	r.line("| | median | p95 | spread |\n|---|---|---|---|")
	r.line("| Swarm's own 0 to 1 | %s | %s | %s |", moment(percentile(own, 50)), moment(percentile(own, 95)), spread(own))
	r.line("| first request to a function at 0 | %s | %s | %s |\n", moment(percentile(ours, 50)), moment(percentile(ours, 95)), spread(ours))
	r.promises()
	r.promise("median of the first answer: Swarm's own + 150 ms", percentile(ours, 50), percentile(own, 50)+150*time.Millisecond)
	r.line("")
	r.milliseconds("swarm_floor_0_to_1_ms", percentile(own, 50))
	r.milliseconds("swarm_floor_0_to_1_p95_ms", percentile(own, 95))
	r.milliseconds("swarm_wake_p50_ms", percentile(ours, 50))
	r.milliseconds("swarm_wake_p95_ms", percentile(ours, 95))
}

// ratio prints how many times b a is, where both came.
func (r *report) ratio(name string, a, b time.Duration) {
	if a == never || b == never {
		r.line("    result: %s never", name)
		return
	}
	r.value(name, a.Seconds()/b.Seconds(), 2, "times")
}
