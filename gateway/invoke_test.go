package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faas/function"
)

func TestSplitInvocation(t *testing.T) {
	for _, c := range []struct{ in, name, path string }{
		{"/function/echo", "echo", "/"},
		{"/function/echo/", "echo", "/"},
		{"/function/echo.openfaas-fn", "echo", "/"},
		{"/function/echo.openfaas-fn/a/b", "echo", "/a/b"},
		{"/function/a.b/c%2Fd//e?x=1", "a.b", "/c%2Fd//e"},
		{"/function/echo/../../system/functions", "echo", "/../../system/functions"},
		{"/function/", "", "/"},
	} {
		u, err := url.ParseRequestURI(c.in)
		if err != nil {
			t.Fatal(err)
		}
		name, path, ok := splitInvocation(u)
		if !ok || name != c.name || path != c.path {
			t.Errorf("%s: %q %q %v, want %q %q", c.in, name, path, ok, c.name, c.path)
		}
	}
	for _, in := range []string{"/", "/functions", "/function", "/system/functions"} {
		if _, _, ok := splitInvocation(&url.URL{Path: in}); ok {
			t.Errorf("%s is no invocation", in)
		}
	}
}

func FuzzInvocationPath(f *testing.F) {
	for _, s := range []string{"/function/echo", "/function/%2e%2e/x", "/function//", "/function/a%zz", "/function/é.openfaas-fn/ü?q"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, err := url.ParseRequestURI(in)
		if err != nil {
			t.Skip() // the server refuses it before us
		}
		name, path, ok := splitInvocation(u)
		if ok && (!strings.HasPrefix(path, "/") || strings.HasSuffix(name, "."+function.Namespace+"."+function.Namespace)) {
			t.Errorf("%q: name %q path %q", in, name, path)
		}
	})
}

func TestInvocationPassesEverything(t *testing.T) {
	b := newFakeBackend(status("echo", replica(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %q host=%s", r.Method, r.RequestURI, body, r.Host))
		w.Header().Set("X-Forwarded", r.Header.Get("X-Forwarded-For")+" "+r.Header.Get("X-Forwarded-Host")+" "+r.Header.Get("X-Forwarded-Proto"))
		w.Header().Set("X-Keep", r.Header.Get("Traceparent")+r.Header.Get("Connection"))
		w.Header().Set("X-Got-Call-Id", r.Header.Get("X-Call-Id"))
		w.WriteHeader(http.StatusTeapot)
	})))
	g := start(t, b, nil)
	host := strings.TrimPrefix(g.url, "http://")
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
		res, body := g.do(t, method, "/function/echo.openfaas-fn/a%2Fb/../c?q=1;2&z=%zz", "hello",
			"Traceparent", "00-1", "X-Forwarded-For", "10.0.0.9", "X-Call-Id", "mine")
		wantStatus(t, res, body, http.StatusTeapot)
		want := method + ` /a%2Fb/../c?q=1;2&z=%zz "hello" host=` + host
		if got := res.Header.Get("X-Seen"); got != want {
			t.Errorf("the function saw %s, want %s", got, want)
		}
		if got := res.Header.Get("X-Forwarded"); got != "10.0.0.9, 127.0.0.1 "+host+" http" {
			t.Errorf("forwarded as %q", got)
		}
		if res.Header.Get("X-Keep") != "00-1" || res.Header.Get("X-Got-Call-Id") != "mine" || res.Header.Get("X-Call-Id") != "mine" {
			t.Errorf("headers came as %v", res.Header)
		}
		if res.Header.Get("X-Start-Time") == "" || res.Header.Get("X-Duration-Seconds") == "" {
			t.Errorf("the gateway's own headers are missing in %v", res.Header)
		}
	}
}

func TestInvokeByHeader(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	if res, body := g.do(t, "POST", "/", "hi", "X-Function", "echo"); res.StatusCode != 200 || body != "hi" {
		t.Errorf("%d %q, want 200 hi", res.StatusCode, body)
	}
	res, body := g.do(t, "POST", "/", "hi")
	wantStatus(t, res, body, http.StatusBadRequest)
	if !strings.Contains(body, "X-Function") {
		t.Errorf("the answer %q does not say what to send", body)
	}
}

