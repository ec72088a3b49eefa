package local

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The reasons for which a replica's process ends, as they stand in metrics and logs.
const (
	exitItself    = "exit"      // it exited on its own
	exitSignal    = "signal"    // somebody else's signal ended it
	exitStart     = "start"     // it could not be started
	exitUnready   = "unready"   // it was never ready in the time it had
	exitUnhealthy = "unhealthy" // it hung and was killed
	exitMemory    = "memory"    // it went over its memory limit and was killed
	exitDrained   = "drained"   // it was stopped and ended in time
	exitKilled    = "killed"    // it was stopped and did not end in time
)

var exitReasons = []string{
	exitItself, exitSignal, exitStart, exitUnready, exitUnhealthy, exitMemory, exitDrained, exitKilled,
}

type metrics struct {
	starts       *prometheus.CounterVec
	exits        *prometheus.CounterVec
	startSeconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		starts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "local_replica_starts_total", Help: "Replica processes started.",
		}, []string{"function_name"}),
		exits: f.NewCounterVec(prometheus.CounterOpts{
			Name: "local_replica_exits_total", Help: "Replica processes that ended, by reason.",
		}, []string{"function_name", "reason"}),
		startSeconds: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "local_replica_start_seconds",
			Help:    "Time from a replica's process start to its first ready answer.",
			Buckets: []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30},
		}),
	}
}

// deployed makes a function's series at zero, so that their first increments are seen by rate().
func (m *metrics) deployed(name string) {
	m.starts.WithLabelValues(name)
	for _, reason := range exitReasons {
		m.exits.WithLabelValues(name, reason)
	}
}

// removed drops the series of a function that is gone.
func (m *metrics) removed(name string) {
	m.starts.DeleteLabelValues(name)
	m.exits.DeletePartialMatch(prometheus.Labels{"function_name": name})
}

func (m *metrics) started(name string)        { m.starts.WithLabelValues(name).Inc() }
func (m *metrics) exited(name, reason string) { m.exits.WithLabelValues(name, reason).Inc() }
func (m *metrics) ready(after time.Duration)  { m.startSeconds.Observe(after.Seconds()) }
