package watchdog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// internalHeader marks an answer that the function did not make.
const internalHeader = "X-OpenFaaS-Internal"

// A handler takes all requests: those about the watchdog and invocations.
type handler struct {
	config   Config
	invoker  invoker
	inflight *inflight
	draining atomic.Bool
	metrics  *metrics
	logs     *logs
	log      *slog.Logger
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // an earlier request of the connection may have set one
	switch r.URL.Path {
	case "/_/health":
		h.reply(w, !h.draining.Load(), http.StatusServiceUnavailable)
	case "/_/ready":
		h.serveReady(w, r)
	default:
		h.serveFunction(w, r)
	}
}

// serveReady answers whether the next request would be taken, and by a
// function that says so itself when there is a ready_path.
func (h *handler) serveReady(w http.ResponseWriter, r *http.Request) {
	switch {
	case h.draining.Load() || !h.invoker.ready():
		h.reply(w, false, http.StatusServiceUnavailable)
	case h.inflight.full():
		h.reply(w, false, http.StatusTooManyRequests)
	case h.config.ReadyPath != "":
		ctx, cancel := withDeadline(r.Context(), h.config.timeout())
		defer cancel()
		r = r.Clone(ctx)
		r.Method, r.Body, r.ContentLength = http.MethodGet, http.NoBody, 0
		r.URL.Path, r.URL.RawPath = h.config.ReadyPath, ""
		res := &response{ResponseWriter: w}
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
	res := &response{ResponseWriter: w}
	h.metrics.inFlight.Inc()
	status := 0
	defer func() { h.count(r.Method, status, start) }()
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
func (h *handler) count(method string, status int, start time.Time) {
	h.metrics.inFlight.Dec()
	h.metrics.observe(method, status, time.Since(start))
}

// fail answers with err, or breaks the connection when an answer has begun, so
// that the client cannot take a part of it for the whole.
func (h *handler) fail(res *response, r *http.Request, err error) {
	status := h.config.status(err)
	level := slog.LevelWarn
	if errors.Is(err, errClientGone) || errors.Is(err, errBusy) {
		level = slog.LevelDebug
	}
	h.log.Log(r.Context(), level, "invocation failed", "err", err, "status", status,
		"answer_begun", res.status != 0, "call_id", r.Header.Get("X-Call-Id"))
	if res.status != 0 || status == statusClientClosed {
		panic(http.ErrAbortHandler)
	}
	header := res.Header()
	switch status {
	case http.StatusTooManyRequests:
		header.Set(internalHeader, "faas-middleware")
	case http.StatusServiceUnavailable:
		header.Set(internalHeader, "faas-watchdog")
		header.Set("Retry-After", "1")
	}
	http.Error(res, fmt.Sprint(err), status)
}
