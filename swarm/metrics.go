package swarm

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	calls *prometheus.HistogramVec
	up    prometheus.Gauge
	reach prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		calls: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "swarm_api_call_seconds",
			Help:    "Time that calls of Docker's API took, by call and outcome (ok, stale or error).",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10},
		}, []string{"call", "outcome"}),
		up: f.NewGauge(prometheus.GaugeOpts{
			Name: "swarm_api_up", Help: "Whether the last read of Docker's API succeeded.",
		}),
		reach: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "swarm_replica_answer_seconds",
			Help:    "Time from when Swarm called a replica running to its first ready answer.",
			Buckets: []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30},
		}),
	}
}

func (m *metrics) called(call string, err error, took time.Duration) {
	outcome := "ok"
	if err != nil {
		outcome = "error"
		if kind(err) == errStale { //nolint:errorlint // kind returns it itself
			outcome = "stale"
		}
	}
	m.calls.WithLabelValues(call, outcome).Observe(took.Seconds())
}

func (m *metrics) apiUp(up bool) {
	m.up.Set(0)
	if up {
		m.up.Set(1)
	}
}
