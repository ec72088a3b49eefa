package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faas/function"
)

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

func TestDeadReplicaIsPassedOver(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", gone, replica(t, echo))), nil)
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
