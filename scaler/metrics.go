package scaler

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The stages of an order on its way, values of the label stage.
const (
	stageReceive = "alert_to_received"    // from the alert's start, by Prometheus's clock
	stageAccept  = "received_to_accepted" // until the backend took it
	stageReady   = "accepted_to_ready"    // until as many replicas as ordered are ready
)

type metrics struct {
	decisions     *prometheus.CounterVec
	stages        *prometheus.HistogramVec
	backendErrors prometheus.Counter
	loopUp        prometheus.Gauge
	blocked       *prometheus.GaugeVec
	frozen        *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	return &metrics{
		decisions: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_scaling_decisions_total",
			Help: "Decisions of the scaler, by what gave rise to them, by outcome (applied, held, failed) and by reason.",
		}, []string{"kind", "outcome", "reason"}),
		stages: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gateway_scaling_stage_duration_seconds",
			Help: "Time that applied orders spent in each stage, from the alert to the ready replicas.",
			Buckets: []float64{
				.001, .0025, .005, .01, .025, .05, .1, .25, .5, .75, 1, 1.5, 2, 3, 5, 10, 20, 60,
			},
		}, []string{"stage"}),
		backendErrors: auto.NewCounter(prometheus.CounterOpts{
			Name: "gateway_scaling_backend_errors_total",
			Help: "Calls of the backend by the scaler that failed.",
		}),
		blocked: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gateway_scaling_blocked",
			Help: "1 while replicas of the function cannot start. Absent otherwise.",
		}, []string{"function_name"}),
		frozen: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gateway_scaling_frozen",
			Help: "1 while a silence keeps alerts from scaling the function, at least one way. Absent otherwise.",
		}, []string{"function_name"}),
		loopUp: auto.NewGauge(prometheus.GaugeOpts{
			Name: "gateway_control_loop_up",
			Help: "1 while Heartbeat alerts arrive from Alertmanager and in the time of grace after the start, else 0.",
		}),
	}
}

// decided counts one decision.
func (m *metrics) decided(e Event) {
	outcome := "held"
	switch {
	case e.Applied:
		outcome = "applied"
	case e.Code == CodeFailed:
		outcome = "failed"
	}
	m.decisions.WithLabelValues(string(e.Kind), outcome, string(e.Code)).Inc()
}

func (m *metrics) stage(name string, d time.Duration) {
	m.stages.WithLabelValues(name).Observe(max(0, d).Seconds()) // clocks of two machines may give a negative time
}
