package live

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"faas/api"
	"faas/function"
)

// maxWatchers is how many pages may watch at once where nothing else was said.
const maxWatchers = 200

// Rates are how busy functions are, at all gateways. All by the functions' names; one that is not there has no load.
type Rates interface {
	// Loads returns those of the last second.
	Loads(context.Context) (map[string]Load, error)
	// Answers returns what the answers of the last minute were like, and loads that Loads does not have.
	Answers(context.Context) (map[string]Answers, error)
	// Past returns arrivals a second, the mean of each sparkEvery that ended at or before the time. The newest is the last.
	Past(context.Context, time.Time) (map[string][]float64, error)
}

// Alerts is what Alertmanager has.
type Alerts interface {
	Alerts(ctx context.Context, now time.Time) (api.PortalAlerts, error)
}

// Options are what a Hub looks at. Hello and Functions are required.
type Options struct {
	// Hello says what there is.
	Hello func(now time.Time) api.PortalHello
	// Functions returns what the gateway knows of its functions, in the order of their names.
	Functions func(now time.Time) []Function
	// Alone reports whether this gateway is the only one, so that its own counters are the whole truth. Nil: it is not.
	Alone func() bool
	// Detail returns all about one function. Nil: nobody asks for one.
	Detail func(ctx context.Context, name string, now time.Time) api.PortalFunction
	// Rates and Alerts are nil where nobody said where Prometheus and Alertmanager are.
	Rates  Rates
	Alerts Alerts
	// ControlLoop returns nil while alerts arrive. Nil: they always do.
	ControlLoop func() error
	// Decisions calls each with the last n decisions at once, and then with those that are new or changed, until ctx ends. Nil: none are
	// known.
	Decisions func(ctx context.Context, n int, each func([]api.ScaleEvent))
	// MaxWatchers bounds the pages that watch at once. 0: 200.
	MaxWatchers int
	// Log gets what fails. Nil: none.
	Log *slog.Logger
	// Registerer gets the metrics. Nil: none.
	Registerer prometheus.Registerer
}

// Hub has everything that is shown, and shows it to its watchers. Make one with New.
type Hub struct {
	opts    Options
	joins   chan *Watcher
	leaves  chan *Watcher
	ended   chan struct{} // closed when Run ends
	count   atomic.Int64  // of watchers
	dropped prometheus.Counter
}

// New makes a Hub, which looks at nothing until Run.
func New(o Options) (*Hub, error) {
	if o.Hello == nil || o.Functions == nil {
		return nil, errors.New("live: Hello and Functions are required")
	}
	o.MaxWatchers = cmp.Or(o.MaxWatchers, maxWatchers)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Alone == nil {
		o.Alone = func() bool { return false }
	}
	if o.ControlLoop == nil {
		o.ControlLoop = func() error { return nil }
	}
	h := &Hub{opts: o, joins: make(chan *Watcher), leaves: make(chan *Watcher), ended: make(chan struct{})}
	promauto.With(o.Registerer).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_portal_watchers", Help: "Pages of the portal that are open at this gateway.",
	}, func() float64 { return float64(h.count.Load()) })
	h.dropped = promauto.With(o.Registerer).NewCounter(prometheus.CounterOpts{
		Name: "gateway_portal_dropped_total", Help: "Pages of the portal that were let go since they did not read in time.",
	})
	return h, nil
}

// Run serves watchers until ctx ends. What looks at things runs while there are any.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.ended)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case first := <-h.joins:
			newShow(h).run(ctx, first)
		case <-h.leaves: // it was let go before the last one left
		}
	}
}

// Join adds a watcher, to whom everything is sent at once, and all about one function each second where one is named. The
// caller must have it leave. Errors are of kind ErrUnavailable.
func (h *Hub) Join(ctx context.Context, name string) (*Watcher, error) {
	if h.count.Add(1) > int64(h.opts.MaxWatchers) {
		h.count.Add(-1)
		return nil, function.Unavailablef("%d pages are open at this gateway, which is the most: close some", h.opts.MaxWatchers)
	}
	w := &Watcher{hub: h, function: name, frames: make(chan []byte, maxBehind)}
	select {
	case h.joins <- w:
		return w, nil
	case <-h.ended:
		h.count.Add(-1)
		return nil, function.Unavailablef("the gateway is stopping")
	case <-ctx.Done():
		h.count.Add(-1)
		return nil, ctx.Err()
	}
}

// maxBehind is how many frames a watcher may be behind, of which there are a few each second.
const maxBehind = 64

// Watcher is one page.
type Watcher struct {
	hub      *Hub
	function string
	frames   chan []byte
}

// Frames are whole events, ready to be written. The channel is closed when the watcher is let go.
func (w *Watcher) Frames() <-chan []byte { return w.frames }

// Leave ends what is sent. It is called once.
func (w *Watcher) Leave() {
	w.hub.count.Add(-1)
	select {
	case w.hub.leaves <- w:
	case <-w.hub.ended:
	}
}

// offer gives w a frame, and reports whether w has room for it.
func (w *Watcher) offer(frame []byte) bool {
	select {
	case w.frames <- frame:
		return true
	default:
		return false
	}
}
