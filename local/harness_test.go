package local

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/function"
)

// fixture is a backend that runs for a test, with its log in hand.
type fixture struct {
	*Backend
	t   testing.TB
	log *logBuffer
	reg *prometheus.Registry
	// stop ends the backend and waits for it. It may be called twice.
	stop func()
}

// fast is a timing for tests: the order of things stays, the waits shrink.
func fast(t *timing) {
	t.drainSettle = 20 * time.Millisecond
	t.shutdownTimeout = 2 * time.Second
	t.scanInterval = 50 * time.Millisecond
	t.stackInterval = 20 * time.Millisecond
}

func run(t testing.TB, opts Options, change ...func(*timing)) *fixture {
	t.Helper()
	if opts.DataDir == "" {
		opts.DataDir = t.TempDir()
	}
	if opts.Watchdog == "" {
		opts.Watchdog = binaries().standIn
	}
	f := &fixture{t: t, log: &logBuffer{}, reg: prometheus.NewRegistry()}
	opts.Log = slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts.Registerer = f.reg
	b, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	f.Backend = b
	fast(&b.timing)
	for _, c := range change {
		c(&b.timing)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("Run did not end; log:\n%s", f.log)
		}
	})
	t.Cleanup(f.stop)
	select {
	case <-b.loaded:
	case err := <-ended:
		ended <- err
		t.Fatalf("Run: %v", err)
	}
	return f
}

// await waits for the function's status to be as ok wants it.
func (f *fixture) await(name, what string, ok func(function.Status) bool) function.Status {
	f.t.Helper()
	st, err := awaitStatus(f.t.Context(), f.Backend, name, ok)
	if err != nil {
		f.t.Fatalf("%s is never %s: %v; last %+v\nlog:\n%s", name, what, err, st, f.log)
	}
	return st
}

func awaitStatus(ctx context.Context, b *Backend, name string, ok func(function.Status) bool) (function.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var got function.Status
	found := false
	err := b.Watch(ctx, func(snap function.Snapshot) {
		if found {
			return
		}
		for _, st := range snap.Functions {
			if st.Name == name {
				got = st
				if found = ok(st); found {
					cancel()
				}
			}
		}
	})
	if found {
		return got, nil
	}
	return got, err
}

func (f *fixture) awaitReady(name string, n int) function.Status {
	f.t.Helper()
	return f.await(name, "ready", func(st function.Status) bool { return st.Available() == n && len(st.Replicas) == n })
}

func (f *fixture) deploy(fn function.Function) {
	f.t.Helper()
	if err := f.Deploy(f.t.Context(), fn); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) scale(name string, n int) {
	f.t.Helper()
	if err := f.Scale(f.t.Context(), name, n); err != nil {
		f.t.Fatal(err)
	}
}

// call sends a request to a replica and returns what it says.
func (f *fixture) call(r function.Replica, path, body string) string {
	f.t.Helper()
	text, err := call(f.t.Context(), r.Addr, path, body)
	if err != nil {
		f.t.Fatalf("call %s%s: %v\nlog:\n%s", r.ID, path, err, f.log)
	}
	return text
}

func call(ctx context.Context, addr, path, body string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(resp.Status + ": " + string(data))
	}
	return string(data), nil
}

// eventually calls ok, each few milliseconds, until it is true.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
		<-tick.C
	}
}

// logBuffer is a log that tests read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeAddresses returns a reader of snapshots that writes the addresses of ready replicas to a file.
func writeAddresses(path string) func(function.Snapshot) {
	return func(snap function.Snapshot) {
		var addrs []string
		for _, st := range snap.Functions {
			for _, r := range st.Replicas {
				if r.State == function.ReplicaReady {
					addrs = append(addrs, r.Addr)
				}
			}
		}
		tmp := path + ".tmp"
		if os.WriteFile(tmp, []byte(strings.Join(addrs, "\n")), 0o600) == nil {
			_ = os.Rename(tmp, path) // a test that waits for it fails
		}
	}
}
