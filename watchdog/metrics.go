package watchdog

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"faas/watchdog/usage"
)

type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// newMetrics makes the metrics of a watchdog, which may have its container to
// itself, or share it with others that the same process started.
func newMetrics(reg *prometheus.Registry, alone bool) *metrics {
	reg.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if c := usage.New(alone); c != nil {
		reg.MustRegister(c)
	}
	auto := promauto.With(reg)
	labels := []string{"code", "method"}
	return &metrics{
		requests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Invocations by the status of their answer; a broken answer counts as what broke it.",
		}, labels),
		duration: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from a request to the end of its answer.",
			Buckets: prometheus.DefBuckets,
		}, labels),
		inFlight: auto.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight",
			Help: "Invocations that are running.",
		}),
	}
}

func (m *metrics) observe(method string, status int, d time.Duration) {
	code, method := strconv.Itoa(status), methodLabel(method)
	m.requests.WithLabelValues(code, method).Inc()
	m.duration.WithLabelValues(code, method).Observe(d.Seconds())
}

// methodLabel is as in OpenFaaS's watchdogs, and bounded: a client may send any
// word as a method.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return strings.ToLower(method)
	default:
		return "unknown"
	}
}
