package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func asynchronous() row {
	const name = "function_name"
	return row{"Asynchronous calls", []cog.Builder[dashboard.Panel]{
		lines(about{"Queued", "Calls that wait, are being made or wait for their callback.", count, 8, ""},
			query{maxBy(name, of("gateway_function_queued", ofFunction)), "{{function_name}}"}).DataLinks(toFunction()),
		lines(about{"Calls", "What became of them.", requestsPerSecond, 8, ""},
			query{sumBy("event", rate("gateway_async_calls_total", ofFunction)), "{{event}}"}),
		lines(about{"Age when answered", "From the acceptance of a call to the function's answer.", seconds, 8, ""},
			query{quantile("0.5", "gateway_async_seconds", name, ofFunction), "{{function_name}} median"},
			query{quantile("0.95", "gateway_async_seconds", name, ofFunction), "{{function_name}} p95"}).DataLinks(toFunction()),
		lines(about{"Callbacks", "Delivered, given up, or refused since the address is not allowed.", requestsPerSecond, 8, ""},
			query{sumBy("outcome", rate("gateway_async_callbacks_total", ofFunction)), "{{outcome}}"}),
		steps(about{"Dead letters", "Calls that were given up and are kept: `faas queue` shows them.", count, 8, ""},
			query{"max(" + of("gateway_async_dead_letters", ofGateway) + ")", "dead letters"}),
		steps(about{"Queue connected", "Gateways that reach the queue, and gateways.", count, 8, ""},
			query{"sum(" + of("gateway_async_connected", ofGateway) + ")", "connected"},
			query{"count(" + of("gateway_async_connected", ofGateway) + ")", "gateways"}),
	}}
}
