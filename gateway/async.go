package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"faas/function"
	"faas/internal/httperr"
)

// asyncPrefix is the path under which functions are invoked later.
const asyncPrefix = "/async-function/"

// callbackHeader names the URL that gets the result of an asynchronous invocation.
const callbackHeader = "X-Callback-Url"

// Queue keeps calls and makes them later, through this gateway.
type Queue interface {
	// Enqueue returns once the call is stored. Errors: ErrInvalid, with *http.MaxBytesError in the chain for one that is
	// too large; ErrUnavailable.
	Enqueue(context.Context, function.Call) error
}

// enqueue serves POST /async-function/NAME. path is the function's own, escaped.
func (g *Gateway) enqueue(w http.ResponseWriter, r *http.Request, name, path string) {
	now := time.Now()
	stamp := newStamp(r, now)
	w.Header().Set(callIDHeader, stamp.callID)
	w.Header().Set(startHeader, stamp.started())
	switch {
	case r.Method != http.MethodPost: // as the ancestor has it
		refuseMethod(w, r, http.MethodPost)
		return
	case g.opts.Queue == nil:
		httperr.Refuse(w, http.StatusNotImplemented, "this gateway has no queue for asynchronous calls (faas gateway --queue)")
		return
	}
	if err := g.keep(w, r, name, path, stamp.callID, now); err != nil {
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler) // nobody is there to read an answer
		}
		httperr.Write(w, err)
		if !errors.Is(err, function.ErrNotFound) && !errors.Is(err, function.ErrInvalid) {
			level := slog.LevelWarn
			if errors.Is(err, function.ErrUnavailable) {
				level = slog.LevelDebug // the queue itself says that it is away, once
			}
			g.log.Log(r.Context(), level, "asynchronous call refused", "function", name, "call_id", stamp.callID, "err", err)
		}
		return
	}
	g.log.DebugContext(r.Context(), "asynchronous call accepted", "function", name, "call_id", stamp.callID)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
}

// keep reads the call and stores it.
func (g *Gateway) keep(w http.ResponseWriter, r *http.Request, name, path, callID string, now time.Time) error {
	target, err := g.routes.find(name)
	if errors.Is(err, function.ErrUnavailable) {
		target, err = g.routes.await(r.Context(), min(g.opts.Config.HoldTimeout, maxFirstWait), name)
	}
	if err != nil {
		return err
	}
	limit := g.opts.Config.MaxAsyncBody
	if r.ContentLength > limit {
		return fmt.Errorf("body of %d bytes: %w", r.ContentLength, &http.MaxBytesError{Limit: limit})
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return function.Invalidf("read the body: %w", err)
	}
	return g.opts.Queue.Enqueue(r.Context(), function.Call{
		ID: callID, Function: target.name, Method: r.Method, Path: path, Query: r.URL.RawQuery,
		Header: g.forwarded(r), Body: body, Callback: r.Header.Get(callbackHeader), AcceptedAt: now,
	})
}

// forwarded is r's header, with what will not be seen any more when the call is made: who sent it, and to which host.
func (g *Gateway) forwarded(r *http.Request) http.Header {
	h := r.Header.Clone()
	hideSession(h)
	g.hideLogin(h)
	if client, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		h.Set("X-Forwarded-For", strings.Join(append(h.Values("X-Forwarded-For"), client), ", "))
	}
	proto := "http"
	if r.TLS != nil {
		proto = "https"
	}
	for name, value := range map[string]string{"X-Forwarded-Host": r.Host, "X-Forwarded-Proto": proto} {
		if h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	h.Set("Host", r.Host)
	h.Del("Content-Length")
	return h
}

// AsyncLimit returns how many asynchronous calls of a function this gateway may make at once: what its annotation says,
// or else usual. Where the function bounds its requests (slots), calls beyond would only be held here, until their
// time is over: then it is what the replicas take that are ready, this gateway's part of it. False: there is no such function.
func (g *Gateway) AsyncLimit(name string, usual int) (n int, known bool) {
	r := g.routes.lookup(name)
	if r == nil {
		return 0, false
	}
	s := r.status.Load()
	if n, err := strconv.Atoi(s.Annotations[function.AnnotationConcurrency]); err == nil && n > 0 {
		usual = n
	}
	if each := r.balancer.Slots(); each > 0 {
		usual = min(usual, each*max(1, s.Available()))
	}
	return usual, true
}
