package overload

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Outcomes of a push.
const (
	outcomeAccepted = "accepted" // an Alertmanager took it
	outcomeFailed   = "failed"   // none did
)

func newPushes(reg prometheus.Registerer) *prometheus.CounterVec {
	pushes := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_overload_pushes_total",
		Help: "Pushes of FunctionOverload to Alertmanager, each with all functions that had something to say, by outcome (accepted, failed).",
	}, []string{"outcome"})
	for _, outcome := range []string{outcomeAccepted, outcomeFailed} {
		pushes.WithLabelValues(outcome)
	}
	return pushes
}
