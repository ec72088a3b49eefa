package gateway

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"faas/function"
	"faas/gateway/proxy"
	"faas/internal/http1"
	"faas/internal/httperr"
)

// invoker serves the ordinary invocations of one connection without net/http, and leaves all else to it: invoke is the long
// way of the same flow. It implements http1.Session and http1.Edits.
type invoker struct {
	g      *Gateway
	client context.Context //nolint:containedctx // of the connection, whose requests come one after the other
	from   []byte          // the client's address

	// Of the invocation under way:
	request  *http1.Exchange
	exchange proxy.Exchange
	route    *route
	start    time.Time
	started  []byte // start, as text
	callID   []byte
	newID    [36]byte
	cold     time.Duration
	sealed   bool   // the answer gets the sandbox
	target   []byte // where the path had to be put together
}

// Open implements http1.Handler.
func (g *Gateway) Open(conn net.Conn) http1.Session {
	i := &invoker{g: g, client: withConn(g.broken, conn)}
	if host, _, err := net.SplitHostPort(conn.RemoteAddr().String()); err == nil {
		i.from = []byte(host)
	}
	i.exchange.Acquire, i.exchange.Release = i.acquire, i.release
	return i
}

// Serve implements http1.Session.
func (i *invoker) Serve(x *http1.Exchange) bool {
	route, target := i.find(x.Target())
	if route == nil {
		return false
	}
	if i.g.opts.Credentials != nil && i.g.hasLogin(x.Fields()) {
		return false
	}
	i.sealed = false
	if i.g.site != nil {
		long, fetched := forPage(x.Fields())
		if long {
			return false
		}
		i.sealed = fetched && !trusted(route)
	}
	config := &i.g.opts.Config
	if config.MaxBody > 0 && x.ContentLength() > config.MaxBody {
		return false
	}
	i.request, i.route, i.start, i.cold = x, route, time.Now(), 0
	i.started = strconv.AppendInt(i.started[:0], i.start.UnixNano(), 10)
	if i.callID = x.Field("x-call-id"); !usableCallID(i.callID) {
		i.callID = appendCallID(i.newID[:0])
	}
	if config.UpstreamTimeout > 0 {
		x.SetDeadline(i.start.Add(config.UpstreamTimeout))
	}
	i.exchange.Slots = route.status.Load().Scaling.Slots > 0
	route.series.begin(i.start)
	defer i.settle()
	err := i.g.forwarder.ForwardShort(i.client, x, &i.exchange, target, i)
	status := i.end(err)
	now := time.Now()
	route.series.end(i.start, now, status)
	if i.g.log.Enabled(i.client, slog.LevelDebug) {
		i.g.logInvoked(i.client, route.name, string(i.callID), status, now.Sub(i.start))
	}
	i.request, i.route = nil, nil
	return true
}

// settle counts an invocation that ends by a panic.
func (i *invoker) settle() {
	if i.route != nil {
		i.route.series.end(i.start, time.Now(), http.StatusBadGateway)
	}
}

// find returns the route that a target names, and the target as the function sees it. A name that is not written plainly
// takes the long way.
func (i *invoker) find(target []byte) (*route, []byte) {
	if len(target) < len(invokePrefix) || string(target[:len(invokePrefix)]) != invokePrefix {
		return nil, nil
	}
	rest := target[len(invokePrefix):]
	name, path := rest, rest[:0]
	if n := bytes.IndexAny(rest, "/?"); n >= 0 {
		name, path = rest[:n], rest[n:]
	}
	if len(path) == 0 || path[0] == '?' {
		i.target = append(append(i.target[:0], '/'), path...)
		path = i.target
	}
	const suffix = "." + function.Namespace
	if n := len(name) - len(suffix); n >= 0 && string(name[n:]) == suffix {
		name = name[:n]
	}
	return i.g.routes.findPlain(name), path
}

// acquire lends a replica. ctx is the connection's.
func (i *invoker) acquire(ctx context.Context) (*proxy.Target, error) {
	if lent := i.route.take(); lent != nil {
		return lent, nil
	}
	if timeout := i.g.opts.Config.UpstreamTimeout; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, i.start.Add(timeout))
		defer cancel()
	}
	lent, cold, err := i.route.acquire(ctx)
	i.cold += cold
	return lent, err
}

