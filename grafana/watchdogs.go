package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// minute is how often replicas are scraped.
const minute = "1m"

func watchdogs() row {
	const name = "function_name"
	return row{"Watchdogs and replicas", []cog.Builder[dashboard.Panel]{
		lines(about{"Processor time", "Cores that a function's replicas use, all their processes. Replicas are scraped once a minute.", "none", 8, minute},
			query{perReplica(rate("faas_function_cpu_seconds_total", ofReplica)), "{{function_name}}"}).DataLinks(toFunction()),
		lines(about{"Memory", "Of a function's replicas, all their processes.", bytesUnit, 8, minute},
			query{perReplica(recent("faas_function_memory_bytes", ofReplica)), "{{function_name}}"}).DataLinks(toFunction()),
		lines(about{"In flight", "Exact mean number of invocations, those that wait in a gateway included.", count, 8, ""},
			query{sumBy(name, inFlight), "{{function_name}}"}).DataLinks(toFunction()),
		lines(about{"Running in watchdogs", "Invocations that replicas were working on when they were scraped.", count, 8, minute},
			query{perReplica(recent("http_requests_in_flight", ofReplica)), "{{function_name}}"}),
		lines(about{"Answers of watchdogs", "By status. A broken answer counts as what broke it.", requestsPerSecond, 8, minute},
			query{sumBy("code", maxBy("function_name, replica, code, method", rate("http_requests_total", ofReplica))), "{{code}}"}),
		lines(about{"Time in watchdogs", "95th percentile, without the way through the gateway and without waiting there.", seconds, 8, minute},
			query{
				"histogram_quantile(0.95, " + sumBy("le, function_name",
					maxBy("function_name, replica, code, method, le", rate("http_request_duration_seconds_bucket", ofReplica))) + ")",
				"{{function_name}}",
			}),
	}}
}
