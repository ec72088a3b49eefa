package gateway

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// scrape asks the metrics port.
func (r *running) scrapePath(t *testing.T, path string, header ...string) (*http.Response, string) {
	t.Helper()
	api := r.url
	r.url = r.metricsURL
	defer func() { r.url = api }()
	return r.do(t, http.MethodGet, path, "", header...)
}

// TestMetricsOfReplicas follows Prometheus: it discovers replicas and scrapes each, all through the gateway.
func TestMetricsOfReplicas(t *testing.T) {
	var asked string
	good := replica(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Accept") + " " + r.Header.Get("Accept-Encoding")
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, r.URL.Path+" 1\n")
		_ = z.Close()
	})
	good.MetricsAddr, good.ID, good.Node = good.Addr, "task:1 a", "node-1"
	large := replica(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxScrape+1)) })
	large.MetricsAddr, large.ID = large.Addr, "large"
	broken := replica(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	broken.MetricsAddr, broken.ID = broken.Addr, "broken"
	moved := replica(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+good.Addr+"/metrics", http.StatusFound)
	})
	moved.MetricsAddr, moved.ID, moved.State = moved.Addr, "moved", function.ReplicaDraining

	silent := function.Replica{ID: "silent", State: function.ReplicaReady}
	early := function.Replica{ID: "early", MetricsAddr: "127.0.0.1:1", State: function.ReplicaStarting}
	g := start(t, newFakeBackend(status("a", good, large, silent, early), status("b", broken, moved, gone)), nil)

	res, body := g.scrapePath(t, "/sd/replicas")
	wantStatus(t, res, body, http.StatusOK)
	var groups []targetGroup
	if err := json.Unmarshal([]byte(body), &groups); err != nil {
		t.Fatal(err)
	}
	self := strings.TrimPrefix(g.metricsURL, "http://")
	group := func(name, id, node string) targetGroup {
		return targetGroup{Targets: []string{self}, Labels: map[string]string{
			"__metrics_path__": "/metrics/replicas/" + name + "/" + id, "function_name": name, "replica": id, "node": node,
		}}
	}
	want := []targetGroup{group("a", "task:1 a", "node-1"), group("a", "large", ""), group("b", "broken", ""), group("b", "moved", ""), group("b", "gone", "")}
	if diff := cmp.Diff(want, groups); diff != "" || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: targets (-want +got):\n%s", res.Header.Get("Content-Type"), diff)
	}

	res, body = g.scrapePath(t, "/metrics/replicas/a/task:1%20a", "Accept", "text/plain", "Accept-Encoding", "gzip")
	wantStatus(t, res, body, http.StatusOK)
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if string(text) != "/metrics 1\n" || err != nil || asked != "text/plain gzip" {
		t.Errorf("got %q, %v, asked for %q", text, err, asked)
	}
	for given, want := range map[string]string{
		"application/openmetrics-text; version=1.0.0": "application/openmetrics-text; version=1.0.0",
		"text/html": "text/plain; version=0.0.4", "": "text/plain; version=0.0.4",
	} {
		if got := metricsType(given); got != want {
			t.Errorf("type %q becomes %q, want %q", given, got, want)
		}
	}
	for id, c := range map[string]struct {
		status int
		says   string
	}{
		"a/large": {502, "more than 4194304 bytes"}, "b/broken": {502, "it answers 500"}, "b/moved": {502, "it answers 302"}, "b/gone": {502, "refused"},
		"a/silent": {404, "silent"}, "a/early": {404, "early"}, "a/ghost": {404, "ghost"}, "c/gone": {404, "gone"}, "a/gone": {404, "gone"},
	} {
		res, body := g.scrapePath(t, "/metrics/replicas/"+id)
		wantStatus(t, res, body, c.status)
		if !strings.Contains(body, c.says) {
			t.Errorf("%s: says %q, want %q", id, body, c.says)
		}
	}
	res, body = g.do(t, "GET", "/metrics/replicas/b/gone", "") // the API's port has none of it
	wantStatus(t, res, body, http.StatusNotFound)
}

func TestNoReplicasIsAnEmptyList(t *testing.T) {
	g := start(t, newFakeBackend(status("a")), nil)
	if _, body := g.scrapePath(t, "/sd/replicas"); body != "[]" {
		t.Errorf("got %s", body)
	}
}

// TestMetricsAreForSome checks that all of the metrics port is guarded. This machine may always look.
func TestMetricsAreForSome(t *testing.T) {
	lookup := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.7")}, nil
	}
	g := start(t, newFakeBackend(status("a")), func(o *Options) { o.MetricsFrom, o.Lookup = []string{"prometheus"}, lookup })
	res, body := g.scrapePath(t, "/metrics")
	wantStatus(t, res, body, http.StatusOK)
	for _, path := range []string{"/metrics", "/metrics/scaling", "/sd/replicas", "/metrics/replicas/a/b", "/nothing"} {
		for from, status := range map[string]int{"192.0.2.8:1": http.StatusForbidden, "192.0.2.7:1": 0} {
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.RemoteAddr = from
			g.metricsHandler().ServeHTTP(w, r)
			if status != 0 && w.Code != status || status == 0 && w.Code == http.StatusForbidden {
				t.Errorf("%s from %s: %d", path, from, w.Code)
			}
		}
	}
}

func TestBadPeers(t *testing.T) {
	b, l := newFakeBackend(), struct{ net.Listener }{}
	o := Options{Backend: b, Watcher: b, Scaler: b, Listener: l, MetricsListener: l, Peers: "gateway"}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), `gateway: peers "gateway"`) {
		t.Errorf("error %v", err)
	}
}

// TestAlertsReachEveryGateway runs two that have one name.
func TestAlertsReachEveryGateway(t *testing.T) {
	port := "0"
	got := make(chan string, 10)
	var gateways []*running
	lookup := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}, nil
	}
	for _, host := range []string{"127.0.0.2", "127.0.0.3"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Skipf("no second address on loopback, or its port is taken: %v", err)
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		gateways = append(gateways, start(t, newFakeBackend(), func(o *Options) {
			_ = o.Listener.Close() // it is not needed
			o.Listener, o.Peers, o.Lookup = l, "gateway:"+port, lookup
			o.Credentials = &Credentials{User: "admin", Password: "secret"}
			o.Alerts = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body) // what is missing fails the test
				got <- host + " " + string(body)
				w.WriteHeader(http.StatusAccepted)
			})
		}))
	}
	res, body := gateways[0].do(t, "POST", "/system/alert", "orders", "Authorization", "Basic YWRtaW46c2VjcmV0")
	wantStatus(t, res, body, http.StatusAccepted)
	// Loopback has these addresses without an interface that shows them, so the first takes itself for another.
	seen := map[string]int{}
	for range 3 {
		seen[<-got]++
	}
	if diff := cmp.Diff(map[string]int{"127.0.0.2 orders": 2, "127.0.0.3 orders": 1}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	res, body = gateways[0].do(t, "POST", "/system/alert", "orders")
	wantStatus(t, res, body, http.StatusUnauthorized)
	if len(got) > 0 {
		t.Errorf("also got %s", <-got)
	}
}
