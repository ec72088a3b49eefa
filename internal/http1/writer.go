package http1

import (
	"net/http"
	"strconv"
	"time"
)

// maxHeld is how much of a body waits for the end of the answer, which then tells its length.
const maxHeld = 4 << 10

// Writer is the http.ResponseWriter of an exchange that the session answers itself. What is written goes out with the next
// Flush, when there is much of it, or once the session is done. A body whose length is not known when it begins to go out is chunked.
type Writer struct {
	x       *Exchange
	header  http.Header
	status  int    // 0: not said yet
	held    []byte // of the body, before the head is written
	begun   bool   // the head is written
	chunked bool
	silent  bool // the answer has no body
}

// Writer begins an answer of the session's own.
func (x *Exchange) Writer() *Writer { return &Writer{x: x, header: http.Header{}} }

// Header implements http.ResponseWriter.
func (w *Writer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *Writer) WriteHeader(status int) {
	switch {
	case w.status != 0:
	case status < 200:
		w.x.out = append(w.appendFields(appendStatus(w.x.out, status)), "\r\n"...)
	default:
		w.status = status
		w.silent = status == http.StatusNoContent || status == http.StatusNotModified || string(w.x.request.method) == http.MethodHead
	}
}

func appendStatus(dst []byte, status int) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(append(dst, ' '), http.StatusText(status)...)
	return append(dst, "\r\n"...)
}

func (w *Writer) appendFields(dst []byte) []byte {
	for name, values := range w.header {
		for _, v := range values {
			switch {
			case name == "Connection" && v == "close":
				w.x.close = true
			case validValue(v):
				dst = appendField(dst, Field{[]byte(name), []byte(v)})
			}
		}
	}
	return dst
}

// begin writes the head, and what of the body waited for it.
func (w *Writer) begin() {
	if w.begun {
		return
	}
	w.WriteHeader(http.StatusOK)
	x := w.x
	x.upload.abandon(x)
	w.begun, x.status = true, w.status
	x.out = appendDate(w.appendFields(appendStatus(x.out, w.status)), time.Now())
	if w.chunked = !w.silent && w.header["Content-Length"] == nil; w.chunked {
		x.out = append(x.out, "Transfer-Encoding: chunked\r\n"...)
	}
	if x.close = x.close || x.unread || x.c.server.draining.Load(); x.close {
		x.out = append(x.out, "Connection: close\r\n"...)
	}
	x.out = append(x.out, "\r\n"...)
	w.add(w.held)
	w.held = nil
}

// add appends a part of the body to what goes out.
func (w *Writer) add(p []byte) {
	switch {
	case len(p) == 0 || w.silent:
	case w.chunked:
		w.x.out = appendChunk(w.x.out, p)
	default:
		w.x.out = append(w.x.out, p...)
	}
}

// validValue reports whether v ends no line.
func validValue(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// Write implements http.ResponseWriter.
func (w *Writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.silent {
		return 0, http.ErrBodyNotAllowed
	}
	w.x.sent += int64(len(p))
	if !w.begun && w.header["Content-Length"] == nil && len(w.held)+len(p) <= maxHeld {
		w.held = append(w.held, p...)
		return len(p), nil
	}
	w.begin()
	w.add(p)
	if len(w.x.out) < flushAt {
		return len(p), nil
	}
	if err := w.x.flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// FlushError is what http.ResponseController.Flush uses.
func (w *Writer) FlushError() error {
	w.begin()
	return w.x.flush()
}

// SetWriteDeadline is what http.ResponseController.SetWriteDeadline uses.
func (w *Writer) SetWriteDeadline(t time.Time) error {
	if !w.x.limit.IsZero() || !t.IsZero() {
		w.x.limitWriting(t)
	}
	return nil
}

// End ends the answer. What is left of it goes out when the session is done.
func (w *Writer) End() {
	if !w.begun && w.header["Content-Length"] == nil && !w.silent {
		w.header["Content-Length"] = []string{strconv.Itoa(len(w.held))}
	}
	w.begin()
	if w.chunked {
		w.x.out = append(w.x.out, "0\r\n\r\n"...)
	}
}

// Refuse answers with what say writes. It may be called while nothing was sent to the client.
func (x *Exchange) Refuse(say func(http.ResponseWriter)) {
	x.out, x.sent = x.out[:0], 0
	w := x.Writer()
	say(w)
	w.End()
}
