package watchdog

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// flushDelay is how long output waits for more before it is sent. So the whole
// answer of a short process leaves in one write, with a Content-Length, and
// becomes a 500 when the process then fails.
const flushDelay = 2 * time.Millisecond

// An answer brings the output of a process to the client.
type answer struct {
	res  *response
	held pieces // output that waits for the end of the process
}

func newAnswer(res *response, r *http.Request, c Config) *answer {
	contentType := c.ContentType
	if contentType == "" {
		contentType = r.Header.Get("Content-Type")
	}
	if contentType != "" {
		res.Header().Set("Content-Type", contentType)
	}
	return &answer{res: res}
}

// stream sends output as it comes, and holds at most buf.
func (a *answer) stream(p *process, buf []byte) error {
	n := 0
	var flushAt time.Time // zero when nothing waits to be sent
	for {
		m, err := p.read(buf[n:], flushAt)
		n += m
		if m > 0 && flushAt.IsZero() {
			flushAt = time.Now().Add(flushDelay)
		}
		switch {
		case err == nil && n < len(buf):
			continue
		case err == nil:
			err = a.write(buf[:n])
			n, flushAt = 0, time.Now().Add(flushDelay)
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err = a.write(buf[:n]); err == nil {
				err = a.flush()
			}
			n, flushAt = 0, time.Time{}
		case errors.Is(err, io.EOF):
			a.held = pieces{parts: [][]byte{buf[:n]}, size: size(n)}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// collect holds the whole output, of which there may be as much as most.
func (a *answer) collect(p *process, most size) error {
	for {
		n, err := p.read(a.held.room(), time.Time{})
		a.held.add(n)
		if most > 0 && a.held.size > most {
			a.held = pieces{}
			return fmt.Errorf("%w, %s", errOutputSize, most)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// end sends what is held, after the process ended well.
func (a *answer) end() error {
	if a.res.status == 0 {
		a.res.Header().Set("Content-Length", strconv.FormatInt(int64(a.held.size), 10))
		a.res.WriteHeader(http.StatusOK)
	}
	for _, part := range a.held.parts {
		if err := a.write(part); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) write(part []byte) error {
	if len(part) == 0 {
		return nil
	}
	_, err := a.res.Write(part)
	if err != nil && !errors.Is(err, http.ErrBodyNotAllowed) { // HEAD
		return errors.Join(errClientGone, err)
	}
	return nil
}

func (a *answer) flush() error {
	if err := http.NewResponseController(a.res).Flush(); err != nil {
		return errors.Join(errClientGone, err)
	}
	return nil
}
