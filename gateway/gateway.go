package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/api"
	"faas/function"
	"faas/gateway/explain"
	"faas/gateway/live"
	"faas/gateway/overload"
	"faas/gateway/peers"
	"faas/gateway/proxy"
	"faas/gateway/session"
	"faas/gateway/site"
	"faas/internal/alerting"
	"faas/internal/http1"
	"faas/internal/prom"
)

// Backend is the orchestrator as the /system/functions routes use it. All errors are of function's kinds.
type Backend interface {
	Deploy(context.Context, function.Function) error
	Update(context.Context, function.Function) error
	Remove(ctx context.Context, name string) error
	Function(ctx context.Context, name string) (function.Status, error)
	Functions(context.Context) (function.Snapshot, error)
}

// Watcher tells of every change of functions and replicas. Watch calls at once with the present state,
// then after each change, and blocks until ctx ends.
type Watcher interface {
	Watch(context.Context, func(function.Snapshot)) error
}

// Scaler is who sets replica counts for the gateway.
type Scaler interface {
	// Scale sets the count because somebody asked for just that.
	Scale(ctx context.Context, name string, replicas int) error
	// Wake raises a function from 0. Concurrent calls are one.
	Wake(ctx context.Context, name string) error
}

// Secrets keeps what functions may read under /var/openfaas/secrets. All errors are of function's kinds.
type Secrets interface {
	// Secrets returns the names of those that clients made, sorted.
	Secrets(context.Context) ([]string, error)
	// CreateSecret fails with ErrConflict where there is one of that name.
	CreateSecret(context.Context, function.Secret) error
	// UpdateSecret returns once it is accepted that the functions which use it get the new value.
	UpdateSecret(context.Context, function.Secret) error
	// RemoveSecret fails with ErrConflict while a function uses it.
	RemoveSecret(ctx context.Context, name string) error
}

// Logs has what the replicas of functions wrote.
type Logs interface {
	// Logs calls emit for each line that q asks for, in order of time. It returns nil once there are no more, ctx's
	// error when ctx ends, and emit's own.
	Logs(ctx context.Context, q function.LogQuery, emit func(function.LogLine) error) error
}

// Freezer keeps alerts from scaling functions, by silences in Alertmanager.
type Freezer interface {
	// Frozen returns what freezes functions, by their names; of one that several silences freeze, the longest first.
	Frozen() []alerting.Freeze
	// FrozenOf returns what freezes one function, the longest first.
	FrozenOf(name string) []alerting.Freeze
	// StoppedBy returns the ID of a silence that stops the order from so many replicas to so many, though it freezes nothing.
	// Empty: none does.
	StoppedBy(name string, from, to int) string
	// Freeze freezes f.Function until f.Until. Errors: ErrUnavailable without Alertmanager.
	Freeze(ctx context.Context, f alerting.Freeze) (alerting.Freeze, error)
	// Unfreeze ends the silences that freeze this function alone, and returns their IDs. Errors: ErrConflict where more freezes it,
	// ErrUnavailable.
	Unfreeze(ctx context.Context, name string) (ended []string, err error)
}

