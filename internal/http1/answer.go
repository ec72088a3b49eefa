package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// AnswerStatus is that of the answer that Send has read.
func (x *Exchange) AnswerStatus() int { return x.server.head.status }

// Status is that of the answer that was sent to the client, 0 before.
func (x *Exchange) Status() int { return x.status }

// AnswerField is as Field of the answer that Send has read.
func (x *Exchange) AnswerField(name string) []byte { return valueOf(x.server.head.fields, name) }

// BodyTaken reports whether a part of the request's body was read that cannot be sent again.
func (x *Exchange) BodyTaken() bool { return x.upload.began }

// Dismiss ends an answer that nobody gets. Its connection is kept where little is left.
func (x *Exchange) Dismiss() {
	s := x.server
	x.server = nil
	for n := 0; n < 4<<10; {
		part, err := s.next(true)
		n += len(part)
		if err != nil {
			x.release(s, err)
			return
		}
	}
	s.close()
}

// release gives a connection back on which an answer ended with err.
func (x *Exchange) release(s *serverConn, err error) {
	if err == io.EOF && !s.head.close && s.r == s.w { //nolint:errorlint // next's own
		s.pool.put(s, time.Now())
		return
	}
	s.close()
}

// Deliver passes the answer that Send has read to the client, as it comes. Errors: context.Canceled where the client left,
// context.DeadlineExceeded, else what is wrong with the server. The connection to the client is then broken off, so that
// a short answer does not look like a whole one.
func (x *Exchange) Deliver(e Edits) error {
	s := x.server
	x.appendHead(s, e)
	err := x.copyBody(s)
	if err == nil {
		if !x.upload.running {
			x.server = nil
			x.release(s, io.EOF)
		}
		return nil // else finish goes on
	}
	x.server, x.close = nil, true
	s.close()
	return x.upload.stop(x, err)
}

// appendHead appends the head of an answer to what goes to the client.
func (x *Exchange) appendHead(s *serverConn, e Edits) {
	h := &s.head
	dst := append(x.out, "HTTP/1.1"...)
	dst = append(dst, h.line[len("HTTP/1.1"):]...)
	dst = append(dst, "\r\n"...)
	for _, f := range h.fields {
		if e == nil || e.KeepAnswer(f) {
			dst = appendField(dst, f)
		}
	}
	if h.status < 200 {
		x.out = append(dst, "\r\n"...)
		return
	}
	x.status = h.status
	if !h.hasDate {
		dst = appendDate(dst, time.Now())
	}
	switch {
	case h.status == http.StatusNoContent:
	case h.length >= 0:
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, h.length, 10)
		dst = append(dst, "\r\n"...)
	case s.framed != ended || h.chunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	dst = e.AppendAnswer(dst)
	if x.close = x.close || x.c.server.draining.Load(); x.close {
		dst = append(dst, "Connection: close\r\n"...)
	}
	x.out = append(dst, "\r\n"...)
}

// flushAt is how much is gathered before it is written, though more is there.
const flushAt = 32 << 10

// copyBody passes the body of an answer on. What is there goes out before more is waited for; the last of it goes out when
// the session is done, so that a client which has the answer finds it counted.
func (x *Exchange) copyBody(s *serverConn) error {
	chunked := s.framed == byChunks || s.framed == byClose
	for {
		part, err := s.next(false)
		if part == nil && err == nil {
			if err := x.flush(); err != nil {
				return err
			}
			if s.framed == byLength && s.left > bigBuffer {
				if err := x.splice(s); err != nil {
					return err
				}
				continue
			}
			if s.left > smallBuffer || x.sent > bigBuffer {
				s.widen()
			}
			part, err = s.next(true)
		}
		if err == io.EOF { //nolint:errorlint // next's own
			break
		}
		if err != nil {
			return err
		}
		x.sent += int64(len(part))
		switch {
		case chunked:
			x.out = appendChunk(x.out, part)
		case len(x.out) == 0 && len(part) >= smallBuffer/2:
			if err := x.write(part); err != nil {
				return err
			}
		default:
			x.out = append(x.out, part...)
		}
		if len(x.out) >= flushAt {
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	if chunked {
		x.out = append(x.out, "0\r\n"...)
		x.out = append(x.out, s.trailer...)
		x.out = append(x.out, "\r\n"...)
	}
	return nil
}

// splice passes the rest of a long body on, without it coming here where the system can do that (splice(2) on Linux).
func (x *Exchange) splice(s *serverConn) error {
	x.boundWriting(true)
	for s.left > 0 {
		n, err := io.CopyN(x.c.conn, s.conn, s.left)
		s.left -= n
		x.sent += n
		x.written += n
		switch {
		case err == nil:
		case !x.end.IsZero() && !time.Now().Before(x.end):
			return context.DeadlineExceeded
		case errors.Is(err, os.ErrDeadlineExceeded) && !x.limit.IsZero() && !time.Now().Before(x.limit):
			x.close = true
			return errSlowClient
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := s.await(); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case x.c.hungUp():
			x.close = true
			return fmt.Errorf("%w: %w", context.Canceled, err)
		default:
			return err
		}
	}
	s.framed = ended
	return nil
}

func (x *Exchange) flush() error {
	if len(x.out) == 0 {
		return nil
	}
	err := x.write(x.out)
	x.out = x.out[:0]
	return err
}

// write sends to the client. A client that does not read cannot hold an exchange beyond its end.
func (x *Exchange) write(part []byte) error {
	x.boundWriting(x.written > flushAt)
	n, err := x.c.conn.Write(part)
	x.written += int64(n)
	if err == nil {
		return nil
	}
	x.close = true
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if !x.end.IsZero() && !time.Now().Before(x.end) {
			return context.DeadlineExceeded
		}
		return errSlowClient
	}
	return fmt.Errorf("%w: %w", context.Canceled, err)
}

// errSlowClient says that a client has not read its answer in the time that there is for writing.
var errSlowClient = errors.New("the client does not read its answer")

// writeSlack is how much later than the exchange's end a short answer may be written, so that the deadline for that is set
// once in a while and not for each.
const writeSlack = 5 * time.Second

// boundWriting sees to it that a client that does not read cannot hold an exchange. A long answer must be written by the
// exchange's end.
func (x *Exchange) boundWriting(long bool) {
	switch c := x.c; {
	case x.end.IsZero():
	case long:
		if x.limit.IsZero() || x.end.Before(x.limit) {
			x.limitWriting(x.end)
		}
	case x.limit.IsZero():
		if d := c.writeBound.Sub(x.end); d < 0 || d > writeSlack {
			c.writeBound = x.end.Add(writeSlack)
			_ = c.conn.SetWriteDeadline(c.writeBound) // the write finds what is wrong
		}
	}
}

func (x *Exchange) limitWriting(t time.Time) {
	x.limit = t
	_ = x.c.conn.SetWriteDeadline(t) // the write finds what is wrong
}

// Break ends the connection without an answer.
func (x *Exchange) Break() {
	x.upload.abandon(x)
	x.out = x.out[:0]
	x.close, x.unread = true, false
}
