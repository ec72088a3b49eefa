package http1

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Handler opens a Session for each connection that a client makes.
type Handler interface {
	Open(conn net.Conn) Session
}

// Session answers the requests of one connection, one after the other.
type Session interface {
	// Serve answers the request of x, or returns false for one that net/http's server is to take, with nothing done.
	Serve(x *Exchange) bool
}

// Server serves ordinary requests by its Handler and hands the other connections to another server.
type Server struct {
	// Handler is required.
	Handler Handler
	// Long takes the connections of requests that are not ordinary or that the Handler does not want. Its timeouts hold for all.
	Long *http.Server

	mu       sync.Mutex
	listener net.Listener
	conns    map[*clientConn]struct{}
	handed   chan net.Conn
	draining atomic.Bool
	closed   atomic.Bool
	done     chan struct{} // closed with draining
}

// NewServer makes a Server.
func NewServer(h Handler, long *http.Server) *Server {
	return &Server{Handler: h, Long: long, conns: map[*clientConn]struct{}{}, handed: make(chan net.Conn), done: make(chan struct{})}
}

// Serve accepts connections from l until Shutdown or Close, and returns http.ErrServerClosed then.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		return errors.Join(http.ErrServerClosed, l.Close())
	}
	s.listener = l
	s.mu.Unlock()
	long := make(chan error, 1)
	go func() { long <- s.Long.Serve(handedListener{s, l.Addr()}) }()
	err := s.accept(l)
	if s.draining.Load() {
		err = http.ErrServerClosed
	} else {
		s.stop() // nobody asked for the end
		_ = s.Long.Close()
	}
	if failed := <-long; !errors.Is(failed, http.ErrServerClosed) && !errors.Is(failed, net.ErrClosed) {
		return errors.Join(err, failed)
	}
	return err
}

// accept serves what comes. A shortage, of descriptors say, is waited out.
func (s *Server) accept(l net.Listener) error {
	delay := time.Duration(0)
	for {
		nc, err := l.Accept()
		if err == nil {
			delay = 0
			s.start(nc)
			continue
		}
		var short interface{ Temporary() bool }
		if s.draining.Load() || !errors.As(err, &short) || !short.Temporary() {
			return err
		}
		delay = min(max(2*delay, 5*time.Millisecond), time.Second)
		select {
		case <-time.After(delay):
		case <-s.done:
			return err
		}
	}
}

func (s *Server) start(nc net.Conn) {
	c := newClientConn(s, nc)
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		_ = nc.Close() // nothing was read
		return
	}
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	go c.serve()
}

func (s *Server) forget(c *clientConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// stop makes the server take no more connections and end those that are idle.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Swap(true) {
		return
	}
	close(s.done)
	if s.listener != nil {
		_ = s.listener.Close() // accept returns what it says
	}
	for c := range s.conns {
		c.endIfIdle()
	}
}

// Shutdown takes no more connections, ends those that are idle and waits until the others are, or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	long := s.Long.Shutdown(ctx)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.open() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(long, context.Cause(ctx))
		}
	}
	return long
}

func (s *Server) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Close breaks all connections off.
func (s *Server) Close() error {
	s.stop()
	s.closed.Store(true)
	s.mu.Lock()
	for c := range s.conns {
		_ = c.conn.Close() // it may have ended by itself
	}
	s.mu.Unlock()
	return s.Long.Close()
}

// hand gives a connection to the long way.
func (s *Server) hand(c net.Conn) {
	select {
	case s.handed <- c:
	case <-s.done:
		_ = c.Close() // net/http's server, too, ends a connection on which a first request is under way when it shuts down
	}
}

// handedListener is where the long way gets its connections from.
type handedListener struct {
	s    *Server
	addr net.Addr
}

// Accept implements net.Listener.
func (l handedListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.s.handed:
		return c, nil
	case <-l.s.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. The connections are those of another, which the Server closes.
func (handedListener) Close() error { return nil }

// Addr implements net.Listener.
func (l handedListener) Addr() net.Addr { return l.addr }
