package watchdog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// internalHeader marks an answer that the function did not make.
	internalHeader = "X-OpenFaaS-Internal"
	// watchdogHeader tells a prober whose /_/health it asks. OpenFaaS's classic
	// watchdog has no /_/ready: it would start a process for it.
	watchdogHeader = "X-Watchdog"
)

// A handler takes all requests: those about the watchdog and invocations.
type handler struct {
	config   Config
	invoker  invoker
	inflight *inflight
	draining atomic.Bool
	metrics  *metrics
	lock     lockFile
	logs     *logs
	log      *slog.Logger
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // an earlier request of the connection may have set one
	switch r.URL.Path {
	case "/_/health":
		w.Header().Set(watchdogHeader, "faas")
		if h.asks(w, r) {
			h.reply(w, h.healthy(), http.StatusServiceUnavailable)
		}
	case "/_/ready":
		if h.asks(w, r) {
			h.serveReady(w, r)
		}
	default:
		h.serveFunction(w, r)
	}
}

// asks refuses what is not a question.
func (h *handler) asks(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	h.reply(w, false, http.StatusMethodNotAllowed)
	return false
}

// healthy is true while requests are taken. A function that wants to be
// replaced says so by removing the lock file.
func (h *handler) healthy() bool { return !h.draining.Load() && h.lock.present() }

// serveReady answers whether the next request would be taken, and by a
// function that says so itself when there is a ready_path.
func (h *handler) serveReady(w http.ResponseWriter, r *http.Request) {
	switch {
	case !h.healthy() || !h.invoker.ready():
		h.reply(w, false, http.StatusServiceUnavailable)
	case h.inflight.full():
		h.reply(w, false, http.StatusTooManyRequests)
	case h.config.ReadyPath != "":
		ctx, cancel := withDeadline(r.Context(), h.config.timeout())
		defer cancel()
		r = r.Clone(ctx)
		r.Method, r.Body, r.ContentLength = http.MethodGet, http.NoBody, 0
		r.URL.Path, r.URL.RawPath = h.config.ReadyPath, ""
		res := &response{ResponseWriter: w, start: time.Now()}
		if err := h.invoker.invoke(res, r); err != nil {
			h.fail(res, r, err)
		}
	default:
		h.reply(w, true, 0)
	}
}

func (h *handler) reply(w http.ResponseWriter, ok bool, status int) {
	if !ok {
		http.Error(w, http.StatusText(status), status)
		return
	}
	_, _ = io.WriteString(w, "OK") // a prober that left needs no answer
}

// serveFunction is the one place where an invocation is admitted, timed,
// counted and, when it fails, answered.
func (h *handler) serveFunction(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	res := &response{ResponseWriter: w, start: start}
	h.metrics.inFlight.Inc()
	status := 0
	defer func() { h.count(res, r, status) }()
	h.logs.headers(r)
	if h.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	limit, err := h.config.limit(r)
	if err == nil && !h.inflight.enter() {
		err = errBusy
	}
	if err != nil {
		status = h.config.status(err)
		h.fail(res, r, err)
		return
	}
	defer h.inflight.leave()

	ctx, cancel := withDeadline(r.Context(), limit)
	defer cancel()
	defer func() {
		if status == 0 { // the proxy panicked: an answer broke off
			status = h.config.status(cmp.Or(interrupted(ctx), errUpstream))
		}
	}()
	r = r.WithContext(ctx)
	rc := http.NewResponseController(w)
	if limit > 0 {
		_ = rc.SetWriteDeadline(start.Add(limit + answerGrace))
	}
	if h.config.Mode != ModeStatic {
		ownBody(r)
		_ = rc.EnableFullDuplex() // HTTP/1 has it: the function may answer before it has read all
	}
	err = h.invoker.invoke(res, r)
	disownBody(res, r)
	if err != nil {
		status = h.config.status(err)
		h.fail(res, r, err)
		return
	}
	status = cmp.Or(res.status, http.StatusOK)
}

// count ends the measuring of an invocation.
func (h *handler) count(res *response, r *http.Request, status int) {
	d := time.Since(res.start)
	h.metrics.inFlight.Dec()
	h.metrics.observe(methodLabel(r.Method), status, d)
	if h.config.Mode == ModeHTTP {
		h.logs.answered(r, status, res.sent, d)
	}
}

// fail answers with err, or breaks the connection when an answer has begun, so
// that the client cannot take a part of it for the whole.
func (h *handler) fail(res *response, r *http.Request, err error) {
	h.logFailure(r.Context(), err, res.status != 0, r.Header.Get("X-Call-Id"))
	if res.status != 0 || h.config.status(err) == statusClientClosed {
		panic(http.ErrAbortHandler)
	}
	h.refuse(res, err)
	_, _ = res.Write(res.output) // a client that left needs no answer
}

func (h *handler) logFailure(ctx context.Context, err error, begun bool, callID string) {
	level := slog.LevelWarn
	if errors.Is(err, errClientGone) || errors.Is(err, errBusy) {
		level = slog.LevelDebug
	}
	h.log.Log(ctx, level, "invocation failed", "err", err, "status", h.config.status(err),
		"answer_begun", begun, "call_id", callID)
}

// refuse answers with err.
func (h *handler) refuse(w http.ResponseWriter, err error) {
	status, header := h.config.status(err), w.Header()
	switch {
	case status == http.StatusTooManyRequests:
		header.Set(internalHeader, "faas-middleware")
	case status != http.StatusInternalServerError || !errors.Is(err, errExit): // else it is the function's own
		header.Set(internalHeader, "faas-watchdog")
	}
	if status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	http.Error(w, fmt.Sprint(err), status)
}
