package watchdog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"faas/internal/http1"
)

// shortWay serves ordinary requests to the server of http mode without net/http: handler and proxy are the long way of the
// same. It implements http1.Handler.
type shortWay struct {
	*handler
	proxy  *proxy
	client *http1.Client
	pool   *http1.Pool
}

// newShortWay returns nil where each request takes the long way: what was configured needs the whole of it.
func newShortWay(h *handler) *shortWay {
	p, ok := h.invoker.(*proxy)
	if c := h.config; !ok || c.BufferBody || c.DebugHeaders || c.LogCallID || p.target.Path != "" && p.target.Path != "/" {
		return nil
	}
	client := http1.NewClient(http1.ClientOptions{MaxIdle: upstreamConns, MaxIdlePerServer: upstreamConns, IdleTimeout: upstreamIdle})
	return &shortWay{handler: h, proxy: p, client: client, pool: client.Pool(p.server.addr)}
}

// Open implements http1.Handler.
func (s *shortWay) Open(net.Conn) http1.Session { return &shortInvocation{shortWay: s} }

// shortInvocation is what a connection's requests need, one after the other. It implements http1.Session and http1.Edits.
type shortInvocation struct {
	*shortWay
	start time.Time
}

// Serve implements http1.Session.
func (i *shortInvocation) Serve(x *http1.Exchange) bool {
	const own = "/_/"
	if target := x.Target(); len(target) >= len(own) && string(target[:len(own)]) == own ||
		i.draining.Load() || x.Field("x-timeout") != nil {
		return false
	}
	i.start = time.Now()
	i.metrics.inFlight.Inc()
	defer i.metrics.inFlight.Dec()
	err := i.invoke(x)
	status := x.Status()
	if err != nil {
		status = i.config.status(err)
		i.fail(context.Background(), x, err)
	}
	i.metrics.observe(methodLabel(x.Method()), status, time.Since(i.start))
	return true
}

// invoke has the server answer.
func (i *shortInvocation) invoke(x *http1.Exchange) error {
	if !i.inflight.enter() {
		return errBusy
	}
	defer i.inflight.leave()
	ctx := context.Background()
	if limit := i.config.timeout(); limit > 0 {
		x.SetDeadline(i.start.Add(limit))
	}
	if err := i.acquire(ctx, x); err != nil {
		return err
	}
	defer i.proxy.server.release()
	err := x.Send(ctx, i.pool, x.Target(), i)
	if err == nil {
		err = x.Deliver(i)
	}
	if err == nil {
		return nil
	}
	_, ofBody := errors.AsType[*http1.BodyError](err)
	switch {
	case http1.NeverConnected(err):
	case errors.Is(err, context.DeadlineExceeded), ofBody:
		return errTimeout
	case errors.Is(err, context.Canceled):
		return errClientGone
	}
	return fmt.Errorf("%w: %w", errUpstream, err)
}

// acquire waits for the server for as long as the invocation may take. A client that left meanwhile is not served.
func (i *shortInvocation) acquire(ctx context.Context, x *http1.Exchange) error {
	if i.proxy.server.tryAcquire() {
		return nil
	}
	ctx, cancel := withDeadline(ctx, i.config.timeout())
	defer cancel()
	err := i.proxy.server.acquire(ctx)
	if err == nil && x.ClientGone() {
		i.proxy.server.release()
		return errClientGone
	}
	return err
}

// fail answers with err, or breaks the connection when an answer has begun.
func (i *shortInvocation) fail(ctx context.Context, x *http1.Exchange, err error) {
	if i.logFailure(ctx, err, x.Begun(), string(x.Field("x-call-id"))); x.Begun() || i.config.status(err) == statusClientClosed {
		x.Break()
		return
	}
	x.Refuse(func(w http.ResponseWriter) {
		w.Header().Set(durationHeader, strconv.FormatFloat(time.Since(i.start).Seconds(), 'f', 6, 64))
		i.refuse(w, err)
	})
}

// KeepRequest implements http1.Edits. The watchdog is no hop of its own: what the gateway said stays.
func (i *shortInvocation) KeepRequest(http1.Field) bool { return true }

// AppendRequest implements http1.Edits.
func (i *shortInvocation) AppendRequest(dst []byte) []byte { return dst }

// KeepAnswer implements http1.Edits.
func (i *shortInvocation) KeepAnswer(f http1.Field) bool { return !f.Is("x-duration-seconds") }

// AppendAnswer implements http1.Edits.
func (i *shortInvocation) AppendAnswer(dst []byte) []byte {
	dst = append(dst, durationHeader+": "...)
	dst = strconv.AppendFloat(dst, time.Since(i.start).Seconds(), 'f', 6, 64)
	return append(dst, "\r\n"...)
}
