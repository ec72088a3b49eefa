package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// drainTime is how long a client may take to send the rest of a body that the server did not want, so that the connection
// can be used again.
const drainTime = 5 * time.Second

// finishTime is how long, after the answer, the rest of a body may take that is on its way to the server.
const finishTime = 50 * time.Millisecond

// BodyError is why a request's body could not be read from the client.
type BodyError struct{ Err error }

// Error implements error.
func (e *BodyError) Error() string {
	return fmt.Sprintf("the request's body cannot be read: %v", e.Err)
}

// Unwrap gives what is wrong.
func (e *BodyError) Unwrap() error { return e.Err }

// upload brings the part of a body that had not come with the head to the server, while the answer is read.
type upload struct {
	left    int64 // to be read from the client
	began   bool
	running bool          // done is still to come
	done    chan struct{} // capacity 1; of the connection, used for each exchange
	err     error         // of reading; to be looked at after done
}

// start begins to copy in a goroutine of its own.
func (u *upload) start(x *Exchange, s *serverConn) {
	if u.done == nil {
		u.done = make(chan struct{}, 1)
	}
	u.began, u.running = true, true
	limit := x.end
	if d := x.c.server.Long.ReadTimeout; d > 0 {
		if t := time.Now().Add(d); limit.IsZero() || t.Before(limit) {
			limit = t
		}
	}
	x.c.setDeadline(limit)
	go func() {
		defer func() { u.done <- struct{}{} }()
		u.err = u.copy(x.c, s)
	}()
}

// copy reads the rest of the body and sends it to the server for as long as that takes it. What the server does not take is
// read all the same, so that the connection can be used again.
func (u *upload) copy(c *clientConn, s *serverConn) error {
	buf := buffers[1].Get().(*[]byte)
	defer giveBack(buf)
	wanted := true
	for u.left > 0 {
		n, err := c.conn.Read((*buf)[:min(int64(len(*buf)), u.left)])
		u.left -= int64(n)
		if n > 0 && wanted {
			_, failed := s.conn.Write((*buf)[:n])
			wanted = failed == nil
		}
		if err != nil && u.left > 0 {
			// A body that breaks off must not look whole to the server, and its answer is for nobody.
			_ = s.conn.Close() // so that the one who reads from it ends
			return err
		}
	}
	return nil
}

// wait returns whether the copying has ended within d.
func (u *upload) wait(d time.Duration) bool {
	select {
	case <-u.done:
		u.running = false
		return true
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-u.done:
		u.running = false
		return true
	case <-timer.C:
		return false
	}
}

// interrupt ends the copying, of which the server's end is closed.
func (u *upload) interrupt(x *Exchange) {
	x.c.setDeadline(time.Unix(1, 0))
	<-u.done
	u.running = false
}

// finish ends the copying, which goes on after a whole answer: it lets the rest of the body come, for a while.
func (u *upload) finish(x *Exchange, s *serverConn) {
	if u.wait(finishTime) {
		return
	}
	_ = s.conn.Close() // it has answered and takes nothing any more
	x.c.setDeadline(time.Now().Add(drainTime))
	if !u.wait(drainTime) {
		u.interrupt(x)
	}
}

// stop ends the copying, if there is any, after the exchange with the server failed with err, whose connection is closed. It returns the
// cause, which is the client's where the body broke off.
func (u *upload) stop(x *Exchange, err error) error {
	if !u.running {
		return err
	}
	if errors.Is(err, net.ErrClosed) { // by the copying, which ends
		<-u.done
		u.running = false
		if u.err != nil {
			err = bodyError(x, u.err)
		}
	} else {
		u.interrupt(x)
	}
	u.abandon(x)
	return err
}

// bodyError tells why a body could not be read.
func bodyError(x *Exchange, err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && !x.end.IsZero() && !time.Now().Before(x.end):
		return context.DeadlineExceeded
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &BodyError{err}
	case errors.Is(err, io.EOF):
		return context.Canceled
	}
	return fmt.Errorf("%w: %w", context.Canceled, err)
}

// abandon ends the connection with the exchange where the body was not read to its end.
func (u *upload) abandon(x *Exchange) {
	if u.left > 0 {
		x.close, x.unread = true, true
	}
}
