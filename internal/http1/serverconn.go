package http1

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// lookEvery is how often it is looked, while a server has nothing to say, whether its kernel does, the client is still
	// there and the time is not over.
	lookEvery = 200 * time.Millisecond
	// serverSilence is how long a server's kernel may leave unanswered what was sent to it.
	serverSilence = 4 * time.Second
	// smallBuffer is what an exchange reads into. A longer body gets bigBuffer.
	smallBuffer, bigBuffer = 8 << 10, 128 << 10
	// maxResponseHead bounds the head of an answer.
	maxResponseHead = 1 << 20
)

// A serverConn is a connection to a server, with one exchange on it at a time.
type serverConn struct {
	pool      *Pool
	conn      net.Conn
	raw       syscall.RawConn
	silence   silence
	deadline  time.Time // of the next read, as set
	end       time.Time // of the exchange; zero: none
	idleSince time.Time
	reused    bool

	buf     *[]byte // nil while it is idle
	r, w    int     // what is read and not used yet
	head    responseHead
	left    int64 // of the body, or of the chunk
	framed  framing
	trailer []byte // of a chunked body, as lines

	look func(now time.Time) error // why the exchange should end; asked every lookEvery

	poller poller
	peek   func(fd uintptr) // sets dead
	dead   bool
}

// framing is how the end of a body is found.
type framing int

const (
	byLength framing = iota
	byChunks
	byClose
	ended
)

var buffers = [2]sync.Pool{
	{New: func() any { b := make([]byte, smallBuffer); return &b }},
	{New: func() any { b := make([]byte, bigBuffer); return &b }},
}

func giveBack(b *[]byte) {
	switch cap(*b) {
	case smallBuffer:
		buffers[0].Put(b)
	case bigBuffer:
		buffers[1].Put(b)
	}
}

func newServerConn(p *Pool, nc net.Conn) (*serverConn, error) {
	c := &serverConn{pool: p, conn: nc}
	if sc, ok := nc.(syscall.Conn); ok {
		raw, err := sc.SyscallConn()
		if err != nil {
			return nil, errors.Join(err, nc.Close())
		}
		c.raw, c.silence = raw, silence{raw: raw, longest: serverSilence}
	}
	c.peek = func(fd uintptr) { c.dead = c.poller.readable(fd) }
	return c, nil
}

// stale reports whether an idle connection has ended, or says something unasked.
func (c *serverConn) stale() bool {
	c.dead = c.raw.Control(c.peek) != nil || c.dead
	return c.dead
}

// rest lets go of what only an exchange needs.
func (c *serverConn) rest(now time.Time) {
	c.idleSince, c.reused, c.look = now, true, nil
	c.head.forget()
	if cap(c.trailer) > smallBuffer {
		c.trailer = nil
	}
	if c.buf != nil {
		giveBack(c.buf)
		c.buf = nil
	}
}

func (c *serverConn) close() {
	_ = c.conn.Close() // nothing waits to be sent
	if c.buf != nil {
		giveBack(c.buf)
		c.buf = nil
	}
}

// fill reads more, at least a byte.
func (c *serverConn) fill() error {
	for {
		n, err := c.conn.Read((*c.buf)[c.w:])
		c.w += n
		if n > 0 {
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			if err == nil {
				err = io.ErrNoProgress
			}
			return err
		}
		if err := c.await(); err != nil {
			return err
		}
	}
}

// await is between two reads that brought nothing: it says why there should not be another, or lets that take its time.
func (c *serverConn) await() error {
	now := time.Now()
	if c.look != nil {
		if err := c.look(now); err != nil {
			return err
		}
	}
	if c.silence.tooLong(now) {
		return silentError(c.conn)
	}
	return c.setDeadline(c.nextLook(now))
}

func (c *serverConn) setDeadline(t time.Time) error {
	c.deadline = t
	return c.conn.SetReadDeadline(t)
}

// begin prepares for an answer. end is when the exchange must be over, zero for never.
func (c *serverConn) begin(look func(time.Time) error, end time.Time) error {
	if c.buf == nil {
		c.buf = buffers[0].Get().(*[]byte)
	}
	c.r, c.w, c.look, c.end = 0, 0, look, end
	// A deadline that is there already is at most one look away, and good enough unless it is over.
	now := time.Now()
	if next := c.nextLook(now); !c.deadline.After(now) || next.Before(c.deadline) {
		return c.setDeadline(next)
	}
	return nil
}

