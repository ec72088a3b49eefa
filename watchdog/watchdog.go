package watchdog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"faas/internal/http1"
)

// Options is what a Watchdog is made of. Only Config has no default.
type Options struct {
	Config Config
	// Environ is the environment of the function. Nil is that of this process.
	Environ []string
	// Listener takes requests and MetricsListener serves metrics. Where they
	// are nil Run listens on the ports of Config.
	Listener, MetricsListener net.Listener
	// LockPath is the lock file; empty is DefaultLockPath.
	LockPath string
	// Stdout and Stderr take the log lines of the function. Nil is those of this process.
	Stdout, Stderr io.Writer
	// Log takes the changes of the watchdog's own state. Nil discards them.
	Log *slog.Logger
	// Registry takes the metrics. Nil is a new one.
	Registry *prometheus.Registry
}

// A Watchdog serves one function.
type Watchdog struct {
	opts     Options
	logs     *logs
	handler  *handler
	lock     lockFile
	inflight *inflight
	procs    *children
	conns    atomic.Int64

	killOnce sync.Once
	killed   chan struct{}
}

// New makes a Watchdog. It fails only where the configuration is not valid.
func New(o Options) (*Watchdog, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	w := &Watchdog{
		opts:     o,
		logs:     newLogs(o.Config, o.Stdout, o.Stderr),
		inflight: &inflight{limit: o.Config.MaxInflight},
		procs:    &children{},
		killed:   make(chan struct{}),
	}
	if !o.Config.SuppressLock {
		w.lock.path = cmp.Or(o.LockPath, DefaultLockPath)
	}
	w.handler = &handler{
		config:   o.Config,
		inflight: w.inflight,
		lock:     w.lock,
		metrics:  newMetrics(o.Registry, o.Listener == nil),
		logs:     w.logs,
		log:      o.Log,
	}
	return w, nil
}

// Run serves until ctx ends and then drains: it goes unready, finishes what is
// in flight, and ends the function's processes. It returns ErrKilled after
// Kill, and another error when it could not serve or not drain. It is called once.
func (w *Watchdog) Run(ctx context.Context) (err error) {
	inv, err := w.newInvoker()
	if err != nil {
		return err
	}
	w.handler.invoker = inv
	if err := w.open(ctx); err != nil {
		ended, end := context.WithCancel(ctx)
		end()
		inv.run(ended) // starts nothing, and lets go of the function's port
		return err
	}
	defer func() { err = errors.Join(err, w.lock.remove()) }()

	var work sync.WaitGroup
	defer work.Wait()
	// The function outlives ctx, until its invocations are drained.
	functions, stopFunctions := context.WithCancel(context.WithoutCancel(ctx))
	defer stopFunctions()
	work.Go(func() { inv.run(functions) })

	long := w.server(w.handler)
	long.ConnContext = withConn
	long.ReadTimeout = w.opts.Config.ReadTimeout
	var server httpServer = long
	if short := newShortWay(w.handler); short != nil {
		server = http1.NewServer(short, long)
		defer short.client.Close()
	} else if w.opts.Config.forks() {
		server = http1.NewServer(shortFork{w.handler}, long)
	}
	metrics := w.server(w.metricsHandler())
	failed := make(chan error, 2)
	serve := func(s httpServer, l net.Listener) {
		work.Go(func() {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
			}
		})
	}
	serve(server, listener{Listener: w.opts.Listener, open: &w.conns})
	serve(metrics, w.opts.MetricsListener)
	defer func() { err = errors.Join(err, w.close(ctx, server, metrics)) }()

	w.opts.Log.Info("watchdog ready", "mode", w.opts.Config.Mode, "addr", w.opts.Listener.Addr().String(),
		"metrics_addr", w.opts.MetricsListener.Addr().String(), "config", w.opts.Config)
	select {
	case err := <-failed:
		w.procs.signal(syscall.SIGKILL)
		return err
	case <-w.killed:
		return ErrKilled
	case <-ctx.Done():
		alive, stop := w.untilKilled(context.WithoutCancel(ctx))
		defer stop()
		return w.drain(alive, server)
	}
}

// httpServer is net/http's Server, or one that has a short way as well.
type httpServer interface {
	Serve(l net.Listener) error
	Shutdown(ctx context.Context) error
	Close() error
}

// untilKilled ends with ErrKilled when Kill is called.
func (w *Watchdog) untilKilled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-w.killed:
			cancel(ErrKilled)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-ended
	}
}

// close ends the servers. Invocations that are still running have lost their
// process or their connection by then, and get a moment to notice.
func (w *Watchdog) close(ctx context.Context, server, metrics httpServer) error {
	err := errors.Join(server.Close(), metrics.Close())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), termGrace)
	defer cancel()
	return errors.Join(err, w.inflight.wait(ctx))
}

// Kill ends the process groups of the function at once, and with them Run. It
// may be called at any time and more than once.
func (w *Watchdog) Kill() {
	w.killOnce.Do(func() {
		close(w.killed)
		w.procs.signal(syscall.SIGKILL)
		_ = w.lock.remove() // Run reports it, where there is still time
	})
}

// open takes the ports and the lock, all or none.
func (w *Watchdog) open(ctx context.Context) error {
	if err := w.listen(ctx); err != nil {
		return err
	}
	if err := w.lock.create(); err != nil {
		return errors.Join(err, w.opts.Listener.Close(), w.opts.MetricsListener.Close())
	}
	return nil
}

func (w *Watchdog) listen(ctx context.Context) error {
	var lc net.ListenConfig
	for _, l := range []struct {
		listener *net.Listener
		port     int
	}{{&w.opts.Listener, w.opts.Config.Port}, {&w.opts.MetricsListener, w.opts.Config.MetricsPort}} {
		if *l.listener != nil {
			continue
		}
		var err error
		if *l.listener, err = lc.Listen(ctx, "tcp", ":"+strconv.Itoa(l.port)); err != nil {
			if w.opts.Listener != nil {
				_ = w.opts.Listener.Close() // nothing was accepted
			}
			return fmt.Errorf("listen on port %d: %w", l.port, err)
		}
	}
	return nil
}

// server has no WriteTimeout: each invocation sets its own deadline.
func (w *Watchdog) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       keepAlive,
		ErrorLog:          slog.NewLogLogger(w.opts.Log.Handler(), slog.LevelDebug),
	}
}

const (
	headerTimeout = 10 * time.Second
	// keepAlive is longer than what clients keep idle connections for (90 s
	// in Go), so that it is the client who closes and no request is lost.
	keepAlive = 2 * time.Minute
)

func (w *Watchdog) metricsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.opts.Registry, promhttp.HandlerOpts{}))
	return mux
}