func TestRedirectsAndErrorsOfTheFunctionPass(t *testing.T) {
	b := newFakeBackend(status("away", replica(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})), status("broken", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "own words", http.StatusInternalServerError)
	})))
	g := start(t, b, nil)
	res, body := g.do(t, "GET", "/function/away", "")
	wantStatus(t, res, body, http.StatusFound)
	if res.Header.Get("Location") != "/elsewhere" {
		t.Errorf("location %q", res.Header.Get("Location"))
	}
	res, body = g.do(t, "GET", "/function/broken", "")
	wantStatus(t, res, body, http.StatusInternalServerError)
	if body != "own words\n" || res.Header.Get("X-OpenFaaS-Internal") != "" {
		t.Errorf("%q %v: a function's error is its own", body, res.Header)
	}
}

// Go's server closes the request's body at the first byte of the answer unless told otherwise.
func TestStreamingEchoIsWhole(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	for _, size := range []int{0, 1, 4 << 10, 250_000, 1 << 20, 64 << 20} {
		want := bytes.Repeat(random, size/len(random)+1)[:size]
		for _, chunked := range []bool{false, true} {
			var body io.Reader = bytes.NewReader(want)
			if chunked {
				body = struct{ io.Reader }{body}
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/function/echo", body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := g.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes (chunked %v) came back as %d, %v", size, chunked, len(got), err)
			}
		}
	}
}

func TestAnswerIsFlushedAsItComes(t *testing.T) {
	next := make(chan struct{})
	b := newFakeBackend(status("events", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})))
	g := start(t, b, nil)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/function/events", nil)
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 3 {
		line, err := lines.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
		_, _ = lines.ReadString('\n')
		next <- struct{}{}
	}
}

func TestAnswerThatBreaksOffBreaksTheConnection(t *testing.T) {
	for _, length := range []string{"", "1000000"} {
		b := newFakeBackend(status("dies", replica(t, func(w http.ResponseWriter, _ *http.Request) {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			_, _ = w.Write(random[:100_000])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})))
		g := start(t, b, nil)
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/function/dies", nil)
		res, err := g.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = io.ReadAll(res.Body); err == nil {
			t.Errorf("content-length %q: the broken answer looks whole", length)
		}
		res.Body.Close()
		waitFor(t, "the failure to be counted", func() bool {
			return strings.Contains(g.metricsText(t, "/metrics"), `gateway_function_invocation_total{code="502",function_name="dies"} 1`)
		})
	}
}

func TestDeadReplicaIsPassedOver(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := function.Replica{ID: "dead", Addr: l.Addr().String(), State: function.ReplicaReady}
	l.Close()
	g := start(t, newFakeBackend(status("echo", dead, replica(t, echo))), nil)
	for range 50 { // a POST: nothing of it reached the dead one
		res, body := g.do(t, "POST", "/function/echo", "x")
		wantStatus(t, res, body, http.StatusOK)
	}
}

func TestReplicaThatDropsRequests(t *testing.T) {
	drops := func(reached *atomic.Int64) function.Replica {
		return replica(t, func(_ http.ResponseWriter, r *http.Request) {
			reached.Add(1)
			_, _ = io.ReadAll(r.Body)
			panic(http.ErrAbortHandler)
		})
	}
	t.Run("GET goes to another", func(t *testing.T) {
		var reached atomic.Int64
		g := start(t, newFakeBackend(status("echo", drops(&reached), replica(t, echo))), nil)
		for range 20 {
			res, body := g.do(t, "GET", "/function/echo", "")
			wantStatus(t, res, body, http.StatusOK)
		}
	})
	t.Run("POST does not run twice", func(t *testing.T) {
		var reached atomic.Int64
		g := start(t, newFakeBackend(status("echo", drops(&reached))), nil)
		res, body := g.do(t, "POST", "/function/echo", "x")
		wantStatus(t, res, body, http.StatusBadGateway)
		if reached.Load() != 1 || res.Header.Get("X-OpenFaaS-Internal") != "gateway" {
			t.Errorf("reached %d times, header %v", reached.Load(), res.Header)
		}
	})
}