// Options are the parts that a Gateway works with. Backend, Watcher, Scaler, Listener and
// MetricsListener are required.
type Options struct {
	Backend Backend
	Watcher Watcher
	Scaler  Scaler
	// Alerts serves POST /system/alert, ScaleEvents GET /system/scale/events. Nil: 404.
	Alerts, ScaleEvents http.Handler
	// Secrets serves /system/secrets, Logs GET /system/logs. Nil: 404.
	Secrets Secrets
	Logs    Logs
	// Queue takes what POST /async-function brings. Nil: 501.
	Queue Queue
	// QueueDepth returns how many calls of a function are in the queue, of all gateways that share it; false while that is
	// not known. Nil: there is no queue, and nothing in it.
	QueueDepth func(function string) (n int, known bool)
	// DeadLetters serves /system/dead-letters. Nil: 404.
	DeadLetters http.Handler
	// Alertmanager gets the alert FunctionOverload when requests are held because all replicas are full. Nil: nobody does.
	Alertmanager overload.Pusher
	// Freezer serves /system/scale/frozen and /system/functions/NAME/freeze. Nil: nothing is frozen, and what asks for it is
	// answered with 501.
	Freezer Freezer
	// Tuner serves PATCH /system/functions/NAME/scaling. Nil: 405.
	Tuner Tuner
	// Prometheus are the URLs at which the readings of the rules are asked for, the first that answers. None: they are not
	// known.
	Prometheus []string
	// Decisions returns the last n decisions on a function, oldest first. Nil: they are not known.
	Decisions func(function string, n int) []api.ScaleEvent
	// Portal are the files of the portal, served under /ui/. Nil: there is none, and nobody can sign in.
	Portal fs.FS
	// FollowDecisions calls each with the last n decisions at once, oldest first, and then with those that are new or changed, until ctx
	// ends. Nil: they are not known.
	FollowDecisions func(ctx context.Context, n int, each func([]api.ScaleEvent))
	// AlertReader reads the alerts and silences that the portal shows. Nil: they are not known.
	AlertReader AlertReader
	// Links are where the browser of whoever uses the portal finds the others.
	Links Links
	// Preview serves POST /system/portal/preview/NAME. Nil: 501.
	Preview Preview
	// Intents makes POST / without X-Function invoke the function that the intent of an Alexa request names. Who sent it is not checked.
	Intents bool
	// OpenAPI is what GET /system/openapi.yaml shows. Empty: 404.
	OpenAPI []byte
	// ControlLoop returns nil while alerts arrive, else an error that says since when not. Nil: always alive.
	ControlLoop func() error
	// AwaitsLoop reports whether the first alert since the start has yet to come, and may take its time. Nil: never.
	AwaitsLoop func() bool
	// Listener takes API and invocations, MetricsListener the scrapes. Run closes both.
	Listener, MetricsListener net.Listener
	// Config is DefaultConfig() where it is zero.
	Config Config
	// Peers is the DNS name and the port of all gateways, such as gateway:8080, where there are several: alerts are
	// passed on to the others. Empty: there is this one.
	Peers string
	// MetricsFrom are the DNS names of those who may use the metrics port, beside this machine. None: everyone.
	MetricsFrom []string
	// Lookup resolves Peers and MetricsFrom. Nil: DNS.
	Lookup peers.Lookup
	// Credentials close /system. Nil leaves it open.
	Credentials *Credentials
	// Info is what GET /system/info shows besides the architecture.
	Info Info
	// Log gets changes of state and, at debug level, requests. Nil: none.
	Log *slog.Logger
	// Registry gets the metrics that /metrics serves. Nil: one of its own.
	Registry *prometheus.Registry
}

// Links are URLs for a browser. Empty: it does not reach them.
type Links struct {
	Prometheus, Alertmanager string
}

// Gateway serves the API, invocations and metrics.
type Gateway struct {
	opts      Options
	log       *slog.Logger
	routes    *table
	forwarder *proxy.Forwarder
	metrics   *metrics
	scrapes   *http.Client // for the metrics of replicas
	asks      *http.Client // for Prometheus
	usage     *usageMeter
	overload  *overload.Watcher
	// prometheus and readers, which asks it, are nil where nobody said where it is.
	prometheus *prom.Client
	readers    *explain.Prometheus
	relay      *peers.Relay     // nil: there are no others
	guard      *peers.Guard     // nil: the metrics are for everyone
	site       *site.Site       // nil: there is no portal
	sessions   *session.Keeper  // nil: nobody can sign in, or nobody needs to
	attempts   session.Attempts // to sign in
	live       *live.Hub
	previews   chan struct{} // one place, for the one under way
	started    time.Time
	draining   context.Context // done once Run drains
	drain      context.CancelFunc
	broken     context.Context // done once Run breaks off what did not end in time
	breakOff   context.CancelFunc
}

