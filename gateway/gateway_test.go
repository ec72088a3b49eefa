package gateway

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"faas/function"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
