package peers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"faas/internal/relayed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// received is a webhook as a gateway's own handler got it.
type received struct{ auth, relayed, uri, body string }

// peer is a gateway of which only the relay is real.
type peer struct {
	addr   netip.Addr
	relay  *Relay
	got    chan received
	answer func(http.ResponseWriter)
}

// network is several peers on addresses of loopback and one port, and their name.
type network struct {
	mu    sync.Mutex
	addrs []netip.Addr
	err   error
}

func (n *network) set(err error, addrs ...netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addrs, n.err = addrs, err
}

func (n *network) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if host != "gateway" {
		return nil, errors.New("unknown host " + host)
	}
	return n.addrs, n.err
}

// connect starts peers at the addresses, which listen on one port, and returns the first's options and all.
func connect(t *testing.T, reg prometheus.Registerer, log *slog.Logger, addrs ...string) (*network, []*peer) {
	t.Helper()
	n := &network{}
	port, peers := 0, make([]*peer, 0, len(addrs))
	for i, addr := range addrs {
		p := &peer{addr: netip.MustParseAddr(addr), got: make(chan received, 10)}
		p.answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) }
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(addr, strconv.Itoa(port)))
		if err != nil {
			t.Skipf("no second address on loopback, or its port is taken: %v", err)
		}
		port = l.Addr().(*net.TCPAddr).Port
		o := RelayOptions{
			Address: "gateway:" + strconv.Itoa(port), Lookup: n.lookup,
			Own: func() ([]netip.Addr, error) { return []netip.Addr{p.addr}, nil },
		}
		if i == 0 {
			o.Registerer, o.Log = reg, log
		}
		if p.relay, err = NewRelay(o); err != nil {
			t.Fatal(err)
		}
		server := &httptest.Server{Listener: l, Config: &http.Server{Handler: p.relay.Handler(http.HandlerFunc(p.serve)), ReadHeaderTimeout: time.Second}}
		server.Start()
		t.Cleanup(server.Close)
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		ended := make(chan error, 1)
		go func() { ended <- p.relay.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		peers = append(peers, p)
		n.addrs = append(n.addrs, p.addr)
	}
	return n, peers
}

func (p *peer) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing fails the test
	p.got <- received{r.Header.Get("Authorization"), r.Header.Get(relayed.Header), r.URL.RequestURI(), string(body)}
	p.answer(w)
}

// post sends a webhook as Alertmanager does, and returns how long the answer took.
func (p *peer) post(t *testing.T, body string) time.Duration {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/system/alert?a=b", strings.NewReader(body))
	r.Header.Set("Authorization", "Basic eDp5")
	w := httptest.NewRecorder()
	began := time.Now()
	p.relay.Handler(http.HandlerFunc(p.serve)).ServeHTTP(w, r)
	return time.Since(began)
}

// next waits for a webhook.
func (p *peer) next(t *testing.T) received {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case got := <-p.got:
		return got
	case <-ctx.Done():
		t.Fatalf("%s got nothing", p.addr)
		return received{}
	}
}

func TestEachPeerGetsAnAlertOnce(t *testing.T) {
	reg := prometheus.NewRegistry()
	_, peers := connect(t, reg, nil, "127.0.0.2", "127.0.0.3", "127.0.0.4")
	for range 2 {
		peers[0].post(t, `{"version":"4"}`)
		for i, p := range peers {
			want := received{"Basic eDp5", "1", "/system/alert?a=b", `{"version":"4"}`}
			if i == 0 {
				want.relayed = ""
			}
			if got := p.next(t); got != want {
				t.Errorf("%s got %+v, want %+v", p.addr, got, want)
			}
		}
	}
	awaitRelayed(t, peers[0].relay, outcomeAccepted, 4)
	for _, p := range peers {
		if len(p.got) > 0 {
			t.Errorf("%s got %+v as well", p.addr, <-p.got)
		}
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

// awaitRelayed waits until so many deliveries had an outcome.
func awaitRelayed(t *testing.T, r *Relay, outcome string, n float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		got := testutil.ToFloat64(r.metrics.relayed.WithLabelValues(outcome))
		if got == n {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%v deliveries %s, want %v", got, outcome, n)
		}
	}
}

// TestTroubleOfPeers checks that Alertmanager notices nothing of it, and the operator each change once.
func TestTroubleOfPeers(t *testing.T) {
	var log lockedBuffer
	hang := make(chan struct{})
	n, peers := connect(t, nil, slog.New(slog.NewTextHandler(&log, nil)), "127.0.0.2", "127.0.0.3")
	first, second := peers[0], peers[1]
	n.set(nil, first.addr, second.addr, netip.MustParseAddr("127.0.0.5")) // nobody is there
	second.answer = func(http.ResponseWriter) { <-hang }
	for i := range 3 {
		if took := first.post(t, "{}"); took > relayTimeout/2 {
			t.Errorf("the answer took %s", took)
		}
		second.next(t)
		awaitRelayed(t, first.relay, outcomeFailed, float64(2*i+2))
	}
	close(hang)
	second.answer = func(w http.ResponseWriter) { http.Error(w, "who are you", http.StatusUnauthorized) }
	first.post(t, "{}")
	second.next(t)
	awaitRelayed(t, first.relay, outcomeRefused, 1)
	second.answer = func(http.ResponseWriter) {}
	first.post(t, "{}")
	second.next(t)
	awaitRelayed(t, first.relay, outcomeAccepted, 1)

	var got []string
	for line := range strings.Lines(log.String()) {
		_, line, _ = strings.Cut(line, " level=")
		line, _, _ = strings.Cut(line, " err=")
		got = append(got, strings.TrimSpace(line))
	}
	want := map[string]int{
		`WARN msg="alerts do not reach another gateway" peer=127.0.0.3`: 1,
		`WARN msg="alerts do not reach another gateway" peer=127.0.0.5`: 1,
		`INFO msg="alerts reach another gateway again" peer=127.0.0.3`:  1,
	}
	count := map[string]int{}
	for _, line := range got {
		count[line]++
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestRefusedAlertsAreNotRelayed(t *testing.T) {
	_, peers := connect(t, nil, nil, "127.0.0.2", "127.0.0.3")
	peers[0].answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) }
	peers[0].post(t, "bad")
	peers[0].answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) }
	peers[0].post(t, "good")
	if got := peers[1].next(t); got.body != "good" {
		t.Errorf("the peer got %+v", got)
	}
}

// TestRelayWithoutRun checks that what nobody delivers is dropped, and holds nobody up.
func TestRelayWithoutRun(t *testing.T) {
	r, err := NewRelay(RelayOptions{Address: "gateway:8080"})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{relay: r, got: make(chan received, 2*maxRelaying), answer: func(http.ResponseWriter) {}}
	p.answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) }
	for range maxRelaying + 3 {
		p.post(t, "{}")
	}
	awaitRelayed(t, r, outcomeDropped, 3)
}

func TestAddressOfPeers(t *testing.T) {
	for _, bad := range []string{"gateway", ":8080", "gateway:http", "gateway:0", "gateway:70000"} {
		if _, err := NewRelay(RelayOptions{Address: bad}); err == nil || !strings.Contains(err.Error(), strconv.Quote(bad)) {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
