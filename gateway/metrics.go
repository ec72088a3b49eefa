package gateway

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"faas/gateway/overload"
)

// metrics are the gateway's own, by function. What is read from the routes at the moment of a scrape is in families.go.
type metrics struct {
	completed *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	cold      *prometheus.HistogramVec
}

func newMetrics(reg *prometheus.Registry) *metrics {
	m := &metrics{}
	m.completed = promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_function_invocation_total",
		Help: "Invocations that ended, by the HTTP status of the answer; 499 where the client left first.",
	}, []string{"function_name", "code"})
	m.seconds = promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gateway_functions_seconds",
		Help:    "Time from the arrival of an invocation to the end of its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"function_name", "code"})
	m.cold = promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gateway_function_cold_start_seconds",
		Help:    "Time that invocations which found no replica ready were held until one was lent that answered them.",
		Buckets: []float64{.01, .025, .05, .1, .2, .3, .5, .75, 1, 1.5, 2.5, 5, 10, 30, 60},
	}, []string{"function_name"})
	return m
}

// open makes the counter of a function's usual answers. It exists from now on, at 0: rate() cannot see the first
// increment of a series that comes with it. Histograms come with their first observation: each is as large as all
// else of a function, and most functions of many are at rest.
func (m *metrics) open(name string) *series {
	s := &series{metrics: m, name: name}
	ok := strconv.Itoa(http.StatusOK)
	s.okCompleted = m.completed.WithLabelValues(name, ok)
	s.okSeconds = sync.OnceValue(func() prometheus.Observer { return m.seconds.WithLabelValues(name, ok) })
	s.cold = sync.OnceValue(func() prometheus.Observer { return m.cold.WithLabelValues(name) })
	now := time.Now()
	s.lastArrival.Store(now.UnixNano())
	s.rests.last.since = now
	return s
}

// drop forgets the series of a function that was removed. Invocations still in flight are not counted
// any more, or the first to end would bring a series back.
func (m *metrics) drop(s *series) {
	s.dropped.Store(true)
	labels := prometheus.Labels{"function_name": s.name}
	m.completed.DeletePartialMatch(labels)
	m.seconds.DeletePartialMatch(labels)
	m.cold.DeletePartialMatch(labels)
}

// series measures the invocations of one function.
type series struct {
	metrics *metrics
	name    string

	okCompleted prometheus.Counter
	okSeconds   func() prometheus.Observer
	cold        func() prometheus.Observer

	arrivals    atomic.Uint64
	lastArrival atomic.Int64 // unix nanoseconds; at first when the route was opened
	changed     atomic.Int64 // unix nanoseconds of the last change of the desired count or of a setting; 0: none
	tuned       atomic.Int64 // unix nanoseconds of the last change of a setting; 0: none
	finished    atomic.Int64
	dropped     atomic.Bool

	load     inflight
	overload overload.LastWish
	rests    rests
}

// begin counts an arrival at now. That there is one is told before it counts, or a scrape in between would take it for one
// from before a rest, which is not counted.
func (s *series) begin(now time.Time) {
	s.lastArrival.Store(now.UnixNano())
	s.arrivals.Add(1)
	s.load.add(now, 1)
}

// end counts the answer with status at now to what arrived at start.
func (s *series) end(start, now time.Time, status int) {
	s.load.add(now, -1)
	s.finished.Add(1)
	if s.dropped.Load() {
		return
	}
	completed, seconds := s.okCompleted, s.okSeconds
	if status != http.StatusOK {
		code := strconv.Itoa(status)
		completed = s.metrics.completed.WithLabelValues(s.name, code)
		seconds = func() prometheus.Observer { return s.metrics.seconds.WithLabelValues(s.name, code) }
	}
	completed.Inc()
	seconds().Observe(now.Sub(start).Seconds())
}

// overloaded notes that a request found all slots taken at now, when wish replicas would have had room for all.
func (s *series) overloaded(now time.Time, wish int) { s.overload.Set(now, wish) }

// coldStart counts an answer that came after the function had to start, for which it was held so long.
func (s *series) coldStart(held time.Duration) {
	if !s.dropped.Load() {
		s.cold().Observe(held.Seconds())
	}
}

// inflight integrates the number of requests in flight over time. The integral's rate is their exact
// mean number, where a gauge that is sampled twice a second sees only those that meet a sample.
type inflight struct {
	mu       sync.Mutex
	n        int
	integral time.Duration // requests × time
	squares  float64       // requests² × seconds
	at       time.Time     // up to which they count
}

func (l *inflight) add(now time.Time, delta int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	l.n += delta
}

// read returns the number in flight and the integral in request-seconds at now.
func (l *inflight) read(now time.Time) (int, float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	return l.n, l.integral.Seconds()
}

// readSquares returns the integral of the square of the number in flight, in request²-seconds at now.
func (l *inflight) readSquares(now time.Time) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	return l.squares
}

func (l *inflight) advance(now time.Time) {
	// Two callers may take the time in one order and the lock in the other.
	if d := now.Sub(l.at); l.n > 0 && d > 0 {
		l.integral += time.Duration(l.n) * d
		l.squares += float64(l.n) * float64(l.n) * d.Seconds()
	}
	if now.After(l.at) {
		l.at = now
	}
}