func TestDeadlineAndClientGone(t *testing.T) {
	ended := make(chan error, 2)
	b := newFakeBackend(status("hangs", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		ended <- r.Context().Err()
	})))
	g := start(t, b, func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.UpstreamTimeout = 100 * time.Millisecond
	})
	res, body := g.do(t, "GET", "/function/hangs", "")
	wantStatus(t, res, body, http.StatusGatewayTimeout)
	<-ended

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/function/hangs", nil)
	if res, err := g.client.Do(req); err == nil {
		res.Body.Close()
		t.Error("answered a client that left")
	}
	<-ended // the function is told
	waitFor(t, "499 to be counted", func() bool {
		return strings.Contains(g.metricsText(t, "/metrics"), `gateway_function_invocation_total{code="499",function_name="hangs"} 1`)
	})
}

func TestFunctionAtZeroIsWokenOnce(t *testing.T) {
	r := replica(t, echo)
	b := newFakeBackend(status("sleeper"))
	b.onScale = func(name string, _ int) {
		s := status(name, r)
		time.AfterFunc(20*time.Millisecond, func() { b.set(s) })
	}
	g := start(t, b, nil)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			res, body := g.do(t, "POST", "/function/sleeper", "x")
			wantStatus(t, res, body, http.StatusOK)
		})
	}
	wg.Wait()
	if len(b.scaled) != 1 {
		t.Errorf("scaled %v, want one wake", b.scaled)
	}
}

func TestSlotsHoldWhatTheWatchdogWouldRefuse(t *testing.T) {
	var inside, most atomic.Int64
	s := status("narrow", replica(t, func(http.ResponseWriter, *http.Request) {
		if n := inside.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-time.After(2 * time.Millisecond)
		inside.Add(-1)
	}))
	s.Env = map[string]string{"max_inflight": "2"}
	g := start(t, newFakeBackend(s), nil)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			res, body := g.do(t, "GET", "/function/narrow", "")
			wantStatus(t, res, body, http.StatusOK)
		})
	}
	wg.Wait()
	if most.Load() > 2 {
		t.Errorf("%d at once, want at most 2", most.Load())
	}
}

func TestUpgradedConnection(t *testing.T) {
	b := newFakeBackend(status("ws", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString("echo " + line)
		_ = rw.Flush()
	})))
	g := start(t, b, nil)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /function/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v; want 101", res, err)
	}
	res.Body.Close()
	fmt.Fprintln(conn, "hello")
	if line, err := r.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("%q, %v", line, err)
	}
	conn.Close()
	waitFor(t, "the replica to be given back", func() bool {
		n, _ := g.routes.lookup("ws").series.load.read(time.Now())
		return n == 0
	})
}

// waitFor polls for what another goroutine is about to do.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if ok() {
			return
		}
		<-time.After(2 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

func BenchmarkInvoke(b *testing.B) {
	g := start(b, newFakeBackend(status("echo", replica(b, echo))), nil)
	body := strings.Repeat("x", 1024)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if res, _ := g.do(b, "POST", "/function/echo", body); res.StatusCode != http.StatusOK {
				b.Error(res.Status)
			}
		}
	})
}

// A function may answer without having read what was sent.
func TestUnreadBodiesDoNotSpoilTheConnection(t *testing.T) {
	g := start(t, newFakeBackend(status("deaf", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "never mind")
	}))), nil)
	for _, size := range []int{1, 10_000, 300_000, 2 << 20} {
		for i := range 30 {
			body := bytes.NewReader(bytes.Repeat([]byte("x"), size))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/function/deaf", body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := g.client.Do(req)
			if err != nil {
				t.Errorf("request %d with %d bytes: %v", i, size, err)
				continue
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || string(got) != "never mind" {
				t.Errorf("request %d with %d bytes: %s %q %v", i, size, res.Status, got, err)
			}
		}
	}
}
