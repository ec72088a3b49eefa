package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// functionCollector shows each function's counts and scaling settings as metrics, read from the table
// at the moment of the scrape. A threshold is a metric so that one rule serves every function and a
// changed label needs no reload.
type functionCollector struct {
	routes *table
	depth  func(function string) (int, bool)
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"function_name"}, labels...), nil)
}

var (
	descCount = describe("gateway_service_count", "Replicas asked for.")
	descReady = describe("gateway_service_ready_count", "Replicas that can take requests.")
	descMin   = describe("gateway_service_min", "Fewest replicas that a rule may order.")
	descMax   = describe("gateway_service_max", "Most replicas that a rule may order.")

	descTarget = describe("gateway_service_target_load",
		"Load that one replica should carry, in the unit of its scaling type.", "scaling_type")
	descProportion = describe("gateway_service_target_proportion",
		"Share of the target to plan for, above 0 and at most 1.")
	descWindow = describe("gateway_service_down_window_seconds",
		"Time over which the largest recommendation holds before replicas go.")
	descZero = describe("gateway_service_zero_duration_seconds",
		"Time without arrivals after which the function goes to zero. Absent where it never does.")

	descInflight = describe("gateway_function_invocation_inflight",
		"Invocations that arrived and are not answered yet, held ones included.")
	descInflightSeconds = describe("gateway_function_inflight_seconds_total",
		"Invocations in flight integrated over time; its rate is their mean number.")
	descHeld = describe("gateway_function_held",
		"Invocations held because no replica has room. They count as in flight as well.")
	descQueued = describe("gateway_function_queued",
		"Asynchronous calls that wait, are being made or wait for their callback. Of all gateways that share the queue, and "+
			"reported by each: take the maximum, not the sum. Absent while the queue is away.")
	descLast = describe("gateway_function_last_invocation_timestamp_seconds",
		"When the last invocation arrived, at first when the gateway began to serve the function.")
)

// Describe implements prometheus.Collector.
func (c functionCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descCount, descReady, descMin, descMax, descTarget, descProportion, descWindow, descZero,
		descInflight, descInflightSeconds, descHeld, descQueued, descLast,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c functionCollector) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	for _, r := range c.routes.sorted() {
		gauge := func(d *prometheus.Desc, v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{r.name}, labels...)...)
		}
		s := r.status.Load()
		gauge(descCount, float64(s.Desired))
		gauge(descReady, float64(s.Available()))
		gauge(descMin, float64(s.Scaling.Min))
		gauge(descMax, float64(s.Scaling.Max))
		for _, signal := range s.Scaling.Signals {
			gauge(descTarget, signal.Target, string(signal.Type))
		}
		gauge(descProportion, s.Scaling.Proportion)
		gauge(descWindow, s.Scaling.DownWindow.Seconds())
		if s.Scaling.Zero {
			gauge(descZero, s.Scaling.ZeroDuration.Seconds())
		}
		n, integral := r.series.load.read(now)
		gauge(descInflight, float64(n))
		gauge(descHeld, float64(r.gate.Held()))
		if queued, known := c.depth(r.name); known {
			gauge(descQueued, float64(queued))
		}
		gauge(descLast, float64(r.series.lastArrival.Load())/1e9)
		ch <- prometheus.MustNewConstMetric(descInflightSeconds, prometheus.CounterValue, integral, r.name)
	}
}
