package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/internal/alerting"
)

// narrow is a function whose replicas take one request each, and keep it until finish is closed.
func narrow(t *testing.T, replicas int, finish <-chan struct{}) function.Status {
	t.Helper()
	var all []function.Replica
	for range replicas {
		all = append(all, replica(t, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-finish:
			case <-r.Context().Done():
			}
		}))
	}
	s := status("narrow", all...)
	s.Env = map[string]string{"max_inflight": "1"}
	return s
}

// crowd has n clients call a function, and waits for their answers, which must be good.
func (r *running) crowd(t *testing.T, name string, n int) (wait func()) {
	t.Helper()
	var clients sync.WaitGroup
	for range n {
		clients.Go(func() {
			res, body := r.do(t, "GET", "/function/"+name, "")
			wantStatus(t, res, body, http.StatusOK)
		})
	}
	return clients.Wait
}

// pusherFunc is a stand-in for Alertmanager.
type pusherFunc func(ctx context.Context, alerts ...alerting.Alert) error

func (f pusherFunc) Push(ctx context.Context, alerts ...alerting.Alert) error {
	return f(ctx, alerts...)
}

func TestHeldRequestsAskForReplicas(t *testing.T) {
	finish, pushed := make(chan struct{}), make(chan alerting.Alert, 100)
	before := narrow(t, 2, finish)
	b := newFakeBackend(before)
	g := start(t, b, func(o *Options) {
		o.Alertmanager = pusherFunc(func(_ context.Context, alerts ...alerting.Alert) error {
			for _, a := range alerts {
				pushed <- a
			}
			return nil
		})
	})
	wait := g.crowd(t, "narrow", 7)
	var last alerting.Alert
	for last.Labels["replicas"] != "7" {
		last = <-pushed
	}
	want := map[string]string{"alertname": "FunctionOverload", "function_name": "narrow", "replicas": "7", "direction": "up"}
	if diff := cmp.Diff(want, last.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	want = map[string]string{"signal": "overload", "reason": "7 in flight, 2 replicas × 1 slot, 5 held"}
	if diff := cmp.Diff(want, last.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if text := g.metricsText(t, "/metrics/scaling"); !strings.Contains(text, `gateway_function_overload_replicas{function_name="narrow"} 7`+"\n") {
		t.Errorf("the rules do not see it in\n%s", text)
	}

	// What was asked for is on its way.
	before.Replicas = append(before.Replicas, narrow(t, 1, finish).Replicas...)
	before.Desired = 7
	b.set(before)
	waitFor(t, "one to find room in the new replica", func() bool { return g.routes.lookup("narrow").gate.Held() == 4 })
	close(finish)
	wait()

	// Who lowers the count knows what was wished for.
	before.Desired = 3
	b.set(before)
	waitFor(t, "the metric to go", func() bool {
		return !strings.Contains(g.metricsText(t, "/metrics/scaling"), "gateway_function_overload_replicas{")
	})
}

// What Alertmanager does is nothing to requests.
func TestRequestsDoNotFeelAlertmanager(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
	}{
		{"it fails", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
		{"it hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"it breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var posts atomic.Int64
			alertmanager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var alerts []alerting.Alert
				if err := json.NewDecoder(r.Body).Decode(&alerts); err != nil || r.URL.Path != "/api/v2/alerts" || len(alerts) != 1 {
					t.Errorf("%s: %+v, %v", r.URL.Path, alerts, err)
				}
				posts.Add(1)
				c.answer(w, r)
			}))
			defer alertmanager.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client, err := alerting.New(alerting.Options{URLs: []string{alertmanager.URL}, Client: &http.Client{Transport: transport}})
			if err != nil {
				t.Fatal(err)
			}
			finish := make(chan struct{})
			g := start(t, newFakeBackend(narrow(t, 1, finish)), func(o *Options) { o.Alertmanager = client })
			wait := g.crowd(t, "narrow", 20)
			waitFor(t, "a push", func() bool { return posts.Load() > 0 })
			close(finish)
			begin := time.Now()
			wait()
			if took := time.Since(begin); took > time.Second {
				t.Errorf("answered after %s", took)
			}
			if err := g.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The queue moves on whoever is asked for more.
func TestOverloadOfOneIsNoneOfAnother(t *testing.T) {
	finish := make(chan struct{})
	var mu sync.Mutex
	var told []string
	g := start(t, newFakeBackend(narrow(t, 1, finish), status("wide", replica(t, echo)), status("sleeper")), func(o *Options) {
		o.Alertmanager = pusherFunc(func(_ context.Context, alerts ...alerting.Alert) error {
			mu.Lock()
			defer mu.Unlock()
			for _, a := range alerts {
				told = append(told, a.Labels["function_name"])
			}
			return nil
		})
	})
	wait, waitWide := g.crowd(t, "narrow", 3), g.crowd(t, "wide", 20)
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/function/sleeper", nil)
	if err != nil {
		t.Fatal(err)
	}
	var asleep sync.WaitGroup
	asleep.Go(func() {
		if res, err := g.client.Do(req); err == nil {
			res.Body.Close()
		}
	})
	waitFor(t, "the push", func() bool { mu.Lock(); defer mu.Unlock(); return len(told) > 0 })
	waitWide()
	close(finish)
	wait()
	cancel()
	asleep.Wait()
	mu.Lock()
	defer mu.Unlock()
	if slices.ContainsFunc(told, func(name string) bool { return name != "narrow" }) {
		t.Errorf("told of %v, want narrow only", told)
	}
}
