package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// bigBody is the size of a big body.
const bigBody = 10 << 20

// streamBodies sends big bodies to url one after the other and reads the echo meanwhile. It returns the bytes a second, each
// counted once.
func streamBodies(ctx context.Context, addr, path string, d time.Duration) (float64, error) {
	body := make([]byte, bigBody)
	buf := make([]byte, 256<<10)
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", path, bigBody)
	var conn net.Conn
	var coming *answers
	defer func() {
		if conn != nil {
			_ = conn.Close() // all was read
		}
	}()
	var sum int64
	start := time.Now()
	for time.Since(start) < d {
		if conn == nil {
			var err error
			if conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", addr); err != nil {
				return 0, err
			}
			coming = newAnswers(conn)
		}
		sent := make(chan error, 1)
		go func() {
			_, err := conn.Write(head)
			if err == nil {
				_, err = conn.Write(body)
			}
			sent <- err
		}()
		n, last, err := coming.next(buf)
		if err := errors.Join(err, <-sent); err != nil {
			return 0, err
		}
		if n != bigBody {
			return 0, fmt.Errorf("%s%s: %d of %d bytes came back", addr, path, n, bigBody)
		}
		sum += n
		if last {
			_ = conn.Close() // all was read
			conn = nil
		}
	}
	return float64(sum) / time.Since(start).Seconds(), nil
}

// answers are those that come on one connection.
type answers struct{ r *bufio.Reader }

func newAnswers(r io.Reader) *answers { return &answers{bufio.NewReaderSize(r, 256<<10)} }

// next reads one answer and throws it away. last says that the server then closes the connection.
func (a *answers) next(buf []byte) (n int64, last bool, err error) {
	res, err := http.ReadResponse(a.r, nil)
	if err != nil {
		return 0, false, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	if res.StatusCode != http.StatusOK {
		return 0, false, fmt.Errorf("answered with %s", res.Status)
	}
	n, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
	return n, res.Close, err
}
