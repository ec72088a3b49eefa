package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
)

var (
	arrivals = rate("gateway_function_invocation_started", ofFunction)
	answers  = rate("gateway_function_invocation_total", ofFunction)
	failures = rate("gateway_function_invocation_total", ofFunction+`, code=~"5.."`)

	desired = maxBy("function_name", of("gateway_service_count", ofFunction))
	ready   = maxBy("function_name", of("gateway_service_ready_count", ofFunction))
)

func overview() row {
	return row{"Overview", []cog.Builder[dashboard.Panel]{
		figure(about{"Functions", "Functions that are deployed, of those chosen above.", count, 3, ""},
			query{"count(" + desired + ")", ""}),
		figure(about{"Requests", "Invocations that arrive.", requestsPerSecond, 3, ""},
			query{"sum(" + arrivals + ")", ""}),
		figure(about{"Errors", "Share of answers with a status of 500 or more.", ratio, 3, ""},
			query{"(sum(" + failures + ") or vector(0)) / (sum(" + answers + ") > 0)", ""}).
			NoValue("no requests").Decimals(2).Thresholds(colors("green", step{0.01, "orange"}, step{0.05, "red"})),
		figure(about{"Replicas", "Replicas that can take requests.", count, 3, ""},
			query{"sum(" + ready + ")", ""}),
		figure(about{"Missing", "Replicas that were asked for and are not ready.", count, 3, ""},
			query{"sum(clamp_min(" + desired + " - " + ready + ", 0))", ""}).
			Thresholds(colors("green", step{1, "orange"})),
		heartbeat(),
		figure(about{"Frozen", "Functions that a silence keeps from scaling.", count, 3, ""},
			query{"count(" + maxBy("function_name", of("gateway_scaling_frozen", ofFunction)) + ") or vector(0)", ""}).
			Thresholds(colors("green", step{1, "blue"})).Links(toPortal("alerts")),
		figure(about{"Blocked", "Functions whose replicas cannot start.", count, 3, ""},
			query{"count(" + maxBy("function_name", of("gateway_scaling_blocked", ofFunction)) + ") or vector(0)", ""}).
			Thresholds(colors("green", step{1, "red"})),
		lines(about{"Requests by function", "Invocations that arrive, answered or not.", requestsPerSecond, 12, ""},
			query{sumBy("function_name", arrivals), "{{function_name}}"}).DataLinks(toFunction()),
		lines(about{"Answers by status", "Invocations that ended. 499: the client left first.", requestsPerSecond, 12, ""},
			query{sumBy("code", answers), "{{code}}"}),
		functions(),
	}}
}

func heartbeat() *stat.PanelBuilder {
	word := func(text, color string) dashboard.ValueMappingResult {
		return dashboard.ValueMappingResult{Text: &text, Color: &color}
	}
	return figure(about{
		"Control loop",
		"Whether Prometheus's Heartbeat reaches every gateway by way of Alertmanager. While it does not, nothing scales but what is woken or pushed.",
		"", 3, "",
	}, query{"min(" + of("gateway_control_loop_up", ofGateway) + ")", ""}).
		NoValue("no gateway").GraphMode(common.BigValueGraphModeNone).
		Mappings([]dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{
			Type:    dashboard.MappingTypeValueToText,
			Options: map[string]dashboard.ValueMappingResult{"0": word("dead", "red"), "1": word("alive", "green")},
		}}}).
		Links(toPortal("alerts"))
}

// functions makes the table of all functions, each with a link to its page.
func functions() *table.PanelBuilder {
	const name = "function_name"
	columns := []struct{ title, unit, expr string }{
		{"Requests", requestsPerSecond, sumBy(name, arrivals)},
		{"Errors", ratio, sumBy(name, failures) + " / (" + sumBy(name, answers) + " > 0)"},
		{"p95", seconds, quantile("0.95", "gateway_functions_seconds", name, ofFunction)},
		{"In flight", count, sumBy(name, of("gateway_function_invocation_inflight", ofFunction))},
		{"Ready", count, ready},
		{"Desired", count, desired},
		{"Max", count, maxBy(name, of("gateway_service_max", ofFunction))},
	}
	b := table.NewPanelBuilder().
		Title("All functions").Description("As of now. A name leads to the function's page in the portal.").
		Datasource(source()).Span(24).Height(9).ShowHeader(true).
		Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{}))
	titles := map[string]string{name: "Function"}
	for i, c := range columns {
		b.WithTarget(target(i, query{expr: c.expr}, about{}).Instant().Format("table"))
		titles["Value #"+refID(i)] = c.title
		b.OverrideByName(c.title, []dashboard.DynamicConfigValue{{Id: "unit", Value: c.unit}})
	}
	return b.
		WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
			"excludeByName": map[string]bool{"Time": true}, "renameByName": titles,
		}}).
		OverrideByName("Function", []dashboard.DynamicConfigValue{{Id: "links", Value: []map[string]any{{
			"title": "In the portal", "url": portalFunction + "${__value.text}", "targetBlank": true,
		}}}})
}
