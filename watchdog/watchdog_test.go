package watchdog

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		serveFunction()
	}
	goleak.VerifyTestMain(m)
}

// buffer is a log that a test reads while it is being written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b = bytes.Buffer{}
}

// A running is a watchdog on ports of its own.
type running struct {
	*Watchdog
	url, metricsURL string
	client          *http.Client
	stdout, stderr  *buffer
	drain           context.CancelFunc
	ended           chan struct{}
	err             error // of Run, once ended
}

// start runs a watchdog with the given variables ("name=value") until the test ends.
func start(t testing.TB, vars ...string) *running {
	t.Helper()
	c, err := ConfigFromEnv(lookup(vars...))
	if err != nil {
		t.Fatal(err)
	}
	r := &running{stdout: &buffer{}, stderr: &buffer{}, ended: make(chan struct{})}
	o := Options{
		Config:          c,
		Listener:        listen(t),
		MetricsListener: listen(t),
		LockPath:        filepath.Join(t.TempDir(), "lock"),
		Stdout:          r.stdout,
		Stderr:          r.stderr,
		Log:             slog.New(slog.NewTextHandler(r.stderr, nil)),
	}
	if r.Watchdog, err = New(o); err != nil {
		t.Fatal(err)
	}
	r.url = "http://" + o.Listener.Addr().String()
	r.metricsURL = "http://" + o.MetricsListener.Addr().String()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	r.client = &http.Client{Transport: transport}
	var ctx context.Context
	ctx, r.drain = context.WithCancel(context.Background())
	go func() {
		defer close(r.ended)
		r.err = r.Run(ctx)
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		r.Kill()
		r.wait(t)
		if t.Failed() {
			t.Logf("stderr of the watchdog:\n%s", r.stderr)
		}
	})
	return r
}

func (r *running) wait(t testing.TB) {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the watchdog does not end")
	}
}

// do makes a request and returns its answer with the whole body. The error of
// a body that breaks off is returned.
func (r *running) do(t testing.TB, req *http.Request) (*http.Response, string, error) {
	t.Helper()
	res, err := r.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func (r *running) request(t testing.TB, method, path string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func (r *running) post(t testing.TB, body string) (*http.Response, string, error) {
	t.Helper()
	return r.do(t, r.request(t, http.MethodPost, "/", strings.NewReader(body)))
}

func (r *running) status(t testing.TB, path string) int {
	t.Helper()
	res, _, err := r.do(t, r.request(t, http.MethodGet, path, nil))
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func lookup(vars ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, kv := range vars {
			if k, v, _ := strings.Cut(kv, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
}

// eventually waits for something that another process does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// both runs a test in both fork modes.
func both(t *testing.T, test func(t *testing.T, mode string)) {
	for _, mode := range []string{"mode=streaming", "mode=serializing"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			test(t, mode)
		})
	}
}

func TestForkAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, process, body string
		status              int
		want                string
	}{
		{"does not read its input", "echo hi", "ignored", 200, "hi\n"},
		{"quoted", `sh -c 'echo "$0 $1"' 'a b' c`, "", 200, "a b c\n"},
		{"not expanded", "echo $HOME *", "", 200, "$HOME *\n"},
		{"dies of a signal", "sh -c 'kill -9 $$'", "x", 500, "function failed: signal: killed\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			both(t, func(t *testing.T, mode string) {
				w := start(t, mode, "fprocess="+tt.process)
				res, body, err := w.post(t, tt.body)
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != tt.status || body != tt.want {
					t.Errorf("got %d %q, want %d %q", res.StatusCode, body, tt.status, tt.want)
				}
			})
		})
	}
}

// Whether output was sent already is a matter of time when streaming, and
// never when serializing. Neither may end well.
func TestFailureWithOutput(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode string) {
		w := start(t, mode, "fprocess=sh -c 'echo part; exit 3'")
		for range 20 {
			res, body, err := w.post(t, "x")
			if err == nil && res.StatusCode != 500 {
				t.Errorf("got %d %q", res.StatusCode, body)
			}
			if err != nil && mode == "mode=serializing" {
				t.Error(err)
			}
		}
	})
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, variable, header string
		status                 int
	}{
		{"exec_timeout", "exec_timeout=100ms", "", 504},
		{"write_timeout", "write_timeout=100ms", "", 504},
		{"X-Timeout", "exec_timeout=1m", "100ms", 504},
		{"X-Timeout cannot lengthen", "exec_timeout=100ms", "1h", 504},
		{"X-Timeout without a limit", "exec_timeout=0", "100ms", 504},
		{"bad X-Timeout", "exec_timeout=1m", "soon", 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			both(t, func(t *testing.T, mode string) {
				w := start(t, mode, tt.variable, "fprocess=sleep 60")
				req := w.request(t, http.MethodPost, "/", strings.NewReader("x"))
				if tt.header != "" {
					req.Header.Set("X-Timeout", tt.header)
				}
				begin := time.Now()
				res, _, err := w.do(t, req)
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != tt.status {
					t.Errorf("got %d, want %d", res.StatusCode, tt.status)
				}
				if d := time.Since(begin); d > 5*time.Second {
					t.Errorf("answered after %s", d)
				}
			})
		})
	}
	t.Run("exec_timeout_status", func(t *testing.T) {
		t.Parallel()
		w := start(t, "fprocess=sleep 60", "exec_timeout=50ms", "exec_timeout_status=408")
		if res, _, err := w.post(t, ""); err != nil || res.StatusCode != 408 {
			t.Errorf("got %v %v, want 408", res, err)
		}
	})
	t.Run("read_timeout", func(t *testing.T) {
		both(t, func(t *testing.T, mode string) {
			w := start(t, mode, "fprocess=cat", "read_timeout=200ms")
			r, never := io.Pipe()
			defer never.Close()
			res, _, err := w.do(t, w.request(t, http.MethodPost, "/", r))
			if err != nil || res.StatusCode != 504 {
				t.Errorf("got %v %v, want 504", res, err)
			}
		})
	})
}
