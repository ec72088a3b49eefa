package http1

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// An Exchange is one request and its answer. It belongs to its connection, and with all that its methods return is valid
// until Session.Serve returns.
type Exchange struct {
	c       *clientConn
	request requestHead
	start   int    // of the request in the connection's buffer
	body    []byte // what has come of the body with the head
	upload  upload // of the rest

	end  time.Time
	look func(time.Time) error

	server  *serverConn // with the answer; nil without
	out     []byte      // of the answer, not written yet
	written int64       // of the answer
	status  int         // of the answer that was begun
	sent    int64       // of its body
	close   bool        // the connection ends with the answer
	unread  bool        // of the body there is more to come
	limit   time.Time   // when writing to the client must be over; zero: x.end says, roughly
}

// Edits are what a proxy changes of the header on its way.
type Edits interface {
	// KeepRequest reports whether a field of the request goes to the server.
	KeepRequest(Field) bool
	// AppendRequest appends lines, each with its CRLF, to the header of the request.
	AppendRequest(dst []byte) []byte
	// KeepAnswer reports whether a field of the answer goes to the client.
	KeepAnswer(Field) bool
	// AppendAnswer appends lines to the header of the answer.
	AppendAnswer(dst []byte) []byte
}

// begin takes in a request whose head is n bytes long.
func (x *Exchange) begin(n int) {
	c := x.c
	x.start = c.r
	c.r += n
	have := min(int64(c.w-c.r), x.request.length)
	x.body = c.buf[c.r : c.r+int(have)]
	c.r += int(have)
	x.upload = upload{left: x.request.length - have, done: x.upload.done}
	x.end, x.server, x.out, x.written, x.status, x.sent = time.Time{}, nil, x.out[:0], 0, 0, 0
	x.close, x.unread = x.request.close, false
	if d := c.server.Long.WriteTimeout; d > 0 {
		x.limitWriting(time.Now().Add(d))
	}
}

// Method is the request's.
func (x *Exchange) Method() []byte { return x.request.method }

// Target is the path and the query of the request, as they came.
func (x *Exchange) Target() []byte { return x.request.target }

// Host is the request's own.
func (x *Exchange) Host() []byte { return x.request.host }

// ContentLength is how long the body is, in bytes.
func (x *Exchange) ContentLength() int64 { return x.request.length }

// Field returns the value of the request's field of that name, which is in lower case, or nil.
func (x *Exchange) Field(name string) []byte { return valueOf(x.request.fields, name) }

// Fields are those of the request, but for Host, Connection and Content-Length.
func (x *Exchange) Fields() []Field { return x.request.fields }

// AppendValues appends the values of the request's fields of that name, which is in lower case, each followed by a comma.
func (x *Exchange) AppendValues(dst []byte, name string) []byte {
	for _, f := range x.request.fields {
		if f.Is(name) {
			dst = append(append(dst, f.Value...), ", "...)
		}
	}
	return dst
}

func valueOf(fields []Field, name string) []byte {
	for _, f := range fields {
		if f.Is(name) {
			return f.Value
		}
	}
	return nil
}

// SetDeadline says when the exchange must be over, zero for never. It is called before Send.
func (x *Exchange) SetDeadline(t time.Time) { x.end = t }

// whyEnd is asked while the server has nothing to say.
func (x *Exchange) whyEnd(now time.Time) error {
	switch {
	case x.c.server.closed.Load(), !x.upload.running && x.c.hungUp():
		return context.Canceled
	case !x.end.IsZero() && !now.Before(x.end):
		return context.DeadlineExceeded
	}
	return nil
}

// Send sends the request to the server of p as target, and reads the head of the answer. ctx is for connecting. Of what the
// answer is, AnswerStatus and AnswerField tell; then Deliver or Dismiss must be called. Errors: context.DeadlineExceeded,
// context.Canceled where the client left, a *BodyError, else what is wrong with the server; NeverConnected tells whether
// that knows of the request.
func (x *Exchange) Send(ctx context.Context, p *Pool, target []byte, e Edits) error {
	for retried := false; ; retried = true {
		s, err := x.connect(ctx, p)
		if err != nil {
			return err
		}
		reused := s.reused
		if err = x.send(s, target, e); err == nil {
			x.server = s
			return nil
		}
		began := x.upload.began
		s.close()
		if err = x.upload.stop(x, err); !reused || began || retried || x.Begun() ||
			!closedByPeer(err) || !Idempotent(x.request.method) {
			return err
		}
		p.Forget() // the server was started anew, or the others have timed out as well
	}
}

func (x *Exchange) connect(ctx context.Context, p *Pool) (*serverConn, error) {
	if s := p.take(time.Now()); s != nil {
		return s, nil
	}
	if !x.end.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, x.end)
		defer cancel()
	}
	s, err := p.dial(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return s, err
}

// send writes the request and reads until the head of the final answer.
func (x *Exchange) send(s *serverConn, target []byte, e Edits) error {
	if err := s.begin(x.look, x.end); err != nil {
		return err
	}
	x.out = x.appendRequest(x.out[:0], target, e)
	_, failed := s.conn.Write(x.out)
	x.out = x.out[:0]
	if failed == nil && x.upload.left > 0 {
		x.upload.start(x, s)
	}
	for {
		if err := s.readHead(x.request.method); err != nil {
			return cmpErr(failed, err) // an answer may have come before the connection ended
		}
		switch status := s.head.status; {
		case status == http.StatusSwitchingProtocols:
			return errors.New("the server switches protocols unasked")
		case status >= 200:
			if failed != nil { // the body was never sent, and what is still to come of it is no request
				s.head.close = true
				x.upload.abandon(x)
			}
			return nil
		case status != http.StatusContinue: // which nobody asked for
			x.appendHead(s, nil)
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
}

func cmpErr(first, second error) error {
	if first != nil && !errors.Is(second, context.DeadlineExceeded) && !errors.Is(second, context.Canceled) {
		return first
	}
	return second
}

// closedByPeer tells an error of a connection that the server has closed before it said anything.
func closedByPeer(err error) bool {
	return errors.Is(err, errServerClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// Idempotent has the methods of RFC 9110, section 9.2.2: sending one twice asks for the same as once.
func Idempotent[T string | []byte](method T) bool {
	switch string(method) {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

func (x *Exchange) appendRequest(dst, target []byte, e Edits) []byte {
	dst = append(dst, x.request.method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, x.request.host...)
	dst = append(dst, "\r\n"...)
	for _, f := range x.request.fields {
		if e.KeepRequest(f) {
			dst = appendField(dst, f)
		}
	}
	if x.request.sized {
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, x.request.length, 10)
		dst = append(dst, "\r\n"...)
	}
	dst = e.AppendRequest(dst)
	dst = append(dst, "\r\n"...)
	return append(dst, x.body...)
}

// ClientGone asks whether the client has closed the connection.
func (x *Exchange) ClientGone() bool { return x.c.hungUp() }

// Begun reports whether something was sent to the client.
func (x *Exchange) Begun() bool { return x.written > 0 }

// finish sends the last of the answer and ends the exchange. False: so does the connection.
func (x *Exchange) finish() bool {
	_ = x.flush()                // a client that left needs no more; write has noted it
	if s := x.server; s != nil { // the answer is whole, and the body still comes
		x.server = nil
		x.upload.finish(x, s)
		s.close() // what it has not read yet would stand in the way of the next request
	}
	x.upload.abandon(x)
	if !x.limit.IsZero() {
		x.limitWriting(time.Time{})
		x.c.writeBound = time.Time{}
	}
	if cap(x.out) > 2*flushAt {
		x.out = nil
	}
	return !x.close
}
