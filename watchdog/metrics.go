package watchdog

import (
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
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
	outcomes atomic.Pointer[map[outcomeKey]outcome] // those that were, read without a lock
}

type outcomeKey struct {
	method string
	status int
}

type outcome struct {
	requests prometheus.Counter
	duration prometheus.Observer
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

// observe counts an invocation. method is a label.
func (m *metrics) observe(method string, status int, d time.Duration) {
	o := m.outcome(outcomeKey{method, status})
	o.requests.Inc()
	o.duration.Observe(d.Seconds())
}

// outcome returns the series of a method and a status. There are few, and looking for them by their labels takes longer
// than counting.
func (m *metrics) outcome(key outcomeKey) outcome {
	known := m.outcomes.Load()
	if known != nil {
		if o, ok := (*known)[key]; ok {
			return o
		}
	}
	code := strconv.Itoa(key.status)
	o := outcome{m.requests.WithLabelValues(code, key.method), m.duration.WithLabelValues(code, key.method)}
	next := map[outcomeKey]outcome{key: o}
	if known != nil {
		maps.Copy(next, *known)
	}
	m.outcomes.Store(&next) // what another stored meanwhile is stored again
	return o
}

// methodLabel is as in OpenFaaS's watchdogs, and bounded: a client may send any
// word as a method.
func methodLabel[T string | []byte](method T) string {
	switch string(method) {
	case http.MethodGet:
		return "get"
	case http.MethodPost:
		return "post"
	case http.MethodHead:
		return "head"
	case http.MethodPut:
		return "put"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		return "delete"
	case http.MethodConnect:
		return "connect"
	case http.MethodOptions:
		return "options"
	case http.MethodTrace:
		return "trace"
	default:
		return "unknown"
	}
}
