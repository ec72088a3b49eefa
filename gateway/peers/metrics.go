package peers

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Outcomes of a delivery.
const (
	outcomeAccepted = "accepted" // the peer answered 2xx
	outcomeRefused  = "refused"  // it answered something else
	outcomeFailed   = "failed"   // it did not answer in time, or could not be found
	outcomeDropped  = "dropped"  // too many deliveries were under way
)

type metrics struct {
	relayed *prometheus.CounterVec
	peers   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) metrics {
	m := metrics{
		relayed: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_alerts_relayed_total",
			Help: "Alert webhooks passed on to other gateways, each of them counted, by outcome (accepted, refused, failed, dropped).",
		}, []string{"outcome"}),
		peers: promauto.With(reg).NewGauge(prometheus.GaugeOpts{
			Name: "gateway_peers",
			Help: "Other gateways that the last alert webhook was passed on to.",
		}),
	}
	for _, outcome := range []string{outcomeAccepted, outcomeRefused, outcomeFailed, outcomeDropped} {
		m.relayed.WithLabelValues(outcome)
	}
	return m
}