func (c *serverConn) nextLook(now time.Time) time.Time {
	next := now.Add(lookEvery)
	if !c.end.IsZero() && c.end.Before(next) {
		return c.end
	}
	return next
}

// errServerClosed says that a server closed the connection without a word.
var errServerClosed = errors.New("the server closed the connection without an answer")

// readHead reads the head of the next answer, which may be one of several (1xx) to a request.
func (c *serverConn) readHead(method []byte) error {
	for looked := 0; ; {
		unread := (*c.buf)[c.r:c.w]
		n, err := c.head.parse(unread, looked)
		looked = len(unread)
		if err != nil {
			return err
		}
		if n > 0 {
			c.r += n
			c.frame(method)
			return nil
		}
		if c.w == len(*c.buf) {
			if err := c.grow(); err != nil {
				return err
			}
		}
		if err := c.fill(); err != nil {
			if errors.Is(err, io.EOF) {
				if err = io.ErrUnexpectedEOF; c.r == c.w {
					err = errServerClosed
				}
			}
			return err
		}
	}
}

// grow makes room for more of a head.
func (c *serverConn) grow() error {
	if c.r > 0 {
		c.w = copy(*c.buf, (*c.buf)[c.r:c.w])
		c.r = 0
		return nil
	}
	if len(*c.buf) >= maxResponseHead {
		return fmt.Errorf("the head of the answer is longer than %d bytes", maxResponseHead)
	}
	next := make([]byte, 2*len(*c.buf))
	copy(next, *c.buf)
	giveBack(c.buf)
	c.buf = &next
	return nil
}

// frame finds out how the body ends.
func (c *serverConn) frame(method []byte) {
	switch {
	case c.head.bodyless(method):
		c.framed, c.left = ended, 0
	case c.head.chunked:
		c.framed, c.left, c.trailer = byChunks, chunkLine, c.trailer[:0]
	case c.head.length >= 0:
		if c.framed, c.left = byLength, c.head.length; c.left == 0 {
			c.framed = ended
		}
	default:
		c.framed, c.head.close = byClose, true
	}
}

// next returns more of the body, which is valid until the next call; io.EOF at its end. It reads only where block says that
// it may wait, and else returns nothing.
func (c *serverConn) next(block bool) ([]byte, error) {
	for {
		if c.framed == ended {
			return nil, io.EOF
		}
		if c.framed == byChunks && c.left <= 0 {
			more, err := c.nextChunk()
			if err != nil {
				return nil, err
			}
			if !more {
				if !block {
					return nil, nil
				}
				if err := c.fillBody(); err != nil {
					return nil, err
				}
			}
			continue
		}
		if c.r < c.w {
			return c.advance(), nil
		}
		if !block {
			return nil, nil
		}
		if err := c.fillBody(); err != nil {
			if c.framed == byClose && errors.Is(err, io.EOF) {
				c.framed = ended
				continue
			}
			return nil, err
		}
	}
}

// advance uses up what is there of a body.
func (c *serverConn) advance() []byte {
	part := (*c.buf)[c.r:c.w]
	if c.framed == byClose {
		c.r = c.w
		return part
	}
	part = part[:min(int64(len(part)), c.left)]
	c.r += len(part)
	if c.left -= int64(len(part)); c.left == 0 {
		if c.framed == byLength {
			c.framed = ended
		} else {
			c.left = afterChunk
		}
	}
	return part
}

// fillBody reads more of a body.
func (c *serverConn) fillBody() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(*c.buf) {
		if err := c.grow(); err != nil {
			return err
		}
	}
	err := c.fill()
	if errors.Is(err, io.EOF) && c.framed != byClose {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// widen gets a bigger buffer for a long body.
func (c *serverConn) widen() {
	if cap(*c.buf) >= bigBuffer {
		return
	}
	big := buffers[1].Get().(*[]byte)
	c.w = copy(*big, (*c.buf)[c.r:c.w])
	c.r = 0
	giveBack(c.buf)
	c.buf = big
}
