package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"faas/function"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeBackend holds functions in memory. Their replicas are whatever HTTP servers a test starts: the
// real backends have tests of their own, and here faults are wanted that no real replica shows at will.
type fakeBackend struct {
	mu        sync.Mutex
	version   uint64
	functions map[string]function.Status
	changed   chan struct{}
	scaled    []int
	onScale   func(name string, n int)
}

func newFakeBackend(functions ...function.Status) *fakeBackend {
	b := &fakeBackend{functions: map[string]function.Status{}, changed: make(chan struct{}, 1)}
	for _, f := range functions {
		b.set(f)
	}
	return b
}

func (b *fakeBackend) set(s function.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Scaling, _ = function.ParseScaling(s.Labels)
	b.functions[s.Name] = s
	b.bump()
}

func (b *fakeBackend) bump() {
	b.version++
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

func (b *fakeBackend) Deploy(_ context.Context, f function.Function) error {
	if _, err := b.Function(nil, f.Name); err == nil { //nolint:staticcheck // the fake has no use for a context
		return function.Conflictf("function %s exists", f.Name)
	}
	b.set(function.Status{Function: f, Desired: 1})
	return nil
}

func (b *fakeBackend) Update(ctx context.Context, f function.Function) error {
	s, err := b.Function(ctx, f.Name)
	if err != nil {
		return err
	}
	s.Function = f
	b.set(s)
	return nil
}

func (b *fakeBackend) Remove(ctx context.Context, name string) error {
	if _, err := b.Function(ctx, name); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.functions, name)
	b.bump()
	return nil
}

func (b *fakeBackend) Scale(ctx context.Context, name string, n int) error {
	s, err := b.Function(ctx, name)
	if err != nil {
		return err
	}
	s.Desired = n
	b.set(s)
	b.mu.Lock()
	b.scaled = append(b.scaled, n)
	b.mu.Unlock()
	if b.onScale != nil {
		b.onScale(name, n)
	}
	return nil
}

func (b *fakeBackend) Wake(ctx context.Context, name string) error { return b.Scale(ctx, name, 1) }

func (b *fakeBackend) Function(_ context.Context, name string) (function.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.functions[name]
	if !ok {
		return s, function.NotFoundf("function %s does not exist", name)
	}
	return s, nil
}

func (b *fakeBackend) Functions(context.Context) (function.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	snap := function.Snapshot{Version: b.version}
	for _, s := range b.functions {
		snap.Functions = append(snap.Functions, s)
	}
	return snap, nil
}

func (b *fakeBackend) Watch(ctx context.Context, tell func(function.Snapshot)) error {
	for {
		snap, _ := b.Functions(ctx)
		tell(snap)
		select {
		case <-b.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// replica starts an HTTP server as a replica of a function.
func replica(t testing.TB, h http.HandlerFunc) function.Replica {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return function.Replica{ID: s.URL, Addr: strings.TrimPrefix(s.URL, "http://"), State: function.ReplicaReady}
}

func status(name string, rs ...function.Replica) function.Status {
	return function.Status{
		Function: function.Function{Name: name, Image: "example/" + name},
		Desired:  len(rs), Replicas: rs, CreatedAt: time.Unix(1700000000, 0).UTC(),
	}
}

// running is a gateway under test.
type running struct {
	*Gateway
	url, metricsURL string
	client          *http.Client
	stop            func() error
}

func start(t testing.TB, b *fakeBackend, change func(*Options)) *running {
	t.Helper()
	listen := func() net.Listener {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	o := Options{Backend: b, Watcher: b, Scaler: b, Listener: listen(), MetricsListener: listen()}
	if change != nil {
		change(&o)
	}
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, late := o.Watcher.(lateWatcher); !late {
		snap, _ := b.Functions(t.Context())
		g.routes.apply(snap)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}
	r := &running{
		Gateway: g, url: "http://" + o.Listener.Addr().String(), metricsURL: "http://" + o.MetricsListener.Addr().String(),
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
	r.stop = sync.OnceValue(func() error {
		transport.CloseIdleConnections()
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("gateway ended with %v", err)
		}
	})
	return r
}

// do sends a request and reads the answer whole.
func (r *running) do(t testing.TB, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: read answer: %v", method, path, err)
	}
	return res, string(b)
}

func (r *running) metricsText(t testing.TB, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.metricsURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantStatus(t testing.TB, res *http.Response, body string, want int) {
	t.Helper()
	if res.StatusCode != want {
		t.Errorf("%s %s: status %d (%s), want %d", res.Request.Method, res.Request.URL.Path, res.StatusCode,
			strings.TrimSpace(body), want)
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).EnableFullDuplex()
	_, _ = io.Copy(w, r.Body)
}

func TestDrainLetsRequestsEnd(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	b := newFakeBackend(status("slow", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-finish
		_, _ = io.WriteString(w, "done")
	})))
	g := start(t, b, nil)
	answer := make(chan string, 1)
	go func() {
		_, body := g.do(t, "GET", "/function/slow", "")
		answer <- body
	}()
	<-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- g.stop() }()
	<-g.draining.Done()
	close(finish)
	if got := <-answer; got != "done" {
		t.Errorf("answer %q, want done", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// A stream of events has no end of its own, so it must not keep the gateway from stopping.
func TestDrainEndsEventStreams(t *testing.T) {
	following := make(chan struct{})
	g := start(t, newFakeBackend(), func(o *Options) {
		o.ScaleEvents = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(following)
			<-r.Context().Done()
		})
	})
	var client sync.WaitGroup
	client.Go(func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/system/scale/events?follow=1", nil)
		if err != nil {
			t.Error(err)
			return
		}
		if res, err := g.client.Do(req); err == nil {
			res.Body.Close()
		}
	})
	defer client.Wait()
	<-following
	if err := g.stop(); err != nil {
		t.Error(err)
	}
}

func TestDrainIsBounded(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	b := newFakeBackend(status("hangs", replica(t, func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-finish
	})))
	g := start(t, b, func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.DrainTimeout = 50 * time.Millisecond
	})
	defer close(finish)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/function/hangs", nil)
		if res, err := g.client.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	<-arrived
	if err := g.stop(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopped with %v, want that the drain ran out of time", err)
	}
	g.stop = func() error { return nil }
}

