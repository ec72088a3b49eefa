package http1

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"log"
	"net"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// requestBuffer holds a head and the beginning of a body. A longer head takes the long way.
	requestBuffer = 4 << 10
	// idleSlack is how much longer than the server's IdleTimeout a connection may be idle, so that its deadline is set once in
	// a while and not for each request.
	idleSlack = time.Minute
)

// A clientConn is a connection of a client.
//
//	        a byte            a head
//	idle ───────────▶ reading ───────▶ busy ──▶ idle, or closed
//	  │                  │  not ordinary, or not wanted
//	  └──▶ closed        └──▶ handed to the long way
type clientConn struct {
	server  *Server
	conn    net.Conn
	raw     syscall.RawConn
	session Session
	state   atomic.Int32

	buf      []byte
	r, w     int
	deadline time.Time // of the next read, as set; zero: none
	served   bool      // at least one request

	writeBound time.Time // of the next write, as set but for an exchange's own limit; zero: none
	exchange   Exchange

	poller poller
	peek   func(fd uintptr) // sets gone
	gone   bool
}

const (
	stateIdle int32 = iota
	stateBusy
	stateClosed
)

func newClientConn(s *Server, nc net.Conn) *clientConn {
	c := &clientConn{server: s, conn: nc, buf: make([]byte, requestBuffer)}
	if sc, ok := nc.(syscall.Conn); ok {
		c.raw, _ = sc.SyscallConn() // nil for one that is closed already, as the first read finds
	}
	c.peek = func(fd uintptr) { c.gone = c.poller.peerClosed(fd) }
	return c
}

// serve reads requests until the connection ends or is handed on.
func (c *clientConn) serve() {
	defer c.server.forget(c)
	defer c.survive()
	c.session = c.server.Handler.Open(c.conn)
	x := &c.exchange
	x.c = c
	x.look = x.whyEnd
	for c.awaitRequest() {
		ordinary, err := c.readRequest()
		if err != nil {
			break
		}
		if !ordinary {
			c.handOn()
			return
		}
		c.served = true
		if !c.session.Serve(x) {
			c.r = x.start
			c.handOn()
			return
		}
		if !x.finish() || !c.becomeIdle() {
			break
		}
	}
	c.linger()
	_ = c.conn.Close() // what it says changes nothing
}

// survive ends the connection alone when a session panics, as net/http does.
func (c *clientConn) survive() {
	v := recover()
	if v == nil {
		return
	}
	_ = c.conn.Close() // it may have ended by itself
	format, args := "http1: panic serving %v: %v\n%s", []any{c.conn.RemoteAddr(), v, debug.Stack()}
	if l := c.server.Long.ErrorLog; l != nil {
		l.Printf(format, args...)
	} else {
		log.Printf(format, args...)
	}
}

// awaitRequest waits for the first byte of a request. False: the connection is over.
func (c *clientConn) awaitRequest() bool {
	if c.r < c.w {
		return c.state.CompareAndSwap(stateIdle, stateBusy)
	}
	c.r, c.w = 0, 0
	if !c.served {
		c.setDeadline(time.Now().Add(c.server.headerTimeout()))
	} else if idle := c.server.idleTimeout(); idle > 0 {
		if now := time.Now(); c.deadline.IsZero() || c.deadline.Sub(now) < idle || c.deadline.Sub(now) > idle+idleSlack {
			c.setDeadline(now.Add(idle + idleSlack))
		}
	} else if !c.deadline.IsZero() {
		c.setDeadline(time.Time{})
	}
	n, err := c.conn.Read(c.buf)
	c.w = n
	return (n > 0 || err == nil) && c.state.CompareAndSwap(stateIdle, stateBusy)
}

func (c *clientConn) setDeadline(t time.Time) {
	c.deadline = t
	_ = c.conn.SetReadDeadline(t) // the read finds what is wrong
}

// readRequest reads the rest of a head. False: it is not ordinary. An error: it does not come.
func (c *clientConn) readRequest() (ordinary bool, err error) {
	x := &c.exchange
	for begun := false; ; begun = true {
		n, err := x.request.parse(c.buf[c.r:c.w])
		if err != nil {
			return false, nil //nolint:nilerr // that it is not ordinary is all that the error says
		}
		if n > 0 {
			x.begin(n)
			return true, nil
		}
		if c.w == len(c.buf) {
			if c.r == 0 {
				return false, nil // too long
			}
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		}
		if !looksOrdinary(c.buf[c.r:c.w]) {
			return false, nil
		}
		if !begun { // the time is for the whole head
			c.setDeadline(time.Now().Add(c.server.headerTimeout()))
		}
		m, err := c.conn.Read(c.buf[c.w:])
		c.w += m
		if m == 0 && err != nil {
			return false, err
		}
	}
}

// looksOrdinary reports whether what there is of a head could become an ordinary one, so that a client that speaks
// something else (TLS, HTTP/2, lines without CR) hears of it at once.
func looksOrdinary(buf []byte) bool {
	if bytes.Contains(buf, []byte("\n\n")) {
		return false
	}
	for _, c := range buf {
		if c == ' ' {
			return true
		}
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// handOn gives the connection to the long way with all that was read and not used.
func (c *clientConn) handOn() {
	_ = c.conn.SetDeadline(time.Time{}) // for writing too: the other server sets its own
	c.server.hand(&handedConn{Conn: c.conn, raw: c.raw, rest: append([]byte(nil), c.buf[c.r:c.w]...)})
}

// becomeIdle ends a request. False: the connection is over.
func (c *clientConn) becomeIdle() bool {
	c.state.Store(stateIdle)
	return !c.server.draining.Load()
}

// endIfIdle closes the connection unless a request is under way.
func (c *clientConn) endIfIdle() {
	if c.state.CompareAndSwap(stateIdle, stateClosed) {
		_ = c.conn.Close() // it may have ended by itself
	}
}

// hungUp asks whether the client has closed the connection.
func (c *clientConn) hungUp() bool {
	if c.raw == nil {
		return false
	}
	c.gone = c.raw.Control(c.peek) != nil || c.gone
	return c.gone
}

// lingerTime is how long what a client still sends is taken before its connection is closed, so that it gets the answer
// and not a reset.
const lingerTime = 500 * time.Millisecond

func (c *clientConn) linger() {
	if !c.exchange.unread {
		return
	}
	half, ok := c.conn.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && c.conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.Copy(io.Discard, c.conn) // the deadline is how it usually ends
	}
}

// idleTimeout is as in net/http.
func (s *Server) idleTimeout() time.Duration { return cmp.Or(s.Long.IdleTimeout, s.Long.ReadTimeout) }

// headerTimeout is how long the rest of a head may take.
func (s *Server) headerTimeout() time.Duration {
	return cmp.Or(s.Long.ReadHeaderTimeout, s.Long.ReadTimeout, time.Minute)
}

// A handedConn is a connection of which a part was read.
type handedConn struct {
	net.Conn
	raw  syscall.RawConn
	rest []byte
}

// Read implements net.Conn.
func (c *handedConn) Read(p []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		if c.rest = c.rest[n:]; len(c.rest) == 0 {
			c.rest = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// NetConn is the connection as it was accepted.
func (c *handedConn) NetConn() net.Conn { return c.Conn }

// SyscallConn implements syscall.Conn.
func (c *handedConn) SyscallConn() (syscall.RawConn, error) {
	if c.raw == nil {
		return nil, errors.ErrUnsupported
	}
	return c.raw, nil
}

// ReadFrom keeps sendfile(2) and splice(2).
func (c *handedConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// CloseWrite ends the writing half, if the connection has halves.
func (c *handedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
