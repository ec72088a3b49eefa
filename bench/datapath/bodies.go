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

// streamBodies sends big bodies to url one after the other and reads the echo meanwhile, or with GET only reads. It returns
// the bytes a second, each counted once.
func streamBodies(ctx context.Context, addr, method, path string, d time.Duration) (float64, error) {
	body := make([]byte, bigBody)
	if method == http.MethodGet {
		body = nil
	}
	buf := make([]byte, 256<<10)
	head := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", method, path, len(body))
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

// bodies sends 10 MiB both ways.
func (m *measurement) bodies(ctx context.Context) error {
	url, _, err := m.gateway(ctx, 1, 1)
	if err != nil {
		return err
	}
	gateway := m.last()
	dog, err := m.httpWatchdog(ctx)
	if err != nil {
		return err
	}
	watchdog := m.ownOnly()
	nginx, nginxAddr, err := startNginx(ctx, m.dir, m.echo)
	if err != nil {
		return err
	}
	m.procs = append(m.procs, nginx)
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		all := []stream{
			{name: "direct", addr: m.echo, path: "/", p: m.procs[0]},
			{name: "gateway", addr: url[len("http://"):], path: "/function/" + name(0), p: gateway},
			{name: "watchdog http", addr: dog[len("http://") : len(dog)-1], path: "/", p: watchdog},
		}
		if method == http.MethodGet { // it reads a body to its end before it sends it on
			all = append(all, stream{name: "nginx", addr: nginxAddr, path: "/", p: nginx})
		}
		if err := m.streams(ctx, method, all); err != nil {
			return err
		}
	}
	return nil
}

// stream is one that big bodies go through.
type stream struct {
	name, addr, path string
	p                *process
	rates            []float64
	bytes            int64 // resident at most
}

func (m *measurement) streams(ctx context.Context, method string, all []stream) error {
	for range m.Rounds {
		for i := range all {
			c := &all[i]
			rate, err := streamBodies(ctx, c.addr, method, c.path, m.For)
			if err != nil {
				return fmt.Errorf("%s %s: %w", method, c.name, err)
			}
			c.rates = append(c.rates, rate)
			u, err := c.p.used()
			if err != nil {
				return err
			}
			c.bytes = max(c.bytes, u.Resident)
			progress("%s of 10 MiB, %s: %.0f MB/s, %d MiB resident", method, c.name, rate/1e6, u.Resident>>20)
		}
	}
	for _, c := range all {
		m.rep.bodies(method, c.name, c.rates, all[0].rates, c.bytes)
	}
	return nil
}
