package main

import "fmt"

// table shows what one gateway with many functions cost.
func (r *report) table(t tableRun) {
	prefix := fmt.Sprintf("swarm_%dfn_", t.functions)
	r.line("\n## One gateway with %d functions, %d replicas each\n", t.functions, eachReplicas)
	r.line("`faas gateway` in a process of its own, against swarmtest's Engine API in another; load average %s. Idle: no request and no change, "+
		"for %.0f s. Scraped: with Prometheus' scrapes as they are shipped, 4 a second of what the rules read and one of all each 5 s. "+
		"A change is one more replica, told by an event; it has arrived when that replica answers its first request.\n",
		machineLoad(), t.span.Seconds())
	r.line("| | |\n|---|---|")
	r.line("| from the start of the process until all replicas are routed | %s |", moment(t.start))
	r.line("| resident memory | %.1f MiB |", t.memory/(1<<20))
	r.line("| processor, idle | %.2f %% of one core |", 100*t.idle)
	r.line("| processor, scraped | %.2f %% of one core |", 100*t.scraped)
	r.line("| lists of tasks a second, idle | %.2f |", t.taskLists)
	r.line("| GET /system/functions (%d KiB), p50, p95 of %d | %.1f ms, %.1f ms |", t.listBytes>>10, len(t.lists),
		millis(percentile(t.lists, 50)), millis(percentile(t.lists, 95)))
	r.line("| a changed replica set reaches the routes, p50, p95 of %d | %.1f ms, %.1f ms |", len(t.route),
		millis(percentile(t.route, 50)), millis(percentile(t.route, 95)))
	r.line("| a replica that Swarm replaced, which no event tells, the same of %d | %.1f ms, %.1f ms |", len(t.replaced),
		millis(percentile(t.replaced, 50)), millis(percentile(t.replaced, 95)))
	r.line("| calls of Docker for %d warm invocations (%.2f ms each), beyond the steady ones | %d %s |\n", t.invocations,
		millis(t.invocationsPer), t.warmCalls, t.warmExtra)
	r.promises()
	r.promiseCount("lists of tasks a second", t.taskLists, 1+1/t.span.Seconds()) // one more fits into the time
	r.promiseCount("calls of Docker by warm invocations", float64(t.warmCalls), 0)
	r.line("")
	r.seconds(prefix+"start_s", t.start)
	r.value(prefix+"rss_mib", t.memory/(1<<20), 1, "MiB")
	r.value(prefix+"idle_cpu_percent", 100*t.idle, 2, "%")
	r.value(prefix+"scraped_cpu_percent", 100*t.scraped, 2, "%")
	r.value(prefix+"task_lists_per_s", t.taskLists, 2, "calls/s")
	r.milliseconds(prefix+"list_ms", percentile(t.lists, 50))
	r.milliseconds(prefix+"route_p50_ms", percentile(t.route, 50))
	r.milliseconds(prefix+"route_p95_ms", percentile(t.route, 95))
	r.milliseconds(prefix+"route_replaced_p50_ms", percentile(t.replaced, 50))
	r.value(prefix+"warm_docker_calls", float64(t.warmCalls), 0, "calls")
}
