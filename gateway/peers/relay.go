package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/internal/relayed"
)

const (
	// keepPeers is how long the addresses of the peers are remembered, countEvery how often they are counted.
	keepPeers  = time.Second
	countEvery = 2 * time.Second
	// relayTimeout bounds one delivery.
	relayTimeout = time.Second
	// maxRelaying bounds the webhooks under way, maxRelayed the size of one in bytes. Alertmanager sends the next
	// within seconds.
	maxRelaying = 128
	maxRelayed  = 4 << 20
)

// RelayOptions are what a Relay needs to know. Address is required.
type RelayOptions struct {
	// Address is the DNS name of all gateways, this one perhaps among them, and their port: gateway:8080.
	Address string
	// Lookup resolves the name. Nil: DNS.
	Lookup Lookup
	// Own returns the addresses of this machine, which get nothing. Nil: those of its network interfaces.
	Own func() ([]netip.Addr, error)
	// OnCount gets the number of gateways, this one included, when Run knows it and after each change. While the name
	// cannot be looked up the last number stays. Nil: nobody asks.
	OnCount func(gateways int)
	// Log gets a line when deliveries begin to fail, and when they succeed again. Nil: none.
	Log *slog.Logger
	// Registerer gets the metrics. Nil: none.
	Registerer prometheus.Registerer
}

// Relay passes alert webhooks on to the other gateways, once, side by side, and after the answer was given: it
// neither delays nor changes what Alertmanager is told. What it cannot deliver is lost, since Alertmanager repeats.
//
//	Alertmanager ─▶ Handler ─▶ next ─202─▶ Alertmanager
//	                   └─▶ queue ─▶ Run ─▶ each peer, marked as relayed
type Relay struct {
	port    uint16
	names   *Names
	own     func() ([]netip.Addr, error)
	onCount func(gateways int) // may be nil
	log     *slog.Logger
	metrics metrics
	client  *http.Client
	queue   chan webhook

	mu      sync.Mutex
	failing map[netip.Addr]bool // peers that the last delivery failed for; the zero address stands for the look-up
}

// webhook is one body on its way.
type webhook struct {
	uri    string
	header http.Header
	body   []byte
}

// NewRelay makes a Relay that delivers while it is Run.
func NewRelay(o RelayOptions) (*Relay, error) {
	host, text, err := net.SplitHostPort(o.Address)
	if err != nil || host == "" {
		return nil, fmt.Errorf("peers %q: write the name and the port of all gateways, such as gateway:8080", o.Address)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("peers %q: the port must be a number from 1 to 65535", o.Address)
	}
	if o.Lookup == nil {
		o.Lookup = DNS
	}
	if o.Own == nil {
		o.Own = interfaceAddrs
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Relay{
		port: uint16(port), names: NewNames(o.Lookup, keepPeers, host), own: o.Own, onCount: o.OnCount,
		log: o.Log, metrics: newMetrics(o.Registerer),
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
			// A gateway does not redirect, and credentials go nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		queue:   make(chan webhook, maxRelaying),
		failing: map[netip.Addr]bool{},
	}, nil
}

// Handler passes on what next accepts. A nil Relay passes nothing on.
func (r *Relay) Handler(next http.Handler) http.Handler {
	if r == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if relayed.Is(req) {
			next.ServeHTTP(w, req)
			return
		}
		var body bytes.Buffer
		read := io.TeeReader(req.Body, &limited{to: &body, left: maxRelayed})
		req = req.WithContext(req.Context()) // a copy: the caller's request is the caller's
		req.Body = struct {
			io.Reader
			io.Closer
		}{read, req.Body}
		answer := &statusRecorder{ResponseWriter: w}
		next.ServeHTTP(answer, req)
		if answer.status/100 != 2 {
			return
		}
		hook := webhook{uri: req.URL.RequestURI(), header: http.Header{}, body: body.Bytes()}
		relayed.Mark(hook.header)
		for _, name := range []string{"Authorization", "Content-Type", "User-Agent"} {
			if v := req.Header.Get(name); v != "" {
				hook.header.Set(name, v)
			}
		}
		select {
		case r.queue <- hook:
		default:
			r.metrics.relayed.WithLabelValues(outcomeDropped).Inc()
		}
	})
}

