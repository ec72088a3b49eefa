package watchdog

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"faas/internal/http1"
)

const (
	// bodyGrace is how long the rest of a body that nobody wants may take to
	// arrive, so that the connection can be used again.
	bodyGrace = 50 * time.Millisecond
	// lingerTime is how long a dropped connection still takes what its client
	// sends, so that the answer is not lost to a reset.
	lingerTime = 500 * time.Millisecond
)

// A listener counts the connections that it accepted and that are still open.
type listener struct {
	net.Listener
	open *atomic.Int64
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &conn{Conn: c, closed: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
}

// A conn is a connection whose reading can be given up while its writing goes
// on. net/http has no such thing: a read deadline interrupts a body, but the
// server then takes what is left of that body for the next request.
type conn struct {
	net.Conn
	closed  func()
	dropped atomic.Bool
}

// drop interrupts a blocked Read and makes all later ones report EOF.
func (c *conn) drop() {
	c.dropped.Store(true)
	_ = c.SetReadDeadline(time.Unix(1, 0)) // it fails on closed connections only
}

func (c *conn) Read(p []byte) (int, error) {
	if c.dropped.Load() {
		return 0, io.EOF
	}
	return c.Conn.Read(p)
}

// SyscallConn implements syscall.Conn.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if sc, ok := c.Conn.(syscall.Conn); ok {
		return sc.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// ReadFrom keeps sendfile(2) for static files.
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// CloseWrite ends the writing half, if the connection has halves.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close closes the connection, after a linger when its client may still be sending.
func (c *conn) Close() error {
	defer c.closed()
	if c.dropped.Load() && c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.Copy(io.Discard, c.Conn) // the deadline is how it usually ends
	}
	return c.Conn.Close()
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	if handed, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = handed.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}

// hungUp says whether the other side has closed the connection. net/http
// notices only once it has read the whole body, which takes for ever when the
// process does not want it.
func (c *conn) hungUp() bool { return http1.HungUp(c) }

// A requestBody can be closed while another goroutine is blocked in Read.
type requestBody struct {
	io.ReadCloser
	conn    *conn
	done    atomic.Bool // read to its end
	closing atomic.Bool
	late    atomic.Bool // not read in time
}

// ownBody makes the body of r safe to close while it is being read.
func ownBody(r *http.Request) {
	if _, whole := r.Body.(http1.WholeBody); whole {
		return
	}
	if c := connOf(r.Context()); c != nil && r.Body != http.NoBody {
		r.Body = &requestBody{ReadCloser: r.Body, conn: c}
	}
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.done.Store(true)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && !b.closing.Load() {
		b.late.Store(true)
	}
	return n, err
}

// Close drops the connection unless the body has been read to its end or the
// rest of it arrives in a moment.
func (b *requestBody) Close() error {
	if b.closing.Swap(true) {
		return nil
	}
	if !b.done.Load() && b.conn.SetReadDeadline(time.Now().Add(bodyGrace)) == nil {
		_, _ = io.Copy(io.Discard, b) // done says how it ended
	}
	if !b.done.Load() {
		b.conn.drop()
	}
	return b.ReadCloser.Close()
}

// disownBody closes the body of r. With full duplex the server must not meet
// the end of it: it would start to watch for the client's leaving at that
// point, while it also reads the next request.
func disownBody(res *response, r *http.Request) {
	b, ok := r.Body.(*requestBody)
	if !ok {
		return
	}
	_ = b.Close() // done says how it ended
	if !b.done.Load() && res.status == 0 {
		res.Header().Set("Connection", "close")
	}
}