// New makes a Gateway. It listens to nothing until Run.
func New(o Options) (*Gateway, error) {
	if o.Backend == nil || o.Watcher == nil || o.Scaler == nil || o.Listener == nil || o.MetricsListener == nil {
		return nil, errors.New("gateway: Backend, Watcher, Scaler, Listener and MetricsListener are required")
	}
	if o.Config == (Config{}) {
		o.Config = DefaultConfig()
	}
	o.Config.MaxHeld = cmp.Or(o.Config.MaxHeld, DefaultConfig().MaxHeld)
	o.Config.MaxAsyncBody = cmp.Or(o.Config.MaxAsyncBody, DefaultConfig().MaxAsyncBody)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.QueueDepth == nil {
		o.QueueDepth = func(string) (int, bool) { return 0, true }
	}
	if o.ControlLoop == nil {
		o.ControlLoop = func() error { return nil }
	}
	if o.AwaitsLoop == nil {
		o.AwaitsLoop = func() bool { return false }
	}
	g := &Gateway{
		opts: o,
		log:  o.Log,
		forwarder: proxy.New(proxy.Options{
			MaxIdleConns: o.Config.MaxIdleConns, MaxIdleConnsPerHost: o.Config.MaxIdleConnsPerHost, Log: o.Log,
		}),
		scrapes: newScrapeClient(), asks: newAskClient(),
		previews: make(chan struct{}, 1), started: time.Now(),
	}
	g.usage = newUsageMeter(g.scrape)
	if len(o.Prometheus) > 0 {
		var err error
		if g.prometheus, err = prom.New(o.Prometheus, g.asks); err != nil {
			return nil, fmt.Errorf("gateway: %w", err)
		}
		g.readers = explain.NewPrometheus(g.prometheus)
	}
	if err := g.openPortal(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.draining, g.drain = context.WithCancel(context.Background())
	g.broken, g.breakOff = context.WithCancel(context.Background())
	g.metrics = newMetrics(o.Registry)
	g.overload = overload.New(overload.Options{Pusher: o.Alertmanager, Log: o.Log, Registerer: o.Registry})
	routes := routeOptions{maxHeld: o.Config.MaxHeld, maxHold: o.Config.HoldTimeout, log: o.Log, metrics: g.metrics, overload: g.overload}
	if o.Config.ScaleFromZero {
		routes.wake = o.Scaler.Wake
	}
	g.routes = newTable(routes)
	if err := g.meet(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if err := g.openLive(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return g, nil
}

// meet makes what has to do with the others that the gateway knows by name.
func (g *Gateway) meet() (err error) {
	if g.opts.Lookup == nil {
		g.opts.Lookup = peers.DNS
	}
	if g.guard, err = peers.NewGuard(g.opts.Lookup, g.log, g.opts.MetricsFrom...); err != nil || g.opts.Peers == "" {
		return err
	}
	g.relay, err = peers.NewRelay(peers.RelayOptions{
		Address: g.opts.Peers, Lookup: g.opts.Lookup, OnCount: g.routes.share, Log: g.log, Registerer: g.opts.Registry,
	})
	return err
}

// Run serves until ctx ends, then drains: /healthz on open connections says so, new ones are refused,
// requests in flight end within DrainTimeout or are broken off, and the metrics stop after them.
func (g *Gateway) Run(ctx context.Context) error {
	watchCtx, stopWatch := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatch() // the table is kept fresh while requests drain

	api, metrics := http1.NewServer(g, g.server(g.handler())), g.server(g.metricsHandler())
	metrics.WriteTimeout = 30 * time.Second
	parts := map[string]func() error{
		"serve":              func() error { return api.Serve(g.opts.Listener) },
		"serve metrics":      func() error { return metrics.Serve(g.opts.MetricsListener) },
		"watch the backend":  func() error { return g.opts.Watcher.Watch(watchCtx, g.routes.apply) },
		"show what changes":  func() error { return g.live.Run(watchCtx) },
		"watch for overload": func() error { return g.overload.Run(watchCtx) },
	}
	if g.guard != nil {
		parts["look up who may read the metrics"] = func() error { return g.guard.Run(watchCtx) }
	}
	if g.relay != nil {
		parts["relay alerts"] = func() error { return g.relay.Run(watchCtx) }
	}
	ended := make(chan error, len(parts))
	for name, run := range parts {
		go func() { ended <- named(name, run()) }()
	}

	var errs []error
	running := len(parts)
	select {
	case <-ctx.Done():
	case err := <-ended:
		running--
		errs = append(errs, err)
		if err == nil {
			errs = append(errs, errors.New("gateway: a part ended by itself"))
		}
	}
	g.drain()
	errs = append(errs, g.shutdown(ctx, "drain requests", api, g.opts.Config.DrainTimeout))
	g.breakOff()
	errs = append(errs, g.shutdown(ctx, "stop metrics", metrics, time.Second))
	stopWatch() // the metrics' guard needed it
	for range running {
		errs = append(errs, <-ended)
	}
	g.scrapes.CloseIdleConnections()
	g.asks.CloseIdleConnections()
	g.forwarder.Close()
	return errors.Join(errs...)
}

func (g *Gateway) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       g.opts.Config.ReadTimeout,
		WriteTimeout:      g.opts.Config.WriteTimeout,
		IdleTimeout:       2 * time.Minute,
		ConnContext:       withConn,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
	}
}

// shutdown ends s gracefully within d and by force after it.
func (g *Gateway) shutdown(ctx context.Context, step string, s interface {
	Shutdown(context.Context) error
	Close() error
}, d time.Duration,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("gateway: %s in %s: %w", step, d, err), s.Close())
	}
	return nil
}

// named gives an error of a part of Run its name; that a part ended because it was told to is none.
func named(part string, err error) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("gateway: %s: %w", part, err)
}