// Run delivers until ctx ends, and returns nil once all that it started has ended.
func (r *Relay) Run(ctx context.Context) error {
	defer r.client.CloseIdleConnections()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { r.names.Run(ctx) })
	if r.onCount != nil {
		wg.Go(func() { r.watchCount(ctx) })
	}
	room := make(chan struct{}, maxRelaying)
	for {
		select {
		case <-ctx.Done():
			return nil
		case hook := <-r.queue:
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			wg.Go(func() {
				defer func() { <-room }()
				r.deliver(ctx, hook)
			})
		}
	}
}

// deliver sends hook to all peers side by side.
func (r *Relay) deliver(ctx context.Context, hook webhook) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	peers, err := r.peers(ctx)
	r.tell(ctx, netip.Addr{}, err)
	if err != nil && len(peers) == 0 {
		r.metrics.relayed.WithLabelValues(outcomeFailed).Inc()
	}
	r.metrics.peers.Set(float64(len(peers)))
	var wg sync.WaitGroup
	for _, peer := range peers {
		wg.Go(func() {
			outcome, err := r.send(ctx, peer, hook)
			r.tell(ctx, peer, err)
			r.metrics.relayed.WithLabelValues(outcome).Inc()
		})
	}
	wg.Wait()
}

// peers are the addresses of the others.
func (r *Relay) peers(ctx context.Context) ([]netip.Addr, error) {
	all, err := r.names.Addrs(ctx)
	if err != nil && len(all) == 0 {
		return nil, err
	}
	own, ownErr := r.own()
	others := slices.DeleteFunc(all, func(a netip.Addr) bool { return slices.Contains(own, a) })
	r.forget(others)
	return others, errors.Join(err, ownErr)
}

func (r *Relay) send(ctx context.Context, peer netip.Addr, hook webhook) (outcome string, err error) {
	url := "http://" + netip.AddrPortFrom(peer, r.port).String() + hook.uri
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(hook.body))
	if err != nil {
		return outcomeFailed, err
	}
	req.Header = hook.header.Clone()
	res, err := r.client.Do(req)
	if err != nil {
		return outcomeFailed, err
	}
	defer func() { _ = res.Body.Close() }()                         // only read
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxRefusalText)) // it only helps to explain
	if res.StatusCode/100 != 2 {
		return outcomeRefused, fmt.Errorf("it answers %s: %.100q", res.Status, bytes.TrimSpace(text))
	}
	return outcomeAccepted, nil
}

// maxRefusalText is how much of a peer's answer is read, in bytes.
const maxRefusalText = 4 << 10

// tell logs when deliveries to peer begin to fail, and when they succeed again.
func (r *Relay) tell(ctx context.Context, peer netip.Addr, err error) {
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return // the gateway stops
	}
	r.mu.Lock()
	was := r.failing[peer]
	if err == nil {
		delete(r.failing, peer)
	} else {
		r.failing[peer] = true
	}
	r.mu.Unlock()
	subject := "all"
	if peer.IsValid() {
		subject = peer.String()
	}
	switch {
	case err != nil && !was:
		r.log.Warn("alerts do not reach another gateway", "peer", subject, "err", err)
	case err == nil && was:
		r.log.Info("alerts reach another gateway again", "peer", subject)
	}
}

// forget drops what is known of peers that are gone.
func (r *Relay) forget(present []netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for peer := range r.failing {
		if peer.IsValid() && !slices.Contains(present, peer) {
			delete(r.failing, peer)
		}
	}
}

// interfaceAddrs are the addresses of this machine's network interfaces.
func interfaceAddrs() ([]netip.Addr, error) {
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("read this machine's addresses: %w", err)
	}
	var addrs []netip.Addr
	for _, n := range nets {
		if prefix, err := netip.ParsePrefix(n.String()); err == nil {
			addrs = append(addrs, prefix.Addr().Unmap().WithZone(""))
		}
	}
	return addrs, nil
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *statusRecorder) Write(p []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// limited takes what fits and lets the rest go by.
type limited struct {
	to   *bytes.Buffer
	left int
}

// Write implements io.Writer. It never fails.
func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	l.to.Write(p[:n])
	return len(p), nil
}
