package queue

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// What becomes of calls, and of their callbacks, as the metrics have it.
const (
	eventAccepted  = "accepted"
	eventCompleted = "completed"
	eventRetried   = "retried"
	eventDead      = "dead_lettered"
	eventGone      = "function_removed"

	outcomeDelivered = "delivered"
	outcomeFailed    = "failed"
	outcomeRefused   = "refused"
)

type metrics struct {
	calls     *prometheus.CounterVec
	callbacks *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	connected prometheus.Gauge
	dead      prometheus.Gauge

	mu    sync.Mutex
	known map[string]bool // functions that have series
}

func newMetrics(reg prometheus.Registerer) *metrics {
	with := promauto.With(reg)
	return &metrics{
		known: map[string]bool{},
		calls: with.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_async_calls_total",
			Help: "What became of asynchronous calls: accepted, completed, retried, dead_lettered or function_removed.",
		}, []string{"function_name", "event"}),
		callbacks: with.NewCounterVec(prometheus.CounterOpts{
			Name: "gateway_async_callbacks_total",
			Help: "Callbacks of asynchronous calls: delivered, failed (given up) or refused (an address that is not allowed).",
		}, []string{"function_name", "outcome"}),
		seconds: with.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "gateway_async_seconds",
			Help:    "Time from the acceptance of an asynchronous call to the function's answer.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 3600},
		}, []string{"function_name"}),
		connected: with.NewGauge(prometheus.GaugeOpts{
			Name: "gateway_async_connected",
			Help: "1 while the queue's server is there, else 0.",
		}),
		dead: with.NewGauge(prometheus.GaugeOpts{
			Name: "gateway_async_dead_letters",
			Help: "Calls that were given up and are kept. Each gateway reports all of them: take the maximum, not the sum.",
		}),
	}
}

func (m *metrics) setConnected(is bool) {
	m.connected.Set(map[bool]float64{true: 1}[is])
}

func (m *metrics) count(function, event string) {
	m.see(function)
	m.calls.WithLabelValues(function, event).Inc()
}

func (m *metrics) called(function, outcome string) {
	m.see(function)
	m.callbacks.WithLabelValues(function, outcome).Inc()
}

func (m *metrics) took(function string, d time.Duration) {
	m.see(function)
	m.seconds.WithLabelValues(function).Observe(d.Seconds())
}

func (m *metrics) see(function string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[function] = true
}

// forget drops the series of functions that are no more.
func (m *metrics) forget(exists func(function string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for function := range m.known {
		if exists(function) {
			continue
		}
		delete(m.known, function)
		labels := prometheus.Labels{"function_name": function}
		m.calls.DeletePartialMatch(labels)
		m.callbacks.DeletePartialMatch(labels)
		m.seconds.DeletePartialMatch(labels)
	}
}
