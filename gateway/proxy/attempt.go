package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"faas/function"
	"faas/internal/http1"
	"faas/internal/httperr"
)

// roundTripper sends one outgoing request to replicas until one answers.
type roundTripper struct{ f *Forwarder }

// RoundTrip implements http.RoundTripper.
func (rt roundTripper) RoundTrip(out *http.Request) (*http.Response, error) {
	x := exchangeOf(out)
	body := &sentBody{ReadCloser: out.Body}
	x.body.Store(body)
	var tries attempts
	for {
		target, err := x.Acquire(out.Context())
		if err != nil {
			return nil, tries.noReplica(err)
		}
		res, err := rt.f.transport.RoundTrip(attempt(out, target, body))
		if err == nil && x.Slots && out.Body == nil && noRoom(res) && tries.refused() {
			dismiss(res)
			target.Refused(rt.f.now())
			x.Release(target)
			continue
		}
		if err == nil {
			target.Answered()
			res.Request = out
			lend := &lentBody{release: func() { x.Release(target) }}
			res.Body = lend.wrap(res.Body)
			return res, nil
		}
		x.Release(target)
		if cause := notTheReplica(out.Context(), body, err); cause != nil {
			return nil, cause
		}
		if err := tries.failed(target, err, rt.f.now(), http1.Idempotent(out.Method) && body.sent.Load() == 0); err != nil {
			return nil, err
		}
	}
}

// noRoom tells that a watchdog did not begin the request because its slots are taken: by another gateway, by whoever calls
// it without one, or by a request that ends just now.
func noRoom(res *http.Response) bool {
	return res.StatusCode == http.StatusTooManyRequests && res.Header.Get(httperr.OriginHeader) == httperr.Middleware
}

// dismiss ends an answer that nobody gets, so that its connection can be used again where little is left.
func dismiss(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // what fails costs the connection
	_ = res.Body.Close()                         // as above
}

// attempt is out, addressed to target.
func attempt(out *http.Request, target *Target, body *sentBody) *http.Request {
	try := *out // shallow: a transport changes neither header nor URL
	address := *out.URL
	address.Host = target.Addr
	try.URL = &address
	if out.Body != nil && out.Body != http.NoBody {
		try.Body = body
	}
	return try.WithContext(out.Context())
}

// notTheReplica returns the cause of a failed attempt where that is on this side of the replica: the
// caller's time or patience is over, its body cannot be read, or this process has run out of something.
func notTheReplica(ctx context.Context, body *sentBody, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if cause := body.failure.Load(); cause != nil {
		return *cause
	}
	return shortage(err)
}

// sentBody counts what was taken of the body, keeps the error that ended it, and survives the close with
// which a transport ends a failed attempt. The server closes the real one.
type sentBody struct {
	io.ReadCloser
	sent    atomic.Int64
	ended   atomic.Bool
	failure atomic.Pointer[error]
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.sent.Add(int64(n))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		b.ended.Store(true)
	case errors.As(err, &tooLarge):
		b.failure.Store(&err)
	default:
		bad := function.Invalidf("the request's body cannot be read: %w", err)
		b.failure.Store(&bad)
	}
	return n, err
}

func (b *sentBody) Close() error { return nil }

// serverDrains is how much of a body that nobody read Go's server takes by itself, to use the connection
// again. Where more is left it closes the connection.
const serverDrains = 256 << 10

// spoils tells whether what is left of a body of that length (-1: unknown) is more than the server drains.
func (b *sentBody) spoils(length int64) bool {
	if b == nil || length == 0 || b.ended.Load() {
		return false
	}
	return length < 0 || length-b.sent.Load() >= serverDrains
}

// lentBody gives the replica back when its answer is closed.
type lentBody struct {
	io.ReadCloser
	once    sync.Once
	release func()
}

// wrap keeps the writing side of an upgraded connection (a WebSocket), which is a body as well.
func (b *lentBody) wrap(body io.ReadCloser) io.ReadCloser {
	b.ReadCloser = body
	if w, ok := body.(io.Writer); ok {
		return struct {
			*lentBody
			io.Writer
		}{b, w}
	}
	return b
}

func (b *lentBody) Close() error {
	defer b.once.Do(b.release)
	return b.ReadCloser.Close()
}

func unescape(path string) string {
	if p, err := url.PathUnescape(path); err == nil {
		return p
	}
	return path
}
