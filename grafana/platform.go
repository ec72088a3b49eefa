package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The control loop's processes, by their jobs.
const (
	ofPrometheus   = `job="prometheus"`
	ofAlertmanager = `job="alertmanager"`
	ofProcesses    = `job=~"gateway|prometheus|alertmanager"`
	process        = "{{job}} {{instance}}"
)

func platform() row {
	group := func(expr string) string { return `label_replace(` + expr + `, "group", "$1", "rule_group", ".*;(.*)")` }
	return row{"Platform", []cog.Builder[dashboard.Panel]{
		lines(about{"Processor time", "Cores that gateways, Prometheus and Alertmanager use.", "none", 8, ""},
			query{sumBy("job, instance", rate("process_cpu_seconds_total", ofProcesses)), process}),
		lines(about{"Memory", "Resident, of the same.", bytesUnit, 8, ""},
			query{sumBy("job, instance", of("process_resident_memory_bytes", ofProcesses)), process}),
		lines(about{"Goroutines", "A number that only grows is a leak.", count, 8, ""},
			query{sumBy("job, instance", of("go_goroutines", ofProcesses)), process}),
		lines(about{"Time of scrapes", "Longest of each job. gateway-scaling has 250 ms: what takes longer is lost, and the rules hold.", seconds, 8, ""},
			query{maxBy("job", "scrape_duration_seconds{}"), "{{job}}"}),
		lines(about{"Rules: part of their interval", "How long a group's last evaluation took, of the time until its next. At 1 the loop is late.", ratio, 8, ""},
			query{
				group(of("prometheus_rule_group_last_duration_seconds", ofPrometheus) + " / " + of("prometheus_rule_group_interval_seconds", ofPrometheus)),
				"{{group}}",
			}),
		lines(about{"Rules: missed and failed", "Evaluations that did not take place since the one before was still running, and rules that failed.", perMinute, 8, ""},
			query{"60 * sum(" + rate("prometheus_rule_group_iterations_missed_total", ofPrometheus) + ")", "missed"},
			query{"60 * sum(" + rate("prometheus_rule_evaluation_failures_total", ofPrometheus) + ")", "failed"}),
		lines(about{"Alerts on their way", "Prometheus to Alertmanager: sent, lost on the way, and waiting.", perMinute, 8, ""},
			query{"60 * sum(" + rate("prometheus_notifications_sent_total", ofPrometheus) + ")", "sent"},
			query{"60 * sum(" + rate("prometheus_notifications_dropped_total", ofPrometheus) + ")", "dropped"},
			query{"sum(" + of("prometheus_notifications_queue_length", ofPrometheus) + ")", "waiting"}),
		lines(about{"Notifications", "Alertmanager to the gateways: delivered or tried, and failed.", perMinute, 8, ""},
			query{"60 * " + sumBy("integration", rate("alertmanager_notifications_total", ofAlertmanager+`, integration="webhook"`)), "{{integration}}"},
			query{"60 * " + sumBy("integration", rate("alertmanager_notifications_failed_total", ofAlertmanager+`, integration="webhook"`)), "{{integration}} failed"}),
		lines(about{"Series", "That Prometheus holds in memory. Each costs some kilobytes.", count, 8, ""},
			query{"sum(" + of("prometheus_tsdb_head_series", ofPrometheus) + ")", "series"}),
	}}
}
