package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// echo is every replica of every function: an answer, and a page of metrics as long as a watchdog's.
type echo struct {
	addr, metrics string
	servers       []*http.Server
	scraped       atomic.Int64
}

func startEcho(ctx context.Context) (*echo, error) {
	e := &echo{}
	page := watchdogPage(ctx)
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // what cannot be read is no matter here
		_, _ = w.Write([]byte("ok\n"))     // nor who has left
	})
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		e.scraped.Add(1)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(page) // as above
	})
	for _, s := range []struct {
		addr    *string
		handler http.Handler
	}{{&e.addr, answer}, {&e.metrics, metrics}} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*s.addr = l.Addr().String()
		server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
		e.servers = append(e.servers, server)
		go func() { _ = server.Serve(l) }() // until close
	}
	return e, nil
}

func (e *echo) close() {
	for _, s := range e.servers {
		_ = s.Close() // nothing depends on it any more
	}
}

// watchdogPage is what a watchdog shows of itself: the process, Go's runtime, and a histogram of its requests.
func watchdogPage(ctx context.Context) []byte {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds", Help: "Time."},
		[]string{"method", "code", "path"})
	reg.MustRegister(seconds)
	seconds.WithLabelValues("GET", "200", "/").Observe(0.01)
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", http.NoBody))
	return append(w.Body.Bytes(), "# TYPE faas_function_cpu_seconds_total counter\nfaas_function_cpu_seconds_total 1.5\n"+
		"# TYPE faas_function_memory_bytes gauge\nfaas_function_memory_bytes 1.2e+07\n"...)
}

// load sends requests to the first functions: arrivals at random, at a rate that steps at random, too.
type load struct {
	gateway string
	most    float64
	step    time.Duration
	client  *http.Client

	sent, failed, steps atomic.Int64
}

func newLoad(gateway string, most float64, step time.Duration) *load {
	return &load{gateway: gateway, most: most, step: step, client: &http.Client{
		Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 512},
	}}
}

// touch calls each function once.
func (l *load) touch(ctx context.Context, functions int) error {
	for i := range functions {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.send(ctx, l.url(i))
	}
	return nil
}

func (l *load) url(i int) string { return fmt.Sprintf("http://%s/function/%s", l.gateway, name(i)) }

// run offers the load until ctx ends.
func (l *load) run(ctx context.Context, active int) {
	defer l.client.CloseIdleConnections()
	var all sync.WaitGroup
	for i := range active {
		all.Go(func() { l.one(ctx, l.url(i), rand.New(rand.NewPCG(5, uint64(i)))) }) //nolint:gosec // load, not a secret
	}
	all.Wait()
}

// one offers the load of one function. A request is sent when it is due, whatever became of those before.
func (l *load) one(ctx context.Context, url string, random *rand.Rand) {
	var under sync.WaitGroup
	defer under.Wait()
	due := time.Now()
	var rate float64
	var until time.Time
	for {
		if due.After(until) {
			rate = math.Exp(random.Float64() * math.Log(l.most)) // from 1 to most, each doubling as likely
			until = due.Add(time.Duration(random.ExpFloat64() * float64(l.step)))
			l.steps.Add(1)
		}
		due = due.Add(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return
		}
		under.Go(func() { l.send(ctx, url) })
	}
}

func (l *load) send(ctx context.Context, url string) {
	l.sent.Add(1)
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, url, http.NoBody)
	if err != nil {
		l.failed.Add(1)
		return
	}
	res, err := l.client.Do(req)
	if err != nil {
		l.failed.Add(1)
		return
	}
	_, _ = io.Copy(io.Discard, res.Body) // for the connection
	_ = res.Body.Close()                 // only read
	if res.StatusCode != http.StatusOK {
		l.failed.Add(1)
	}
}
