package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"faas/function"
	"faas/internal/httperr"
)

// maxResends bounds how often a request that reached a replica, and may have begun there, is sent
// again. A request that could not be delivered at all is tried until Acquire gives up.
const maxResends = 2

// maxRefusals bounds how often a request is sent again that a replica had no room for. With nothing else going on that is
// about 5 s.
const maxRefusals = 50

// roundTripper sends one outgoing request to replicas until one answers.
type roundTripper struct{ f *Forwarder }

// RoundTrip implements http.RoundTripper.
func (rt roundTripper) RoundTrip(out *http.Request) (*http.Response, error) {
	x := exchangeOf(out)
	body := &sentBody{ReadCloser: out.Body}
	x.body.Store(body)
	resends, refusals := 0, 0
	var failed error // why the last replica did not answer
	for {
		target, err := x.Acquire(out.Context())
		if err != nil {
			if failed != nil {
				return nil, fmt.Errorf("%w: %w", ErrNoAnswer, failed)
			}
			return nil, err
		}
		res, err := rt.f.transport.RoundTrip(attempt(out, target, body))
		if err == nil && x.Slots && refusals < maxRefusals && out.Body == nil && noRoom(res) {
			refusals++
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
		failed = fmt.Errorf("replica %s at %s: %w", target.ID, target.Addr, err)
		target.Quarantine(rt.f.now())
		if neverConnected(err) {
			continue
		}
		if !idempotent(out.Method) || body.sent.Load() > 0 || resends == maxResends {
			return nil, fmt.Errorf("%w: %w", ErrNoAnswer, failed)
		}
		resends++
	}
}

// noRoom tells that a watchdog did not begin the request because its slots are taken: by another gateway, by whoever calls
// it without one, or by a request that ends just now.
func noRoom(res *http.Response) bool {
	return res.StatusCode == http.StatusTooManyRequests && res.Header.Get(httperr.OriginHeader) == "faas-middleware"
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
	for _, short := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL,
	} {
		if errors.Is(err, short) {
			return function.Unavailablef("the gateway cannot open another connection: %w", err)
		}
	}
	return nil
}

// neverConnected tells an error of connecting, after which the replica knows nothing of the request.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// idempotent has the methods of RFC 9110, section 9.2.2: sending one twice asks for the same as once.
func idempotent(method string) bool {
	return slices.Contains([]string{
		http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete,
	}, method)
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
