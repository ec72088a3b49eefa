package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"faas/function"
)

// dial opens a connection of its own, for requests that http.Client would not send.
func (r *running) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func readStatus(t testing.TB, conn net.Conn) int {
	t.Helper()
	return readAnswer(t, conn, nil).StatusCode
}

func readAnswer(t testing.TB, conn net.Conn, to *http.Request) *http.Response {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), to)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	res.Body.Close()
	return res
}

// Go's server sees that a client left only once its body was read, which nobody does while it is held.
func TestClientThatLeftIsHeldNoLonger(t *testing.T) {
	starting := function.Replica{ID: "starting", Addr: "127.0.0.1:1", State: function.ReplicaStarting}
	g := start(t, newFakeBackend(status("slow", starting)), nil)
	conn := g.dial(t)
	fmt.Fprintf(conn, "POST /function/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
	gate := g.routes.lookup("slow").gate
	waitFor(t, "the request to be held", func() bool { return gate.Held() == 1 })
	conn.Close()
	waitFor(t, "the request to leave", func() bool { return gate.Held() == 0 })
}

func TestRefusedInsteadOfHeld(t *testing.T) {
	starting := status("slow", function.Replica{ID: "starting", State: function.ReplicaStarting})
	for _, c := range []struct {
		name   string
		change func(*Config)
		status function.Status
		says   string
	}{
		{"held too long", func(c *Config) { c.HoldTimeout = 50 * time.Millisecond }, starting, "held for 50ms"},
		{"held up to the deadline", func(c *Config) { c.UpstreamTimeout = 50 * time.Millisecond }, starting, "in time"},
		{"cannot start", nil, function.Status{
			Function: starting.Function, Desired: 1, Blocked: "exit status 1: secret words",
		}, "cannot start: `faas logs slow` and /system/function/slow tell why"},
		{"asleep and not to be woken", func(c *Config) { c.ScaleFromZero = false }, status("slow"), "waking by requests is off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newFakeBackend(c.status)
			g := start(t, b, func(o *Options) {
				o.Config = DefaultConfig()
				if c.change != nil {
					c.change(&o.Config)
				}
			})
			res, body := g.do(t, "GET", "/function/slow", "")
			wantStatus(t, res, body, http.StatusServiceUnavailable)
			if res.Header.Get("Retry-After") == "" || !strings.Contains(body, c.says) {
				t.Errorf("header %v, body %q: want Retry-After and %q", res.Header, body, c.says)
			}
			if len(b.scaled) != 0 {
				t.Errorf("scaled to %v", b.scaled)
			}
		})
	}
}

func TestHeldRequestsLearnThatNothingStarts(t *testing.T) {
	slow := status("slow", function.Replica{ID: "starting", State: function.ReplicaStarting})
	b := newFakeBackend(slow)
	g := start(t, b, nil)
	time.AfterFunc(20*time.Millisecond, func() {
		slow.Blocked = "exit status 1"
		b.set(slow)
	})
	res, body := g.do(t, "GET", "/function/slow", "")
	wantStatus(t, res, body, http.StatusServiceUnavailable)
}

// What is wrong with a client must not be laid on the replicas.
func TestBrokenBodyBlamesNoReplica(t *testing.T) {
	for _, method := range []string{"POST", "GET", "PUT"} {
		g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
		conn := g.dial(t)
		fmt.Fprintf(conn, "%s /function/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", method)
		if got := readStatus(t, conn); got != http.StatusBadRequest {
			t.Errorf("%s with a broken chunk: %d, want 400", method, got)
		}
		if g.routes.lookup("echo").balancer.Acquire(time.Now()) == nil {
			t.Errorf("%s with a broken chunk put the replica in quarantine", method)
		}
	}
}

func TestStalledUploadIsBounded(t *testing.T) {
	g := start(t, newFakeBackend(status("deaf", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))), func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.UpstreamTimeout = 100 * time.Millisecond
	})
	conn := g.dial(t)
	fmt.Fprintf(conn, "POST /function/deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nand no more")
	if got := readStatus(t, conn); got != http.StatusGatewayTimeout {
		t.Errorf("status %d, want 504", got)
	}
	waitFor(t, "nothing to be in flight", func() bool {
		n, _ := g.routes.lookup("deaf").series.load.read(time.Now())
		return n == 0
	})
}