func TestScalingMetricsExistBeforeTheFirstRequest(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	scaling := g.metricsText(t, "/metrics/scaling")
	for _, want := range []string{
		`gateway_function_invocation_started{function_name="echo"} 0`,
		`gateway_function_inflight_seconds_total{function_name="echo"} 0`,
		`gateway_service_count{function_name="echo"} 1`,
		`gateway_service_ready_count{function_name="echo"} 1`,
		`gateway_service_min{function_name="echo"} 1`,
		`gateway_service_max{function_name="echo"} 20`,
		`gateway_service_target_load{function_name="echo",scaling_type="rps"} 5`,
		`gateway_service_target_proportion{function_name="echo"} 0.9`,
		`gateway_service_down_window_seconds{function_name="echo"} 30`,
		`gateway_function_queued{function_name="echo"} 0`,
	} {
		if !strings.Contains(scaling, want+"\n") {
			t.Errorf("/metrics/scaling has no line %s", want)
		}
	}
	if strings.Contains(scaling, "gateway_functions_seconds") || strings.Contains(scaling, "zero_duration") {
		t.Error("/metrics/scaling has what it should not have")
	}
	for range 3 {
		g.do(t, "POST", "/function/echo", "x")
	}
	all := g.metricsText(t, "/metrics")
	for _, want := range []string{
		`gateway_function_invocation_started{function_name="echo"} 3`,
		`gateway_function_invocation_total{code="200",function_name="echo"} 3`,
		`gateway_functions_seconds_count{code="200",function_name="echo"} 3`,
	} {
		if !strings.Contains(all, want+"\n") {
			t.Errorf("/metrics has no line %s", want)
		}
	}
}

func TestUnknownNamesMakeNoSeries(t *testing.T) {
	g := start(t, newFakeBackend(), nil)
	for i := range 20 {
		res, body := g.do(t, "GET", "/function/ghost"+strconv.Itoa(i), "")
		wantStatus(t, res, body, http.StatusNotFound)
	}
	if strings.Contains(g.metricsText(t, "/metrics"), "ghost") {
		t.Error("a name that a client made up became a label")
	}
}

func TestInflightIntegral(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	var l inflight
	l.add(at(0), 1)
	l.add(at(1000), 1) // one for a second
	l.add(at(1500), -1)
	l.add(at(1400), -1) // late to the lock: the clock does not go back
	n, integral := l.read(at(9000))
	if n != 0 || integral != 2 {
		t.Errorf("%d in flight, integral %v; want 0 and 1·1 + 2·0.5 = 2", n, integral)
	}
}

var random = func() []byte {
	b := bytes.Repeat([]byte("0123456789abcdef\x00\xff\r\n"), 1<<20/20)
	for i := range b {
		b[i] ^= byte(i * 7)
	}
	return b
}()
