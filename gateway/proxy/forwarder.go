package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"faas/internal/http1"
)

// Options configure a Forwarder. The zero value is usable.
type Options struct {
	// MaxIdleConns and MaxIdleConnsPerHost bound the connections kept open to replicas between requests.
	// Zero: 1024 each.
	MaxIdleConns, MaxIdleConnsPerHost int
	// DialTimeout bounds one attempt to connect to a replica. Zero: 1 s.
	DialTimeout time.Duration
	// Log gets a line for each request that no replica answered. Nil: none.
	Log *slog.Logger
	// Now tells the time. Nil: time.Now.
	Now func() time.Time
}

// Forwarder streams exchanges between clients and replicas.
type Forwarder struct {
	proxy     *httputil.ReverseProxy
	transport *http.Transport
	client    *http1.Client // of the short way
	now       func() time.Time
}

// idleTimeout is how long a connection to a replica is kept unused; watchdogs keep it longer.
const idleTimeout = 90 * time.Second

// New makes a Forwarder.
func New(o Options) *Forwarder {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	dialer := net.Dialer{
		Timeout: orDefault(o.DialTimeout, time.Second), KeepAlive: 30 * time.Second,
	}
	f := &Forwarder{
		now: o.Now,
		client: http1.NewClient(http1.ClientOptions{
			MaxIdle: o.MaxIdleConns, MaxIdlePerServer: o.MaxIdleConnsPerHost, IdleTimeout: idleTimeout, DialTimeout: o.DialTimeout,
		}),
		transport: &http.Transport{
			DialContext:           http1.DialWatched(&dialer),
			MaxIdleConns:          orDefault(o.MaxIdleConns, 1024),
			MaxIdleConnsPerHost:   orDefault(o.MaxIdleConnsPerHost, 1024),
			IdleConnTimeout:       idleTimeout,
			ExpectContinueTimeout: time.Second,
			DisableCompression:    true, // what the function sent is what the client gets
		},
	}
	f.proxy = &httputil.ReverseProxy{
		Rewrite:        rewrite,
		Transport:      roundTripper{f},
		ModifyResponse: func(res *http.Response) error { return exchangeOf(res.Request).onResponse(res) },
		ErrorHandler:   func(_ http.ResponseWriter, r *http.Request, err error) { exchangeOf(r).err = err },
		BufferPool:     &bufferPool{},
		ErrorLog:       slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return f
}

// Exchange is one request on its way to a function.
type Exchange struct {
	// Acquire waits for a replica and lends it, or says why there is none. It is called again when a
	// replica did not answer and the request may be sent to another.
	Acquire func(context.Context) (*Target, error)
	// Release takes back what Acquire lent.
	Release func(*Target)
	// Slots says that the replicas take a bounded number of requests at once. One that has no room gets the request again,
	// or another does, as long as the request has no body, which could be under way.
	Slots bool
	// Path is where the replica finds the resource, as it stands in the request line (escaped, without
	// the query).
	Path string
	// OnResponse learns the status of the answer and may change its header before the client gets it.
	OnResponse func(status int, h http.Header)

	body atomic.Pointer[sentBody] // set by the first attempt
	err  error
}

func (x *Exchange) onResponse(res *http.Response) error {
	// In full duplex the server finds out after the answer that it must close the connection, when the
	// client may have sent its next request on it. So the answer says so.
	if res.StatusCode != http.StatusSwitchingProtocols && x.body.Load().spoils(res.Request.ContentLength) {
		res.Header.Set("Connection", "close")
	}
	if x.OnResponse != nil {
		x.OnResponse(res.StatusCode, res.Header)
	}
	return nil
}

// ErrNoAnswer is the kind of error that Forward returns when replicas were there and none answered.
var ErrNoAnswer = errors.New("no replica answered")

type exchangeKey struct{}

func exchangeOf(r *http.Request) *Exchange {
	return r.Context().Value(exchangeKey{}).(*Exchange)
}

// Forward sends r through x and writes the answer to w. It returns an error only if nothing was
// written. When either side breaks off in mid-answer it panics with http.ErrAbortHandler, which breaks
// the client's connection: a short answer must not look like a whole one.
func (f *Forwarder) Forward(w http.ResponseWriter, r *http.Request, x *Exchange) error {
	// Without full duplex, Go's HTTP/1 server stops reading the request at the first byte of the answer,
	// and a streaming echo comes back short. Writers that cannot do it (HTTP/2 always can) say so.
	if err := http.NewResponseController(w).EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if r.ContentLength != 0 {
		// A transport that gives up waits until its reading of the body has ended, and a client that sends no
		// more would keep it for ever.
		defer context.AfterFunc(r.Context(), func() {
			if body := x.body.Load(); body != nil && !body.ended.Load() {
				_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // it fails on what is closed
			}
		})()
	}
	f.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
	if x.err != nil && r.ContentLength != 0 {
		w.Header().Set("Connection", "close") // as in onResponse
	}
	return x.err
}

// drainTime is how long a client may take to send the rest of a body, up to serverDrains, once it has its
// answer.
const drainTime = 5 * time.Second

// Drain takes the rest of a body that the function did not want, after Forward has returned nil and with
// the answer on its way. Go's server does so by itself, but in full duplex only after it has looked for the
// connection's next request, over which it then stumbles. It may panic with http.ErrAbortHandler.
func (x *Exchange) Drain(w http.ResponseWriter, r *http.Request) {
	if body := x.body.Load(); r.ContentLength == 0 || body == nil || body.ended.Load() {
		return
	}
	control := http.NewResponseController(w)
	err := control.Flush()
	if err == nil {
		err = control.SetReadDeadline(time.Now().Add(drainTime))
	}
	if err == nil {
		err = r.Body.Close()
	}
	if err != nil { // what is left on the connection must not be taken for a request
		panic(http.ErrAbortHandler)
	}
	_ = control.SetReadDeadline(time.Time{}) // a connection that is gone is found so by the server
}

// Close closes the idle connections to replicas.
func (f *Forwarder) Close() {
	f.transport.CloseIdleConnections()
	f.client.Close()
}

// rewrite makes the outgoing request: the function's own path, the client's chain of proxies with the
// client added. The replica's address is set for each attempt.
func rewrite(p *httputil.ProxyRequest) {
	x := exchangeOf(p.In)
	p.Out.URL.Scheme = "http"
	p.Out.URL.Host = "replica" // each attempt has its own
	p.Out.Host = p.In.Host
	p.Out.URL.Opaque = ""
	p.Out.URL.RawPath = x.Path
	p.Out.URL.Path = unescape(x.Path)
	p.Out.URL.RawQuery = p.In.URL.RawQuery

	// SetXForwarded appends the client to what is there; the other two are kept when a proxy in front,
	// which knows better, has set them.
	p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
	p.SetXForwarded()
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v := p.In.Header.Get(name); v != "" {
			p.Out.Header.Set(name, v)
		}
	}
	if _, ok := p.In.Header["User-Agent"]; !ok {
		p.Out.Header["User-Agent"] = nil // don't add Go's own
	}
}

// bufferPool lends the copying buffers.
type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return b[:]
	}
	return make([]byte, bufferSize)
}

func (p *bufferPool) Put(b []byte) { p.pool.Put((*[bufferSize]byte)(b)) }

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
