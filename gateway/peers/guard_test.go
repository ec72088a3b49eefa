package peers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		var down atomic.Bool
		lookup := func(_ context.Context, host string) ([]netip.Addr, error) {
			switch {
			case down.Load():
				return nil, errors.New("no answer")
			case host == "prometheus":
				return []netip.Addr{netip.MustParseAddr("::ffff:10.0.1.7"), netip.MustParseAddr("fd00::7")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("10.0.1.8")}, nil
		}
		g, err := NewGuard(lookup, slog.New(slog.NewTextHandler(&log, nil)), "prometheus", "grafana")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = g.Run(ctx) }() // it returns nil, and the bubble waits for that
		h := g.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		want := func(from string, status int) {
			t.Helper()
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
			r.RemoteAddr = from
			r.Header.Set("X-Forwarded-For", "10.0.1.7")
			h.ServeHTTP(w, r)
			if w.Code != status {
				t.Errorf("%s: %d %s, want %d", from, w.Code, w.Body, status)
			}
			if text := w.Body.String(); status == http.StatusForbidden && !strings.Contains(text, "prometheus, grafana") {
				t.Errorf("%s: the answer says %q", from, text)
			}
		}
		all := func() {
			t.Helper()
			for from, status := range map[string]int{
				"10.0.1.7:1": 200, "[::ffff:10.0.1.7]:1": 200, "[fd00::7]:1": 200, "10.0.1.8:1": 200,
				"10.0.1.9:1": 403, "[fe80::1%eth0]:1": 403, "127.0.0.1:1": 200, "[::1]:1": 200, "@": 403,
			} {
				want(from, status)
			}
		}
		all()
		down.Store(true)
		time.Sleep(keepCallers)
		all() // with the addresses from before, while they are looked up again
		synctest.Wait()
		all()
		down.Store(false)
		time.Sleep(keepCallers)
		all()
		synctest.Wait()
		all()
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines, want one for each change:\n%s", n, &log)
		}
	})
}

func TestNoGuard(t *testing.T) {
	g, err := NewGuard(DNS, nil)
	if g != nil || err != nil {
		t.Errorf("got %v, %v", g, err)
	}
	if _, err := NewGuard(DNS, nil, "a", ""); err == nil {
		t.Error("an empty name is accepted")
	}
}

// TestNames checks when a look-up is made and who waits for it.
func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		addr := netip.MustParseAddr("10.0.0.1")
		n := NewNames(func(ctx context.Context, _ string) ([]netip.Addr, error) {
			calls.Add(1)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return []netip.Addr{addr}, nil
		}, time.Second, "a", "b")
		running, end := context.WithCancel(t.Context())
		go n.Run(running) // the bubble waits for its end
		defer end()
		took := func(want time.Duration) {
			t.Helper()
			began := time.Now()
			got, err := n.Addrs(t.Context())
			if diff := cmp.Diff([]string{"10.0.0.1"}, texts(got)); diff != "" || err != nil || time.Since(began) != want {
				t.Errorf("%v, %v after %s, want %s", got, err, time.Since(began), want)
			}
		}
		go func() { _, _ = n.Addrs(t.Context()) }() // it waits for the same
		synctest.Wait()
		took(100 * time.Millisecond)
		took(0)
		time.Sleep(5 * time.Second)
		took(0) // old, and fetched again
		time.Sleep(500 * time.Millisecond)
		took(0)
		time.Sleep(time.Minute)
		took(100 * time.Millisecond)
		if got := calls.Load(); got != 6 {
			t.Errorf("%d calls, want 3 for each name", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		time.Sleep(time.Minute)
		if _, err := n.Addrs(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		time.Sleep(time.Second)
	})
}

func texts(addrs []netip.Addr) []string {
	all := make([]string, len(addrs))
	for i, a := range addrs {
		all[i] = a.String()
	}
	return all
}
