package watchdog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

const (
	// upstreamIdle is shorter than the keep-alive time of common servers (2 s
	// and up): a server that closes a connection just when a POST is sent on
	// it would cost that request, while dialling this machine costs 50 µs.
	upstreamIdle = time.Second
	// upstreamConns bounds idle connections only.
	upstreamConns = 1024
)

// A proxy forwards requests to the server of http mode.
type proxy struct {
	server     *server
	target     *url.URL
	reverse    *httputil.ReverseProxy
	transport  *http.Transport
	bufferBody bool
	maxBody    size // of a body that is buffered
}

func newProxy(c Config, s *server, target *url.URL, log *slog.Logger) *proxy {
	t := &http.Transport{
		MaxIdleConnsPerHost:   upstreamConns,
		IdleConnTimeout:       upstreamIdle,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true, // bytes pass as they are
	}
	buffers := &bufferPool{}
	buffers.New = func() any { return make([]byte, 32<<10) }
	return &proxy{
		server:     s,
		target:     target,
		transport:  t,
		bufferBody: c.BufferBody,
		maxBody:    size(c.MaxBody),
		reverse: &httputil.ReverseProxy{
			Transport:  t,
			BufferPool: buffers,
			ErrorLog:   slog.NewLogLogger(log.Handler(), slog.LevelDebug),
			Rewrite: func(pr *httputil.ProxyRequest) {
				pr.SetURL(target)
				pr.Out.Host = pr.In.Host
				pr.Out.URL.RawQuery = pr.In.URL.RawQuery
				pr.Out.Trailer = pr.In.Trailer // the server fills this very map when the body ends
				// The watchdog is no hop of its own: what the gateway said stays.
				for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
					if v, ok := pr.In.Header[name]; ok {
						pr.Out.Header[name] = v
					}
				}
			},
			ModifyResponse: func(res *http.Response) error {
				if res.StatusCode == http.StatusSwitchingProtocols {
					unbound(res.Request.Context())
				}
				return nil
			},
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
				w.(*response).err = err // invoke passed it in
			},
		},
	}
}

func (p *proxy) invoke(res *response, r *http.Request) error {
	ctx := r.Context()
	if p.bufferBody {
		body, err := readBody(r, p.maxBody)
		if err != nil {
			return err
		}
		r.ContentLength, r.TransferEncoding = int64(body.size), nil
		r.Body = io.NopCloser(body)
	}
	if err := p.server.acquire(ctx); err != nil {
		return err
	}
	defer p.server.release()
	p.reverse.ServeHTTP(res, r)
	if res.err == nil {
		return nil
	}
	if body, ok := r.Body.(*requestBody); ok && body.late.Load() {
		return errTimeout
	}
	if err := interrupted(ctx); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", errUpstream, res.err)
}

func (p *proxy) ready() bool { return p.server.ready() }

func (p *proxy) run(ctx context.Context) {
	defer p.transport.CloseIdleConnections()
	p.server.run(ctx)
}

type bufferPool struct{ sync.Pool }

func (p *bufferPool) Get() []byte  { return p.Pool.Get().([]byte) }
func (p *bufferPool) Put(b []byte) { p.Pool.Put(b) } //nolint:staticcheck // SA6002: a slice header per 32 KiB is cheap
