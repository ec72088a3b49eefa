//go:build linux

package watchdog

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const (
	bigBody = 100 << 20
	// flat is how much memory may grow by, however big the body.
	flat = 32 << 20
)

func echoes(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) { d.answers(t, path, "hello", 200, "hello") }
}

// binaryBody has every byte, in every neighbourhood, and more than a pipe holds.
func binaryBody() string {
	source := rand.NewChaCha8([32]byte{})
	body := make([]byte, 200_000)
	_, _ = source.Read(body) // it never fails
	for i := range 256 {
		body = append(body, byte(i), '\n', 0, byte(i))
	}
	return string(body)
}

func echoesBinary(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) { d.answers(t, path, binaryBody(), 200, binaryBody()) }
}

func echoesNothing(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		if res := d.answers(t, path, "", 200, ""); res.ContentLength != 0 {
			t.Errorf("Content-Length %d", res.ContentLength)
		}
	}
}

// breaksAfterOutput has a function end after its output has arrived.
func breaksAfterOutput(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		res, err := d.client.Do(d.request(t, http.MethodPost, path, strings.NewReader("x")))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body := bufio.NewReader(res.Body)
		if line, err := body.ReadString('\n'); err != nil || line != "part\n" || res.StatusCode != 200 {
			t.Fatalf("got %v %q %v", res, line, err)
		}
		touch(t, d, "release")
		if rest, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the answer ended with %q %v, want a broken connection", rest, err)
		}
	}
}

func timesOut(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) { d.answers(t, path, "x", 504, "out of time\n") }
}

func timesOutAfterOutput(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) { d.breaks(t, path, "part\n") }
}

// flatEcho sends a big body and compares what comes back while it comes.
func flatEcho(path string, most int64) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		d.answers(t, path, "warm", 200, "warm")
		growth := d.peak(t)
		sent, got := sha256.New(), sha256.New()
		source := io.LimitReader(rand.NewChaCha8([32]byte{1}), bigBody)
		req := d.request(t, http.MethodPost, path, io.TeeReader(source, sent))
		req.ContentLength = bigBody
		res, err := d.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if n, err := io.Copy(got, res.Body); err != nil || n != bigBody || res.StatusCode != 200 {
			t.Fatalf("got %d, %d bytes, %v", res.StatusCode, n, err)
		}
		if !bytes.Equal(sent.Sum(nil), got.Sum(nil)) {
			t.Error("the bytes differ")
		}
		t.Logf("memory grew by %d MiB", growth()>>20)
		if n := growth(); n > most {
			t.Errorf("memory grew by %d MiB, more than %d", n>>20, most>>20)
		}
	}
}

func refusesBigBody(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		d.answers(t, path, "warm", 200, "warm")
		growth := d.peak(t)
		for _, length := range []int64{bigBody, -1} {
			req := d.request(t, http.MethodPost, path, io.LimitReader(rand.NewChaCha8([32]byte{1}), bigBody))
			req.ContentLength = length
			res, _, err := d.do(t, req)
			if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("of length %d: got %v %v", length, res, err)
			}
		}
		if n := growth(); n > flat {
			t.Errorf("memory grew by %d MiB", n>>20)
		}
	}
}

// held makes a request whose function waits for its release.
func held(t *testing.T, d *daemon, path string) (answer <-chan string) {
	t.Helper()
	done := make(chan string, 1)
	go func() {
		res, body, err := d.post(t, path, "")
		if err != nil || res.StatusCode != 200 {
			body = fmt.Sprint(res, body, err)
		}
		done <- body
	}()
	d.inflight(t, 1)
	return done
}

func limits(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		eventually(t, "ready", func() bool {
			res, _, err := d.do(t, d.request(t, http.MethodGet, "/_/ready", nil))
			return err == nil && res.StatusCode == 200
		})
		first := held(t, d, path)
		d.isFull(t, path)
		touch(t, d, "release")
		if got := <-first; got != "done\n" {
			t.Errorf("the first: got %q", got)
		}
		d.inflight(t, 0)
		d.answers(t, path, "", 200, "done\n")
	}
}

// isFull wants a request to be refused and readiness to say so, but not health.
func (d *daemon) isFull(t *testing.T, path string) {
	t.Helper()
	res := d.answers(t, path, "second", 429, "too many requests in flight\n")
	if got := res.Header.Get(internalHeader); got != "faas-middleware" {
		t.Errorf("%s: %q", internalHeader, got)
	}
	for path, want := range map[string]int{"/_/ready": 429, "/_/health": 200} {
		if res, _, err := d.do(t, d.request(t, http.MethodGet, path, nil)); err != nil || res.StatusCode != want {
			t.Errorf("%s: got %v %v, want %d", path, res, err, want)
		}
	}
}

func drains(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		first := held(t, d, path)
		d.signal(t, syscall.SIGTERM)
		eventually(t, "draining", func() bool { return strings.Contains(d.stderr.String(), "watchdog draining") })
		touch(t, d, "release")
		if got := <-first; got != "done\n" {
			t.Errorf("got %q", got)
		}
		d.ends(t, 0)
	}
}

func continues(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		c, in := d.dial(t)
		for range 20 { // there is to be one each, be the function's own the first or not
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", path)
			line, err := in.ReadString('\n')
			if err != nil || !strings.Contains(line, "100 Continue") {
				t.Fatalf("got %q %v", line, err)
			}
			if line, err = in.ReadString('\n'); err != nil || line != "\r\n" {
				t.Fatalf("got %q %v", line, err)
			}
			fmt.Fprint(c, "hello")
			readAnswer(t, in, "hello")
		}
	}
}

// readAnswer reads an answer that was asked for by hand.
func readAnswer(t *testing.T, in *bufio.Reader, want string) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != want || res.StatusCode != 200 {
		t.Fatalf("got %d %q %v, want %q", res.StatusCode, body, err, want)
	}
	return res
}

// requestTrailer wants the body to be whole and the function, if it can, to
// have seen the trailer.
func requestTrailer(path, seen string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		c, in := d.dial(t)
		for range 2 { // on one connection: nothing is left over
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n", path)
			if res := readAnswer(t, in, "hello"); res.Trailer.Get("X-Seen") != seen {
				t.Errorf("the function saw %q, want %q", res.Trailer.Get("X-Seen"), seen)
			}
		}
	}
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
