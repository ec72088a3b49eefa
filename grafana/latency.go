package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func latency() row {
	const name, histogram, cold = "function_name", "gateway_functions_seconds", "gateway_function_cold_start_seconds"
	of95 := func(title, text, q string) cog.Builder[dashboard.Panel] {
		return lines(about{title, text, seconds, 8, ""}, query{quantile(q, histogram, name, ofFunction), "{{function_name}}"}).
			DataLinks(toFunction())
	}
	return row{"Latency", []cog.Builder[dashboard.Panel]{
		of95("Median", "From the arrival of an invocation to the end of its answer, waiting included. No traffic, no line.", "0.5"),
		of95("95th percentile", "One of twenty answers took longer.", "0.95"),
		of95("99th percentile", "One of a hundred answers took longer.", "0.99"),
		lines(about{"Cold starts", "Invocations that found no replica ready and waited for one to start.", perMinute, 8, ""},
			query{"60 * " + sumBy(name, rate(cold+"_count", ofFunction)), "{{function_name}}"}).DataLinks(toFunction()),
		lines(about{"Time of cold starts", "How long they were held.", seconds, 8, ""},
			query{quantile("0.5", cold, name, ofFunction), "{{function_name}} median"},
			query{quantile("0.95", cold, name, ofFunction), "{{function_name}} p95"}).DataLinks(toFunction()),
		lines(about{"Held", "Invocations that wait in a gateway since no replica has room.", count, 8, ""},
			query{sumBy(name, of("gateway_function_held", ofFunction)), "{{function_name}}"}).DataLinks(toFunction()),
	}}
}
