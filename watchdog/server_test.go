package watchdog

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startHTTP runs a watchdog in http mode over this test binary.
func startHTTP(t testing.TB, vars ...string) *running {
	t.Helper()
	t.Setenv(serveVariable, "1")
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	return start(t, append(vars, "mode=http", "fprocess='"+os.Args[0]+"'", "upstream_url=http://127.0.0.1:0")...)
}

func TestHTTP(t *testing.T) {
	w := startHTTP(t)
	t.Run("verbatim", func(t *testing.T) {
		req := w.request(t, http.MethodPut, "/echo/?a=1;b=2&c", strings.NewReader("hello"))
		req.Host = "example.com"
		res, body, err := w.do(t, req)
		if err != nil || body != "hello" {
			t.Fatalf("got %q %v", body, err)
		}
		if got, want := res.Header.Get("X-Seen"), "PUT /echo/?a=1;b=2&c example.com 5"; got != want {
			t.Errorf("the function saw %q, want %q", got, want)
		}
	})
	t.Run("status", func(t *testing.T) {
		if got := w.status(t, "/status"); got != http.StatusTeapot {
			t.Errorf("got %d", got)
		}
	})
	t.Run("ready", func(t *testing.T) {
		if got := w.status(t, "/_/ready"); got != 200 {
			t.Errorf("got %d", got)
		}
	})
	t.Run("logs", func(t *testing.T) {
		if got := w.stdout.String(); !strings.Contains(got, " stdout: function starts\n") {
			t.Errorf("standard output: %q", got)
		}
		if got := w.stderr.String(); !strings.Contains(got, " stderr: to standard error\n") {
			t.Errorf("standard error: %q", got)
		}
	})
}

func TestHTTPBuffersTheBody(t *testing.T) {
	w := startHTTP(t, "http_buffer_req_body=true")
	res, body, err := w.do(t, w.request(t, http.MethodPost, "/echo/", io.MultiReader(strings.NewReader("chunked"))))
	if err != nil || body != "chunked" {
		t.Fatalf("got %q %v", body, err)
	}
	if got := res.Header.Get("X-Seen"); !strings.HasSuffix(got, " 7") {
		t.Errorf("the function saw %q, want length 7", got)
	}
}

func TestHTTPRestarts(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DIR", dir)
	if err := os.WriteFile(filepath.Join(dir, "release"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := startHTTP(t)
	_, pid, err := w.do(t, w.request(t, http.MethodGet, "/pid", nil))
	if err != nil {
		t.Fatal(err)
	}
	res, body, err := w.do(t, w.request(t, http.MethodGet, "/die", nil))
	if err == nil {
		t.Errorf("a cut answer ended well: %v %q", res, body)
	}
	if want := `http_requests_total{code="502",method="get"} 1`; !strings.Contains(w.scrape(t), want) {
		t.Errorf("not counted: %s", want)
	}
	eventually(t, "not ready", func() bool { return w.status(t, "/_/ready") == 503 })
	refused, _, err := w.do(t, w.request(t, http.MethodGet, "/pid", nil))
	if err != nil {
		t.Fatal(err)
	}
	if refused.StatusCode != 503 || refused.Header.Get("Retry-After") == "" {
		t.Errorf("while it has failed: got %v", refused)
	}
	eventually(t, "ready again", func() bool { return w.status(t, "/_/ready") == 200 })
	_, again, err := w.do(t, w.request(t, http.MethodGet, "/pid", nil))
	if err != nil || again == pid {
		t.Errorf("the new process is %q, the old %q: %v", again, pid, err)
	}
}

func TestHTTPIdle(t *testing.T) {
	w := startHTTP(t, "idle_timeout=200ms")
	if got := w.status(t, "/_/ready"); got != 200 {
		t.Errorf("/_/ready: got %d", got)
	}
	if got := w.stdout.String(); got != "" {
		t.Errorf("the function runs before its first request: %q", got)
	}
	seen := make(map[string]bool)
	for range 3 {
		_, pid, err := w.do(t, w.request(t, http.MethodGet, "/pid", nil))
		if err != nil {
			t.Fatal(err)
		}
		seen[pid] = true
		eventually(t, "stopped", func() bool {
			return strings.Count(w.stderr.String(), "reason=idle") == len(seen)
		})
	}
	if len(seen) != 3 {
		t.Errorf("%d processes for 3 requests with idle times between", len(seen))
	}
	// A request that takes longer than the idle time is not idleness.
	if _, body, err := w.do(t, w.request(t, http.MethodGet, "/wait", nil)); err != nil || body != "waited" {
		t.Errorf("got %q %v", body, err)
	}
}
