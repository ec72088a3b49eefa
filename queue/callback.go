package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"faas/function"
)

const (
	// callbackTimeout bounds one delivery of an answer.
	callbackTimeout = time.Minute
	// maxCallbackURL bounds the URL, in bytes, and maxRedirects how often one delivery is sent elsewhere.
	maxCallbackURL = 2048
	maxRedirects   = 5
	// callbackAttempts bounds the deliveries of one answer: for two minutes with the usual waits.
	callbackAttempts = 8
)

// CallbackOptions say where answers may be sent. Refused are, unless Config.CallbackAllow has their address: link-local
// addresses and the metadata services of clouds, this machine, the networks of Control, and whatever CallbackAllow does
// not have where it has anything. What Config.CallbackDeny has is refused in any case.
type CallbackOptions struct {
	// Loopback allows this machine, except for OwnPorts of it.
	Loopback bool
	// OwnPorts are those of the system itself.
	OwnPorts []uint16
	// Control are hosts of the control plane: no answer goes to the networks that they are on. The server's is one too.
	Control []string
	// Gateways are names by which callbacks know the gateway itself. Their port is of no matter, and only functions can be
	// called there. Nil: gateway and gateway.openfaas.
	Gateways []string
	// Lookup resolves hosts. Nil: the system's resolver.
	Lookup Lookup
}

// callbacks sends answers.
type callbacks struct {
	guard    *guard
	gateways []string
	gateway  *url.URL
	config   Config
	metrics  *metrics
	client   *http.Client // to the world
	own      *http.Client // to the gateway itself
}

func newCallbacks(o Options, m *metrics) (*callbacks, error) {
	g := &guard{
		loopback: o.Callbacks.Loopback, ownPorts: o.Callbacks.OwnPorts, control: o.Callbacks.Control,
		lookup: o.Callbacks.Lookup, interfaces: interfacePrefixes, routers: defaultGateways,
	}
	var errs [3]error
	g.allow, errs[0] = parsePatterns(o.Config.CallbackAllow)
	g.deny, errs[1] = parsePatterns(o.Config.CallbackDeny)
	if g.lookup == nil {
		g.lookup = resolve
	}
	c := &callbacks{guard: g, gateways: o.Callbacks.Gateways, config: o.Config, metrics: m}
	if c.gateways == nil {
		c.gateways = []string{"gateway", "gateway.openfaas"}
	}
	g.gateways = c.gateways
	c.gateway, errs[2] = url.Parse(o.Gateway)
	plain := &net.Dialer{Timeout: 5 * time.Second}
	c.client, c.own = c.newClient(g.dial), c.newClient(plain.DialContext)
	return c, errors.Join(errs[:]...)
}

func (c *callbacks) newClient(dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dial, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: callbackTimeout,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       callbackTimeout,
	}
}

// check judges a callback's URL as a client sent it. Errors are ErrInvalid.
func (c *callbacks) check(text string) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxCallbackURL:
		return function.Invalidf("X-Callback-Url has more than %d bytes", maxCallbackURL)
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "":
		return function.Invalidf("X-Callback-Url %.200q: write an absolute URL, http://HOST/PATH or https://HOST/PATH", text)
	}
	if _, err := c.clientFor(u); err != nil {
		return function.Invalidf("X-Callback-Url %.200q is not allowed: %w", u.Redacted(), err)
	}
	return nil
}

// clientFor returns the client for u. Its error is a *refusedError.
func (c *callbacks) clientFor(u *url.URL) (*http.Client, error) {
	if c.guard.denied(u.Hostname()) {
		return nil, refuse("callback_deny has it")
	}
	if c.isGateway(u) {
		path := u.EscapedPath()
		if !strings.HasPrefix(path, "/function/") && !strings.HasPrefix(path, "/async-function/") {
			return nil, refuse("at the gateway only functions can be called back: /function/NAME or /async-function/NAME")
		}
		return c.own, nil
	}
	return c.client, c.guard.host(u.Hostname())
}

