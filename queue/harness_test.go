package queue

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/function"
)

// patience bounds every wait of a test, far above what anything takes.
const patience = time.Minute

// fakeGateway answers for functions, and notes what was asked of it.
type fakeGateway struct {
	*httptest.Server
	mu    sync.Mutex
	calls []*seen
	more  chan struct{} // closed and replaced with each call
}

type seen struct {
	method, uri, function, host string
	header                      http.Header
	body                        string
	at                          time.Time
}

func newGateway(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, s *seen)) *fakeGateway {
	t.Helper()
	g := &fakeGateway{more: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/function/"), "/")
		s := &seen{
			method: r.Method, uri: r.RequestURI, function: name, host: r.Host, header: r.Header.Clone(), body: string(body), at: time.Now(),
		}
		g.mu.Lock()
		g.calls = append(g.calls, s)
		close(g.more)
		g.more = make(chan struct{})
		g.mu.Unlock()
		if answer != nil {
			answer(w, r, s)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

// await returns the calls once there are n.
func (g *fakeGateway) await(t testing.TB, n int) []*seen {
	t.Helper()
	late := time.After(patience)
	for {
		g.mu.Lock()
		calls, more := g.calls, g.more
		g.mu.Unlock()
		if len(calls) >= n {
			return calls[:len(calls):len(calls)]
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%d calls after %s, want %d", len(calls), patience, n)
		}
	}
}

func (g *fakeGateway) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.calls)
}

// newBroken is a gateway that makes no call until mend is called.
func newBroken(t testing.TB) (g *fakeGateway, mend func()) {
	t.Helper()
	alive := make(chan struct{})
	return newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
		select {
		case <-alive:
		default:
			platform(w, 503)
		}
	}), func() { close(alive) }
}

// platform answers as a gateway does that has no replica.
func platform(w http.ResponseWriter, status int) {
	w.Header().Set("X-OpenFaaS-Internal", "gateway")
	http.Error(w, "made by the platform", status)
}

// running is a queue that runs.
type running struct {
	*Queue
	registry *prometheus.Registry
	log      *logBuffer
	stop     func() error // again: the same answer
}

// quick are settings with which a test need not wait.
func quick() Config {
	c := DefaultConfig()
	c.FirstWait, c.MaxWait = 10*time.Millisecond, 50*time.Millisecond
	return c
}

func start(t testing.TB, o Options) *running {
	t.Helper()
	r := &running{registry: prometheus.NewRegistry(), log: &logBuffer{}}
	o.Registerer = r.registry
	o.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.Config == (Config{}) {
		o.Config = quick()
	}
	if o.Spool == "" {
		o.Spool = t.TempDir()
	}
	if o.Dir == "" && o.URL == "" {
		o.Dir = t.TempDir()
	}
	if o.AckWait == 0 {
		o.AckWait = 30 * time.Second // a stall of this machine must not look like a gateway that died
	}
	q, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Queue = q
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the queue:\n%s", r.log)
		}
	})
	return r
}

// enqueue keeps trying while the server starts.
func (r *running) enqueue(t testing.TB, c function.Call) {
	t.Helper()
	if c.Method == "" {
		c.Method = http.MethodPost
	}
	if c.Path == "" {
		c.Path = "/"
	}
	eventually(t, "the call is accepted", func() bool {
		err := r.Enqueue(t.Context(), c)
		if err != nil && !errors.Is(err, function.ErrUnavailable) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// counted is what a counter of the queue says.
func (r *running) counted(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	metrics:
		for _, m := range f.GetMetric() {
			have := map[string]bool{}
			for _, l := range m.GetLabel() {
				have[l.GetValue()] = true
			}
			for _, want := range labels {
				if !have[want] {
					continue metrics
				}
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// empty waits until nothing is in the queue.
func (r *running) empty(t testing.TB) {
	t.Helper()
	eventually(t, "the queue is empty", func() bool {
		s := r.store.Load()
		if s == nil {
			return false
		}
		stream, err := s.js.Stream(t.Context(), callStream)
		return err == nil && stream.CachedInfo().State.Msgs == 0
	})
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	within(t, patience, what, is)
}

func within(t testing.TB, d time.Duration, what string, is func() bool) {
	t.Helper()
	late := time.Now().Add(d)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Now().After(late) {
			t.Fatalf("not within %s: %s", d, what)
		}
		<-tick.C
	}
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
