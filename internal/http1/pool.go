package http1

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ClientOptions configure a Client. The zero value is usable.
type ClientOptions struct {
	// MaxIdle bounds the connections kept open between requests to all servers, MaxIdlePerServer those to one. Zero: 1024.
	MaxIdle, MaxIdlePerServer int
	// IdleTimeout is how long a connection is kept unused. It should be shorter than the servers' own. Zero: 90 s.
	IdleTimeout time.Duration
	// DialTimeout bounds one attempt to connect. Zero: 1 s.
	DialTimeout time.Duration
}

// Client opens connections to servers and keeps them. It has a Pool for each server.
type Client struct {
	opts   ClientOptions
	dialer net.Dialer
	idle   atomic.Int64 // in all pools

	mu    sync.Mutex
	pools map[*Pool]struct{}
}

// NewClient makes a Client.
func NewClient(o ClientOptions) *Client {
	def := func(v *int) {
		if *v == 0 {
			*v = 1024
		}
	}
	def(&o.MaxIdle)
	def(&o.MaxIdlePerServer)
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 90 * time.Second
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = time.Second
	}
	return &Client{
		opts: o, dialer: net.Dialer{Timeout: o.DialTimeout, KeepAlive: 30 * time.Second}, pools: map[*Pool]struct{}{},
	}
}

// Pool keeps the idle connections to one server. Its methods are safe for concurrent use.
type Pool struct {
	client *Client
	addr   string // host:port

	mu     sync.Mutex
	idle   []*serverConn // the last used is the last
	sweep  *time.Timer   // while there are any
	closed bool
}

// Pool makes the pool of the server at addr (host:port). It opens nothing yet.
func (c *Client) Pool(addr string) *Pool {
	p := &Pool{client: c, addr: addr}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pools[p] = struct{}{}
	return p
}

// Close closes all pools.
func (c *Client) Close() {
	c.mu.Lock()
	pools := slices.Collect(maps.Keys(c.pools))
	c.mu.Unlock()
	for _, p := range pools {
		p.Close()
	}
}

// Close closes the idle connections, and those in use once they are not.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	if p.sweep != nil {
		p.sweep.Stop()
	}
	p.mu.Unlock()
	p.drop(idle)
	p.client.mu.Lock()
	defer p.client.mu.Unlock()
	delete(p.client.pools, p)
}

// Forget closes the idle connections. Others may be kept again.
func (p *Pool) Forget() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	p.drop(idle)
}

func (p *Pool) drop(idle []*serverConn) {
	p.client.idle.Add(-int64(len(idle)))
	for _, c := range idle {
		c.close()
	}
}

// take returns an idle connection that is still good, or nil.
func (p *Pool) take(now time.Time) *serverConn {
	for {
		c := p.pop()
		if c == nil || now.Sub(c.idleSince) < p.client.opts.IdleTimeout && !c.stale() {
			return c
		}
		c.close()
	}
}

func (p *Pool) pop() *serverConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	p.client.idle.Add(-1)
	return c
}

// dial opens a connection.
func (p *Pool) dial(ctx context.Context) (*serverConn, error) {
	nc, err := p.client.dialer.DialContext(ctx, "tcp", p.addr)
	if err != nil {
		return nil, err
	}
	return newServerConn(p, nc)
}

// NeverConnected tells an error of connecting, after which a server knows nothing of the request. That a server takes too long
// to answer the dial is one, though it is also a context.DeadlineExceeded.
func NeverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// put keeps a connection for the next request, or closes it where there are enough.
func (p *Pool) put(c *serverConn, now time.Time) {
	c.rest(now)
	if !p.keep(c) {
		c.close()
	}
}

func (p *Pool) keep(c *serverConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= p.client.opts.MaxIdlePerServer {
		return false
	}
	if p.client.idle.Add(1) > int64(p.client.opts.MaxIdle) {
		p.client.idle.Add(-1)
		return false
	}
	p.idle = append(p.idle, c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.client.opts.IdleTimeout, p.sweepIdle)
	}
	return true
}

// sweepIdle closes what has been idle for too long, and comes again while something is left.
func (p *Pool) sweepIdle() {
	p.mu.Lock()
	n, limit := 0, time.Now().Add(-p.client.opts.IdleTimeout)
	for n < len(p.idle) && p.idle[n].idleSince.Before(limit) {
		n++
	}
	old := append([]*serverConn(nil), p.idle[:n]...)
	p.idle = slices.Delete(p.idle, 0, n)
	p.sweep = nil
	if len(p.idle) > 0 && !p.closed {
		p.sweep = time.AfterFunc(time.Until(p.idle[0].idleSince.Add(p.client.opts.IdleTimeout))+time.Millisecond, p.sweepIdle)
	}
	p.mu.Unlock()
	p.drop(old)
}
