package swarm_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"faas/function"
	"faas/internal/backendtest"
	"faas/swarm"
	"faas/swarm/swarmtest"
)

// TestContract holds the backend to the contract of all backends, on a Swarm in small.
func TestContract(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backendtest.Harness {
		e := swarmtest.Start(t, swarmtest.Options{
			Timing: swarmtest.Timing{
				Start: 50 * time.Millisecond,  // so that a new replica beside an old one is seen
				Stop:  200 * time.Millisecond, // the watchdog goes on taking requests for a while
			},
			Images: []swarmtest.Image{
				{Name: "faas/echo:latest"}, {Name: "faas/writer:latest"}, {Name: "faas/broken:latest", Behaviour: swarmtest.Behaviour{Crash: true}},
			},
		})
		e.Behave("faas/writer:latest", swarmtest.Behaviour{Handler: e.Writer()})
		b, stop := runBackend(t, swarm.Options{Host: e.Host(), Dial: e.Dial})
		return backendtest.Harness{
			Backend: b, Stop: stop, Gap: true, Prefix: "contract-", Within: 20 * time.Second,
			Constraints: []string{"node.role == manager"},
			Function: func(name string) function.Function {
				return function.Function{Name: name, Image: "faas/echo:latest", Process: "cat"}
			},
			Writer: func(name string) function.Function {
				return function.Function{Name: name, Image: "faas/writer:latest", Process: "cat"}
			},
			Broken: func(name string) function.Function {
				return function.Function{Name: name, Image: "faas/broken:latest", Process: "cat"}
			},
			Kill: func(r function.Replica) error { return e.Kill(r.ID) },
			Call: caller(e.Dial),
			Secret: func(_ context.Context, r function.Replica, name string) (string, error) {
				return readSecret(name, func(file string) (string, error) {
					value, err := e.ReadSecret(r.ID, file)
					return string(value), err
				})
			},
		}
	})
}

// readSecret reads a secret from both of its files.
func readSecret(name string, read func(file string) (string, error)) (string, error) {
	value, err := read("/var/openfaas/secrets/" + name)
	if err != nil {
		return "", err
	}
	again, err := read("/run/secrets/" + name)
	if err == nil && again != value {
		err = errors.New("it is another one in /run/secrets")
	}
	return value, err
}

// runBackend runs a backend until the test ends or stop is called, and waits until it has read the Swarm.
func runBackend(t *testing.T, o swarm.Options) (b *swarm.Backend, stop func()) {
	t.Helper()
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	b, err := swarm.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	seen, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	if err := b.Watch(seen, func(function.Snapshot) { done() }); !errors.Is(err, context.Canceled) {
		_, err := b.Functions(t.Context())
		t.Fatalf("the backend has not read the Swarm: %v", err)
	}
	return b, stop
}

type dial = func(ctx context.Context, network, addr string) (net.Conn, error)

// caller sends requests to replicas.
func caller(dial dial) func(context.Context, function.Replica, string) (string, error) {
	return func(ctx context.Context, r function.Replica, body string) (string, error) {
		client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.Addr+"/", strings.NewReader(body))
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return "", err
		}
		if resp.StatusCode != http.StatusOK {
			return "", errors.New(resp.Status + ": " + string(text))
		}
		return string(text), nil
	}
}