// isGateway reports whether u is at this gateway: by a name that functions have for it, or by its own address.
func (c *callbacks) isGateway(u *url.URL) bool {
	if u.Scheme != "http" {
		return false
	}
	if slices.Contains(c.gateways, hostName(u.Hostname())) {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	own := u.Hostname() == "localhost" || err == nil && addr.Unmap().IsLoopback()
	return own && c.guard.loopback && u.Port() == c.gateway.Port()
}

// tries says how often an answer is sent.
type tries struct {
	most   int
	within time.Duration   // bounds each
	told   func(took bool) // hears what came of each, but for an answer that its host does not want
}

// send delivers r to the callback of call, several times until somebody took it. The error is ctx's, or says why it was
// given up.
func (c *callbacks) send(ctx context.Context, call function.Call, r *result, t tries) error {
	for attempt := 1; ; attempt++ {
		one, end := context.WithTimeout(ctx, t.within)
		again, err := c.deliver(one, call, r)
		end()
		if ctx.Err() == nil && (err == nil || again) {
			t.told(err == nil)
		}
		switch {
		case err == nil:
			c.metrics.called(call.Function, outcomeDelivered)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if _, refused := errors.AsType[*refusedError](err); refused {
			c.metrics.called(call.Function, outcomeRefused)
			return err
		}
		if !again || attempt >= t.most {
			c.metrics.called(call.Function, outcomeFailed)
			return fmt.Errorf("after %d attempts: %w", attempt, err)
		}
		timer := time.NewTimer(backoff(attempt, c.config.FirstWait, c.config.MaxWait, 0))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// deliver sends r once, and where it is redirected. again: another attempt may do better.
func (c *callbacks) deliver(ctx context.Context, call function.Call, r *result) (again bool, err error) {
	u, err := url.Parse(call.Callback)
	if err != nil {
		return false, err
	}
	for range maxRedirects + 1 {
		client, err := c.clientFor(u)
		if err != nil {
			return false, err
		}
		status, next, err := c.post(ctx, client, u, call, r)
		switch {
		case err != nil:
			return true, err
		case status/100 == 2:
			return false, nil
		case status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect || next == nil:
			return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout,
				fmt.Errorf("%s answered %d", place(u), status)
		case next.Scheme != "http" && next.Scheme != "https":
			return false, refuse("redirected to %s", place(next))
		}
		u = next
	}
	return false, fmt.Errorf("redirected more than %d times", maxRedirects)
}

// place is what the log tells of u: the rest may be a secret.
func place(u *url.URL) string { return u.Scheme + "://" + u.Host }

// post makes one request. next is where it is redirected.
func (c *callbacks) post(ctx context.Context, client *http.Client, u *url.URL, call function.Call, r *result) (int, *url.URL, error) {
	target := *u
	if client == c.own {
		target.Host = c.gateway.Host
	}
	body := r.body()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), body)
	if err != nil {
		return 0, nil, err
	}
	if req.ContentLength = r.size; r.size == 0 {
		req.Body = http.NoBody
	}
	req.Header, req.Host = callbackHeaders(call, r), u.Host
	res, err := client.Do(req)
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // without the URL
		}
		return 0, nil, fmt.Errorf("%s: %w", place(u), err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	_ = res.Body.Close()                                         // only read
	next, err := res.Location()
	if err != nil {
		next = nil
	} else if target.Host != u.Host && next.Host == target.Host {
		next.Host = u.Host
	}
	return res.StatusCode, next, nil
}

// callbackHeaders are those of the function's answer, and those that say whose answer it is.
func callbackHeaders(call function.Call, r *result) http.Header {
	h := r.header.Clone()
	strip(h)
	h.Del("Content-Length")
	h.Del("Date")
	h.Set(callIDHeader, call.ID)
	h.Set(durationHeader, r.seconds())
	h.Set(statusHeader, fmt.Sprint(r.status))
	h.Set(nameHeader, call.Function)
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", "faas")
	}
	return h
}

// close lets go of the connections.
func (c *callbacks) close() {
	c.client.CloseIdleConnections()
	c.own.CloseIdleConnections()
}
