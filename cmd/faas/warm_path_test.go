package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"faas/gateway"
	"faas/swarm/swarmtest"
)

// TestNoDockerCallOnTheWarmPath counts what `faas gateway` asks of Docker while it forwards requests: what it asks for
// anyway, which is the one list of tasks a second and the look at all services and nodes each half minute, and nothing
// else.
func TestNoDockerCallOnTheWarmPath(t *testing.T) {
	const requests = 1000
	e := swarmtest.Start(t, swarmtest.Options{Networks: []swarmtest.Network{{
		Name: "functions", Labels: map[string]string{"openfaas": "true"}, Subnet: "127.77.0.0/16", // so that plain TCP reaches a replica
	}}})
	replica, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.77.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body) // the client tells
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(replica) }()
	defer func() { _ = server.Close(); <-served }()
	_, port, _ := net.SplitHostPort(replica.Addr().String())

	lines := newLogBuffer()
	log := newLogger(lines, slog.LevelInfo, "json")
	c := gatewayCommand{Listen: "127.0.0.1:0", MetricsListen: "127.0.0.1:0", DockerHost: e.Host()}
	registry := newRegistry()
	b, err := c.backend(log, registry)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.around(t.Context(), b, gateway.Options{Log: log, Registry: registry}, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, nil) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	}()

	lines.await(t, "functions known")
	url := "http://" + regexp.MustCompile(`"listen":"([^"]*)"`).FindStringSubmatch(lines.String())[1]
	client := &http.Client{Timeout: 10 * time.Second}
	post := func(path, body string) (status int, answer string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close() // read to its end
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(got)
	}
	invoke := func(body string) {
		t.Helper()
		if status, got := post("/function/echo", body); status != http.StatusOK || got != body {
			t.Fatalf("%d %q, want %q", status, got, body)
		}
	}
	// Through the gateway, which knows of it when it has answered.
	status, got := post("/system/functions", fmt.Sprintf(`{"service":"echo","image":"example/echo:1","envVars":{"port":%q}}`, port))
	if status != http.StatusAccepted {
		t.Fatalf("deployed with %d %q", status, got)
	}
	invoke("held until the swarm is read and the replica answers")
	calm(t, e)
	before, begin := e.Calls(), time.Now()
	for i := range requests {
		invoke(fmt.Sprint("request ", i))
	}
	took := time.Since(begin)
	for endpoint, n := range e.Calls() {
		n -= before[endpoint]
		most := 0
		switch endpoint {
		case swarmtest.TaskListEndpoint:
			most = int(took/time.Second) + 1
		case swarmtest.ServiceListEndpoint, "GET /nodes":
			most = int(took/(30*time.Second)) + 1
		}
		if n > most {
			t.Errorf("%d × %s during %d requests in %s, want at most %d", n, endpoint, requests, took, most)
		}
	}
}

// calm waits until Docker is no more asked than in steady state.
func calm(t *testing.T, e *swarmtest.Engine) {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for range 20 {
		before := e.TotalCalls()
		<-tick.C
		if e.TotalCalls()-before <= 1 {
			return
		}
	}
	t.Fatal("Docker is asked again and again")
}
