package queue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"faas/internal/httperr"
)

// inMemory is up to where an answer stays in memory until its callback took it, in bytes.
const inMemory = 16 << 10

// result is what came of one attempt at a call.
type result struct {
	status   int
	platform bool // made by a gateway or watchdog and not by the function
	final    bool // whoever made it, it would be so again
	header   http.Header
	duration time.Duration

	head []byte
	file *os.File // the whole body where it does not fit into memory; it has no name any more
	size int64
}

// keep reads the body, which a callback wants. An answer above most bytes is replaced by one that says so.
func (r *result) keep(body io.Reader, most int64, dir string) error {
	var head bytes.Buffer
	if _, err := io.CopyN(&head, body, inMemory+1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	r.head, r.size = head.Bytes(), int64(head.Len())
	if r.size <= inMemory {
		return nil
	}
	file, err := os.CreateTemp(dir, "faas-answer-")
	if err != nil {
		return &spoolError{err}
	}
	r.file = file
	if err := os.Remove(file.Name()); err != nil {
		return &spoolError{err}
	}
	r.size, err = io.Copy(spool{file}, io.MultiReader(bytes.NewReader(r.head), io.LimitReader(body, most+1-r.size)))
	r.head = nil
	if err == nil && r.size > most {
		r.tooLarge(most)
	}
	return err
}

func (r *result) tooLarge(most int64) {
	r.close()
	*r = result{
		status: http.StatusBadGateway, platform: true, final: true, duration: r.duration,
		header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, httperr.OriginHeader: {httperr.Queue}},
		head:   fmt.Appendf(nil, "the answer of the function has more than %d bytes\n", most),
	}
	r.size = int64(len(r.head))
}

// body returns the kept answer from its beginning. It may be read several times, one after the other or not.
func (r *result) body() io.ReadCloser {
	if r.file != nil {
		return io.NopCloser(io.NewSectionReader(r.file, 0, r.size))
	}
	return io.NopCloser(bytes.NewReader(r.head))
}

// close lets go of the kept answer. r may be nil.
func (r *result) close() {
	if r != nil && r.file != nil {
		_ = r.file.Close() // it goes with its descriptor, whatever was in it
		r.file = nil
	}
}

// seconds is the duration as the headers have it.
func (r *result) seconds() string { return strconv.FormatFloat(r.duration.Seconds(), 'f', 6, 64) }

// spoolError is a fault of this machine's disk, as opposed to one of the function's connection.
type spoolError struct{ err error }

func (e *spoolError) Error() string { return "keep the answer: " + e.err.Error() }
func (e *spoolError) Unwrap() error { return e.err }

// spool tells errors of writing from those of reading.
type spool struct{ file *os.File }

func (s spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	if err != nil {
		return n, &spoolError{err}
	}
	return n, nil
}

// spoolable tells why dir cannot take files, if it cannot.
func spoolable(dir string) error {
	file, err := os.CreateTemp(dir, "faas-answer-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
