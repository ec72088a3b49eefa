package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"faas/function"
	"faas/gateway/proxy"
	"faas/internal/httperr"
)

// maxFirstWait bounds how long a request waits for a gateway that does not know its functions yet.
const maxFirstWait = 5 * time.Second

// invokeByHeader serves POST / with X-Function, the ancestor's way to name a function.
func (g *Gateway) invokeByHeader(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get(functionHeader)
	if name == "" && g.opts.Intents {
		g.invokeByIntent(w, r)
		return
	}
	if name == "" {
		newStamp(r, time.Now()).put(w.Header())
		httperr.Write(w, function.Invalidf("POST / invokes the function that the header %s names: send it, or use %sNAME",
			functionHeader, invokePrefix))
		return
	}
	g.invoke(w, r, function.TrimNamespace(name), "/")
}

// invoke is the request flow: route, activator, proxy. path is the function's own, escaped.
func (g *Gateway) invoke(w http.ResponseWriter, r *http.Request, name, path string) {
	start := time.Now()
	stamp := newStamp(r, start)
	target, err := g.routes.find(name)
	if errors.Is(err, function.ErrUnavailable) {
		target, err = g.routes.await(r.Context(), min(g.opts.Config.HoldTimeout, maxFirstWait), name)
	}
	if err != nil {
		stamp.put(w.Header())
		httperr.Write(w, err)
		return
	}
	name = target.name // it may have been called by its alias
	use := g.useBy(r.Header, target)
	if use == asScript {
		stamp.put(w.Header())
		httperr.Refuse(w, http.StatusForbidden, "function "+name+" may not serve this script, which would act for other pages: "+
			"its annotation "+function.AnnotationPages+" says whether it is trusted")
		return
	}
	hideSession(r.Header)
	g.hideLogin(r.Header)
	if limit := g.opts.Config.MaxBody; limit > 0 {
		if r.ContentLength > limit { // the rest find out as they stream
			stamp.put(w.Header())
			httperr.Write(w, fmt.Errorf("body of %d bytes: %w", r.ContentLength, &http.MaxBytesError{Limit: limit}))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
	}
	answer, client := &answerRecorder{ResponseWriter: w}, r.Context()
	target.series.begin(start)
	measure := sync.OnceFunc(func() {
		now, status := time.Now(), answer.outcome(client)
		target.series.end(start, now, status)
		g.logInvoked(client, name, stamp.callID, status, now.Sub(start))
	})
	defer measure() // also when the forwarder breaks the connection by a panic

	ctx, unbound, cancel := g.deadline(client)
	defer cancel()
	exchange := &proxy.Exchange{
		Acquire: func(ctx context.Context) (*proxy.Target, error) {
			lent, cold, err := target.acquire(ctx)
			answer.cold += cold
			return lent, err
		},
		Release: target.release, Path: path, Slots: target.status.Load().Scaling.Slots > 0,
		OnResponse: func(status int, h http.Header) {
			if status == http.StatusSwitchingProtocols {
				unbound()
			}
			unforge(h)
			if use == asPage {
				h.Add("Content-Security-Policy", sandbox) // beside the function's own: all of them hold
			}
			if answer.cold > 0 {
				target.series.coldStart(answer.cold)
				h.Set(coldHeader, strconv.FormatFloat(answer.cold.Seconds(), 'f', 3, 64))
			}
			stamp.put(h)
		},
	}
	if err := g.forwarder.Forward(answer, r.WithContext(ctx), exchange); err != nil {
		answer.whole = true
		if errors.Is(err, context.Canceled) || client.Err() != nil && !errors.Is(err, context.DeadlineExceeded) {
			answer.status = statusClientClosed
			panic(http.ErrAbortHandler) // nobody is there to read an answer, and none must look like one
		}
		stamp.put(w.Header())
		g.refuse(answer, name, stamp.callID, err)
		return
	}
	answer.whole = true
	measure()
	exchange.Drain(answer, r)
}

// unforge takes away what a function said in the gateway's name, or passed on from another answer: whether an asynchronous
// call is made again hangs on it. What its watchdog says of itself stays.
func unforge(h http.Header) {
	h.Del(coldHeader)
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(v string) bool { return setsSession([]byte(v)) })
	if len(h["Set-Cookie"]) == 0 {
		h.Del("Set-Cookie")
	}
	for _, part := range h.Values(httperr.OriginHeader) {
		if part == httperr.Gateway || part == httperr.Queue {
			h.Del(httperr.OriginHeader)
			return
		}
	}
}

// deadline bounds an invocation. unbound lifts the bound, for one that turned into a connection of its own.
func (g *Gateway) deadline(client context.Context) (_ context.Context, unbound, cancel func()) {
	ctx, end := context.WithCancelCause(client)
	if g.opts.Config.UpstreamTimeout == 0 {
		return ctx, func() {}, func() { end(nil) }
	}
	timer := time.AfterFunc(g.opts.Config.UpstreamTimeout, func() { end(context.DeadlineExceeded) })
	return ctx, func() { timer.Stop() }, func() { timer.Stop(); end(nil) }
}

func (g *Gateway) logInvoked(ctx context.Context, name, callID string, status int, d time.Duration) {
	g.log.DebugContext(ctx, "invoked", "function", name, "call_id", callID, "status", status, "duration", d)
}

// refuse answers for a function that did not.
func (g *Gateway) refuse(w http.ResponseWriter, name, callID string, err error) {
	switch {
	case errors.Is(err, proxy.ErrNoAnswer):
		httperr.Refuse(w, http.StatusBadGateway, "function "+name+" did not answer")
	case errors.Is(err, context.DeadlineExceeded):
		httperr.Refuse(w, http.StatusGatewayTimeout,
			"function "+name+" did not answer within "+g.opts.Config.UpstreamTimeout.String())
	default:
		httperr.Write(w, err)
	}
	g.log.Warn("invocation failed", "function", name, "call_id", callID, "err", err)
}

func unknownFunction(name string) error {
	return function.NotFoundf("function %.80q does not exist", name)
}

func ambiguousFunction(alias string, routes []*route) error {
	names := make([]string, len(routes))
	for i, r := range routes {
		names[i] = r.name
	}
	slices.Sort(names)
	return function.NotFoundf("function %.80q does not exist, but more than one answer to that name: say %s",
		alias, strings.Join(names, " or "))
}

// statusClientClosed stands in metrics for an answer that nobody waited for.
const statusClientClosed = 499

// answerRecorder remembers what was answered.
type answerRecorder struct {
	http.ResponseWriter
	status int           // 0: no header was written
	whole  bool          // the answer was written to its end
	cold   time.Duration // how long it was held for a function that had to start
}

// WriteHeader implements http.ResponseWriter.
func (a *answerRecorder) WriteHeader(status int) {
	if a.status == 0 && status >= 200 || status == http.StatusSwitchingProtocols {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answerRecorder) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (a *answerRecorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Hijack lets the proxy take over an upgraded connection.
func (a *answerRecorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(a.ResponseWriter).Hijack()
}

// outcome is the status to count. An answer that broke off is the client's doing if it left, and else
// counts as 502 whatever its header promised.
func (a *answerRecorder) outcome(client context.Context) int {
	switch {
	case a.whole && a.status == 0:
		return http.StatusOK
	case a.whole, a.status == http.StatusSwitchingProtocols:
		return a.status
	case client.Err() != nil:
		return statusClientClosed
	default:
		return http.StatusBadGateway
	}
}