// Only an answer of 101 makes a connection that has no end; asking for one does not.
func TestUpgradeThatIsNotTakenIsBounded(t *testing.T) {
	g := start(t, newFakeBackend(status("hangs", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}))), func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.UpstreamTimeout = 100 * time.Millisecond
	})
	res, body := g.do(t, "GET", "/function/hangs", "", "Connection", "Upgrade", "Upgrade", "h2c")
	wantStatus(t, res, body, http.StatusGatewayTimeout)
}

func TestBodyLimit(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.MaxBody = 1000
	})
	res, body := g.do(t, "POST", "/function/echo", strings.Repeat("x", 1000))
	wantStatus(t, res, body, http.StatusOK)
	res, body = g.do(t, "POST", "/function/echo", strings.Repeat("x", 1001))
	wantStatus(t, res, body, http.StatusRequestEntityTooLarge)

	// A body of unknown length shows what it is only when the answer may have begun: then that breaks off.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/function/echo",
		struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 100_000))})
	if err != nil {
		t.Fatal(err)
	}
	if res, err := g.client.Do(req); err == nil {
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil && res.StatusCode == http.StatusOK {
			t.Errorf("a body over the limit got %d bytes of an answer that looks whole", len(got))
		}
	}
}

// A client that has its answer and does not send the rest of its body is no load of the function's.
func TestUnsentRestIsNotMeasured(t *testing.T) {
	g := start(t, newFakeBackend(status("deaf", replica(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // else the server reads the body first
		w.WriteHeader(http.StatusNoContent)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.Copy(io.Discard, r.Body)
	}))), nil)
	conn := g.dial(t)
	fmt.Fprintf(conn, "POST /function/deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nand no more")
	if got := readStatus(t, conn); got != http.StatusNoContent {
		t.Errorf("status %d, want 204", got)
	}
	waitFor(t, "the answer to be counted", func() bool {
		return strings.Contains(g.metricsText(t, "/metrics"), `gateway_function_invocation_total{code="204",function_name="deaf"} 1`)
	})
	conn.Close()
}

func TestWebPagesCannotReachTheAPI(t *testing.T) {
	for _, credentials := range []*Credentials{nil, {User: "admin", Password: "secret"}} {
		g := start(t, newFakeBackend(), func(o *Options) { o.Credentials = credentials })
		own := strings.TrimPrefix(g.url, "http://")
		deploy := `{"service":"x","envProcess":"sh -c evil"}`
		login := []string{"Authorization", "Basic YWRtaW46c2VjcmV0"}
		res, body := g.do(t, "POST", "/system/functions", deploy, append(login, "Sec-Fetch-Site", "cross-site", "Origin", "http://evil.example")...)
		wantStatus(t, res, body, http.StatusForbidden)
		res, body = g.do(t, "POST", "/system/functions", deploy, append(login, "Origin", "http://evil.example")...)
		wantStatus(t, res, body, http.StatusForbidden)
		res, body = g.do(t, "GET", "/system/functions", "", append(login, "Sec-Fetch-Site", "same-origin", "Origin", "http://"+own)...)
		wantStatus(t, res, body, http.StatusOK)
	}
	g := start(t, newFakeBackend(), nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/system/functions", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example:8080" // a name that was made to point here
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	wantStatus(t, res, "", http.StatusForbidden)
}

func TestManualScaleBeyondTheBounds(t *testing.T) {
	s := status("echo", replica(t, echo))
	s.Labels = map[string]string{"com.openfaas.scale.min": "2", "com.openfaas.scale.max": "4"}
	g := start(t, newFakeBackend(s), nil)
	for n, want := range map[int]int{0: 202, 1: 400, 2: 202, 4: 202, 5: 400} {
		res, body := g.do(t, "POST", "/system/scale-function/echo", fmt.Sprintf(`{"replicas":%d}`, n))
		wantStatus(t, res, body, want)
	}
}

func TestWhileConnectedEndsWithItsCaller(t *testing.T) {
	ctx, cancel := whileConnected(context.Background())
	cancel()
	if ctx.Err() == nil {
		t.Error("goes on after it was cancelled")
	}
}
