package watchdog

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// This test binary is also the function of http mode: with this variable set
// it serves on PORT instead of running tests.
const serveVariable = "WATCHDOG_TEST_SERVE"

// With this one too it wants its port for itself, as few servers do.
const exclusiveVariable = "WATCHDOG_TEST_EXCLUSIVE"

func serveFunction() {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo/", func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %d", r.Method, r.RequestURI, r.Host, r.ContentLength))
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("slow begins")
		<-r.Context().Done()
		fmt.Println("slow ends")
	})
	mux.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(500 * time.Millisecond):
			fmt.Fprint(w, "waited")
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/die", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "part")
		_ = http.NewResponseController(w).Flush()
		os.Exit(3)
	})
	mux.HandleFunc("/trailer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprint(w, "body")
		w.Header().Set("X-Sum", "42")
	})
	mux.HandleFunc("/sse", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, rw)
	})
	fmt.Println("function starts")
	fmt.Fprintln(os.Stderr, "to standard error")
	var config net.ListenConfig
	if os.Getenv(exclusiveVariable) != "" {
		config.Control = func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
		}
	}
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err == nil {
		err = (&http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}).Serve(l)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startHTTP runs a watchdog in http mode over this test binary.
func startHTTP(t testing.TB, vars ...string) *running {
	t.Helper()
	t.Setenv(serveVariable, "1")
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
	t.Run("trailer", func(t *testing.T) {
		res, body, err := w.do(t, w.request(t, http.MethodGet, "/trailer", nil))
		if err != nil || body != "body" || res.Trailer.Get("X-Sum") != "42" {
			t.Errorf("got %q %v, trailer %v", body, err, res.Trailer)
		}
	})
	t.Run("server-sent events", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		res, err := w.client.Do(w.request(t, http.MethodGet, "/sse", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if line, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil || line != "data: 1\n" {
			t.Errorf("got %q %v", line, err)
		}
	})
	t.Run("time-out", func(t *testing.T) {
		req := w.request(t, http.MethodGet, "/slow", nil)
		req.Header.Set("X-Timeout", "100ms")
		if res, _, err := w.do(t, req); err != nil || res.StatusCode != 504 {
			t.Errorf("got %v %v, want 504", res, err)
		}
		eventually(t, "the function sees it", func() bool { return strings.Contains(w.stdout.String(), "slow ends") })
	})
	t.Run("big body", func(t *testing.T) {
		for _, n := range []int64{300_000, 10 << 20} {
			echo := *w
			echo.url += "/echo"
			echo.echo(t, n)
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

// An upgraded connection outlasts exec_timeout.
func TestHTTPUpgrade(t *testing.T) {
	w := startHTTP(t, "exec_timeout=200ms", "write_timeout=200ms", "read_timeout=200ms")
	eventually(t, "ready", func() bool { return w.status(t, "/_/ready") == 200 })
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.opts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %d", res.StatusCode)
	}
	for range 3 {
		<-time.After(150 * time.Millisecond)
		fmt.Fprintln(c, "ping")
		if line, err := in.ReadString('\n'); err != nil || line != "ping\n" {
			t.Fatalf("got %q %v", line, err)
		}
	}
}

func TestHTTPRestarts(t *testing.T) {
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

func TestHTTPDrain(t *testing.T) {
	w := startHTTP(t, "healthcheck_interval=0")
	_, pid, err := w.do(t, w.request(t, http.MethodGet, "/pid", nil))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() {
		_, body, err := w.do(t, w.request(t, http.MethodGet, "/wait", nil))
		done <- fmt.Sprint(body, err)
	}()
	eventually(t, "in flight", func() bool { return w.inflight.count() == 1 })
	w.drain()
	if got := <-done; got != "waited<nil>" {
		t.Errorf("in flight at the drain: got %q", got)
	}
	w.wait(t)
	if w.err != nil {
		t.Error(w.err)
	}
	var id int
	if _, err := fmt.Sscan(pid, &id); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(id, 0); err == nil {
		t.Error("the function outlived its watchdog")
	}
}

func TestHTTPIgnoresSIGTERM(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.NotFoundHandler())
	defer backend.Close()
	file := pidFile(t)
	w := start(t, "mode=http", "upstream_url="+backend.URL,
		`fprocess=sh -c "trap '' TERM; echo \$\$ >`+file+`; while :; do sleep 1; done"`)
	ids := pids(t, file, 1)
	w.drain()
	w.wait(t)
	gone(t, ids)
	if !strings.Contains(w.stderr.String(), "ignores SIGTERM") {
		t.Error("nothing was said about it")
	}
}
