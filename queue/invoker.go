package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"faas/function"
	"faas/internal/httperr"
)

// invoker makes calls through the gateway.
type invoker struct {
	gateway string
	client  *http.Client
	most    int64
	spool   string
}

func newInvoker(o Options) *invoker {
	return &invoker{
		gateway: strings.TrimSuffix(o.Gateway, "/"), most: o.Config.MaxResult, spool: o.Spool,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
				MaxIdleConns:        o.Config.MaxInFlight,
				MaxIdleConnsPerHost: o.Config.MaxInFlight,
				IdleConnTimeout:     30 * time.Second,
				DisableCompression:  true,
			},
			// A redirect is the function's answer.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// call makes c once. The answer's body is kept where c has a callback, and read to its end where not. An error means that
// no whole answer came.
func (i *invoker) call(ctx context.Context, c function.Call) (*result, error) {
	req, err := i.request(ctx, c)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	res, err := i.client.Do(req)
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // without the URL
		}
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // only read
	r := &result{status: res.StatusCode, platform: res.Header.Get(httperr.OriginHeader) != "", header: res.Header}
	if c.Callback == "" {
		_, err = io.Copy(io.Discard, res.Body)
	} else {
		err = r.keep(res.Body, i.most, i.spool)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	r.duration = time.Since(began)
	return r, nil
}

func (i *invoker) request(ctx context.Context, c function.Call) (*http.Request, error) {
	target := i.gateway + "/function/" + url.PathEscape(c.Function) + c.Path
	if c.Query != "" {
		target += "?" + c.Query
	}
	var body io.Reader = http.NoBody
	if len(c.Body) > 0 {
		body = bytes.NewReader(c.Body)
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, target, body)
	if err != nil {
		return nil, function.Invalidf("%w", err)
	}
	req.Header = http.Header(c.Header).Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	strip(req.Header)
	for _, name := range []string{"Host", "Content-Length", "Expect"} {
		req.Header.Del(name)
	}
	if c.ID != "" {
		req.Header.Set(callIDHeader, c.ID)
	}
	if _, given := req.Header["User-Agent"]; !given {
		req.Header["User-Agent"] = nil // don't add Go's own
	}
	return req, nil
}

// close lets go of the connections.
func (i *invoker) close() { i.client.CloseIdleConnections() }

// strip takes out what is about one connection and not about the message.
func strip(h http.Header) {
	for _, list := range h.Values("Connection") {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade",
	} {
		h.Del(name)
	}
}
