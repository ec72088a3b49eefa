package main

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// inFlight is the exact mean number of invocations in flight.
var inFlight = rate("gateway_function_inflight_seconds_total", ofFunction)

func replicas() row {
	const name = "function_name"
	limit := func(metric string) string { return maxBy(name, of(metric, ofFunction)) }
	load := func(title, unit, scalingType, total string) cog.Builder[dashboard.Panel] {
		goal := of("gateway_service_target_load", ofFunction+fmt.Sprintf(", scaling_type=%q", scalingType))
		return lines(about{
			title, "Of functions that scale by " + scalingType + ": the load that a ready replica carries, and its target.", unit, 12, "",
		},
			query{sumBy(name, total) + " / on (function_name) (" + ready + " > 0) and on (function_name) " + goal, "{{function_name}}"},
			query{maxBy(name, goal), "{{function_name}} target"},
		).OverrideByQuery("B", dashed()).DataLinks(toFunction())
	}
	return row{"Load and replicas", []cog.Builder[dashboard.Panel]{
		load("Requests per replica", requestsPerSecond, "rps", arrivals),
		load("In flight per replica", count, "capacity", inFlight),
		lines(about{
			"Saturation",
			"Load ÷ (desired replicas × target × proportion), of each signal that a function scales by. Above 1 replicas are added.", ratio, 12, "1m",
		}, query{saturation(), "{{function_name}} {{scaling_type}}"}).DataLinks(toFunction()),
		steps(about{"Replicas", "Asked for, and able to take requests.", count, 12, ""},
			query{desired, "{{function_name}} desired"}, query{ready, "{{function_name}} ready"}).DataLinks(toFunction()),
		steps(about{"Bounds", "The fewest and the most replicas that rules may order.", count, 12, ""},
			query{limit("gateway_service_min"), "{{function_name}} min"}, query{limit("gateway_service_max"), "{{function_name}} max"}),
		lines(about{"Decisions", "Of the scaler, by what gave rise to them, outcome and reason.", perMinute, 12, ""},
			query{"60 * " + sumBy("kind, outcome, reason", rate("gateway_scaling_decisions_total", ofGateway)), "{{kind}} {{outcome}} {{reason}}"}).
			Links(toPortal("alerts")),
		lines(about{
			"Time of orders", "95th percentile of each stage: from the alert's start to the gateway, to the backend, and to the ready replicas.",
			seconds, 12, "",
		}, query{quantile("0.95", "gateway_scaling_stage_duration_seconds", "stage", ofGateway), "{{stage}}"}),
		lines(about{"Pushes and failures", "Overload that gateways pushed to Alertmanager, and calls of the backend that failed.", perMinute, 12, ""},
			query{"60 * " + sumBy("outcome", rate("gateway_overload_pushes_total", ofGateway)), "overload {{outcome}}"},
			query{"60 * sum(" + rate("gateway_scaling_backend_errors_total", ofGateway) + ")", "backend errors"}),
	}}
}

// dashed draws a line that is a bound, not a measurement.
func dashed() []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{10, 10}}},
		{Id: "custom.fillOpacity", Value: 0},
	}
}

// saturation is the load of each signal over what the desired replicas should carry of it.
func saturation() string {
	signal := func(scalingType, expr string) string {
		return fmt.Sprintf("label_replace(%s, \"scaling_type\", %q, \"\", \"\")", expr, scalingType)
	}
	working := sumBy("function_name", inFlight)
	return "(" +
		signal("rps", sumBy("function_name", arrivals)) +
		" or " + signal("capacity", working) +
		" or " + signal("slots", working) +
		" or " + signal("queue", maxBy("function_name", of("gateway_function_queued", ofFunction))) +
		" or " + signal("cpu", "1000 * "+perReplica(rate("faas_function_cpu_seconds_total", ofReplica))) +
		" or " + signal("memory", perReplica(recent("faas_function_memory_bytes", ofReplica))) +
		") / on (function_name, scaling_type) " + maxBy("function_name, scaling_type", of("gateway_service_target_load", ofFunction)) +
		" / on (function_name) group_left () (" + maxBy("function_name", of("gateway_service_target_proportion", ofFunction)) +
		" * on (function_name) (" + desired + " > 0))"
}