func (i *invoker) release(t *proxy.Target) { i.route.release(t) }

// end answers for a function that did not, and returns the status to count.
func (i *invoker) end(err error) int {
	x := i.request
	switch {
	case err == nil:
		return x.Status()
	case errors.Is(err, context.Canceled):
		x.Break() // nobody is there to read an answer, and none must look like one
		return statusClientClosed
	case x.Begun():
		x.Break()
		i.g.log.Debug("answer broken off", "function", i.route.name, "call_id", string(i.callID), "err", err)
		return http.StatusBadGateway
	}
	x.Refuse(func(w http.ResponseWriter) {
		stamp{callID: string(i.callID), start: i.start}.put(w.Header())
		i.g.refuse(w, i.route.name, string(i.callID), err)
	})
	return x.Status()
}

// KeepRequest implements http1.Edits.
func (i *invoker) KeepRequest(f http1.Field) bool {
	switch len(f.Name) {
	case len("x-call-id"):
		return !f.Is("x-call-id") && !f.Is("forwarded")
	case len("x-start-time"):
		return !f.Is("x-start-time")
	case len("x-forwarded-for"):
		return !f.Is("x-forwarded-for")
	case len("x-forwarded-host"):
		return !f.Is("x-forwarded-host")
	case len("x-forwarded-proto"):
		return !f.Is("x-forwarded-proto")
	}
	return true
}

// AppendRequest implements http1.Edits. The chain of proxies gets one more; what a proxy in front, which knows better, has
// said of the host and the protocol stays.
func (i *invoker) AppendRequest(dst []byte) []byte {
	dst = appendLine(dst, callIDHeader, i.callID)
	dst = appendLine(dst, startHeader, i.started)
	dst = append(dst, "X-Forwarded-For: "...)
	dst = i.request.AppendValues(dst, "x-forwarded-for")
	dst = append(append(dst, i.from...), "\r\n"...)
	host, proto := i.request.Field("x-forwarded-host"), i.request.Field("x-forwarded-proto")
	if len(host) == 0 {
		host = i.request.Host()
	}
	dst = appendLine(dst, "X-Forwarded-Host", host)
	if len(proto) == 0 {
		return append(dst, "X-Forwarded-Proto: http\r\n"...)
	}
	return appendLine(dst, "X-Forwarded-Proto", proto)
}

// KeepAnswer implements http1.Edits. It is unforge for the short way.
func (i *invoker) KeepAnswer(f http1.Field) bool {
	switch len(f.Name) {
	case len("x-call-id"):
		return !f.Is("x-call-id")
	case len("x-start-time"): // and X-Cold-Start
		return !f.Is("x-start-time") && !f.Is("x-cold-start")
	case len("set-cookie"):
		return !f.Is("set-cookie") || !setsSession(f.Value)
	case len("x-duration-seconds"):
		return !f.Is("x-duration-seconds")
	case len("x-openfaas-internal"):
		return !f.Is("x-openfaas-internal") || string(f.Value) != httperr.Gateway && string(f.Value) != httperr.Queue
	}
	return true
}

// AppendAnswer implements http1.Edits.
func (i *invoker) AppendAnswer(dst []byte) []byte {
	dst = appendLine(dst, callIDHeader, i.callID)
	dst = appendLine(dst, startHeader, i.started)
	dst = append(dst, durationHeader+": "...)
	dst = strconv.AppendFloat(dst, time.Since(i.start).Seconds(), 'f', 6, 64)
	dst = append(dst, "\r\n"...)
	if i.sealed {
		dst = append(dst, "Content-Security-Policy: "+sandbox+"\r\n"...)
	}
	if i.cold > 0 {
		i.route.series.coldStart(i.cold)
		dst = append(dst, coldHeader+": "...)
		dst = strconv.AppendFloat(dst, i.cold.Seconds(), 'f', 3, 64)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

func appendLine(dst []byte, name string, value []byte) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...)
}
