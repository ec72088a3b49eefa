package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faas/function"
	"faas/gateway"
	"faas/internal/board"
	"faas/internal/supervise"
	"faas/queue"
)

func TestOwnAddress(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "127.0.0.2:80": "127.0.0.2:80", "[::1]:80": "[::1]:80",
	} {
		at, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got, port := ownAddress(at); got != want || port != 80 {
			t.Errorf("%s is reached at %s, port %d; want %s", addr, got, port, want)
		}
	}
}

func TestAsyncConfig(t *testing.T) {
	for name, value := range map[string]string{"max_async_body": "8M", "callback_deny": "http://x", "async_concurrency": "none"} {
		_, err := (&gatewayCommand{Listen: "127.0.0.1:0", MetricsListen: "127.0.0.1:0", Queue: "nats://127.0.0.1:1"}).around(
			t.Context(), &fakeBackend{board: board.New()}, gateway.Options{Log: newLogger(io.Discard, 0, "text"), Registry: newRegistry()},
			func(n string) (string, bool) { return value, n == name })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v, want an error that names it", name, value, err)
		}
	}
}

// TestAsyncOnSwarm has what `faas gateway` is made of use a server that comes late, as `faas queue` runs it.
func TestAsyncOnSwarm(t *testing.T) {
	replica := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer replica.Close()
	b := &fakeBackend{board: board.New(), shown: make(chan struct{})}
	b.board.Publish([]function.Status{{
		Function: function.Function{Name: "echo"}, Desired: 1,
		Replicas: []function.Replica{{ID: "1", Addr: strings.TrimPrefix(replica.URL, "http://"), State: function.ReplicaReady}},
	}})
	close(b.shown)
	told := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told <- string(body) + " " + r.Header.Get("X-Function-Status")
	}))
	defer receiver.Close()

	reserved, err := supervise.Reserve(t.Context(), "the queue", "127.0.0.1:0") // nobody listens there until the server does
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reserved.Close() }) // it is of no more use
	at := reserved.Addr().String()
	listen := func() net.Listener {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	o := gateway.Options{Listener: listen(), MetricsListener: listen(), Config: gateway.DefaultConfig(), Log: newLogger(io.Discard, 0, "text"), Registry: newRegistry()}
	q := (&gatewayCommand{Queue: "nats://" + at}).queueOptions()
	a, err := newAsync(q, &o, func(name string) (string, bool) { return "127.0.0.1", name == "callback_allow" })
	if err != nil {
		t.Fatal(err)
	}
	_, g, err := assemble(b, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	a.gateway.Store(g)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	go func() { ended <- g.Run(ctx) }()
	queued, stopQueue := context.WithCancel(t.Context())
	go func() { ended <- a.run(queued) }()

	base := "http://" + o.Listener.Addr().String()
	post := func(path string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Callback-Url", receiver.URL)
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close() // only the status counts
		return res.StatusCode
	}
	if status := post("/async-function/echo"); status != http.StatusServiceUnavailable {
		t.Errorf("without a server: %d", status)
	}
	if status := post("/function/echo"); status != http.StatusOK {
		t.Errorf("a synchronous call without a server: %d", status)
	}
	server, err := queue.NewServer(queue.ServerOptions{Dir: t.TempDir(), Listen: at})
	if err != nil {
		t.Fatal(err)
	}
	serverCtx, stopServer := context.WithCancel(t.Context())
	go func() { ended <- server.Run(serverCtx) }()
	accepted := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for post("/async-function/echo") != http.StatusAccepted {
		if time.Now().After(accepted) {
			t.Fatal("the gateway does not find the server")
		}
		<-tick.C
	}
	select {
	case got := <-told:
		if got != "hello 200" {
			t.Errorf("the callback got %q", got)
		}
	case <-time.After(20 * time.Second):
		t.Error("no callback")
	}
	for _, end := range []func(){stopQueue, stop, stopServer} {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
