package http1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestAnswers holds what becomes of each kind of answer. Each comes twice on one connection of the client: an answer whose end
// is found wrongly spoils the second.
func TestAnswers(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 20<<10)
	for _, c := range []struct {
		name, method, says string
		status             int
		body               string
		length             int64
		header             string // a line that must be there
		keeps              bool   // the connection to the server is used again
	}{
		{"with a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", 200, "hello", 5, "X-A: b", true},
		{"without a body", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", 0, "X-Added: back", true},
		{"long", "GET", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long), 200, long, int64(len(long)), "", true},
		{"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", 200, "hello world", -1, "", true},
		{"chunked, long", "GET", fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(long), long), 200, long, -1, "", true},
		{"chunked, lines of the head end with LF", "GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\nhi\r\n0\r\n\r\n", 200, "hi", -1, "", true},
		{"until it closes", "GET", "HTTP/1.1 200 OK\r\n\r\nhello<close>", 200, "hello", -1, "", false},
		{"of HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello<close>", 200, "hello", -1, "Content-Type: text/plain", false},
		{"of HTTP/1.0, with a length", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 5, "", false},
		{"of HTTP/1.0, kept alive", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 5, "", true},
		{"of HTTP/1.0, which knows no chunks", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 200, "0\r\n\r\n", 5, "", false},
		{"that closes", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi<close>", 200, "hi", 2, "", false},
		{"to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 200, "", 500, "", true},
		{"to HEAD, chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "", -1, "", true},
		{"204", "POST", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", 0, "", true},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nEtag: x\r\n\r\n", 304, "", 0, "Content-Length: 500", true},
		{"without a reason", "GET", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, "", 0, "", true},
		{"with a strange status", "GET", "HTTP/1.1 799 Whatever\r\nContent-Length: 0\r\n\r\n", 799, "", 0, "", true},
		{"both encoded and long: the encoding counts", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello", -1, "", false},
		{"twice the same length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", 2, "", true},
		{"with more than it says", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!", 200, "hi", 2, "", false},
		{"after 100 and 103", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", 2, "", true},
		{"whose hop-by-hop fields stay here", "GET", "HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nX-Drop: 1\r\nContent-Length: 0\r\n\r\n", 200, "", 0, "X-Added: back", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := script(t, func(int, *http.Request, string) string { return c.says })
			p := startProxy(t, s.addr, nil)
			conn := p.dial(t)
			r := bufio.NewReader(conn)
			for range 2 {
				fmt.Fprintf(conn, "%s /x?y HTTP/1.1\r\nHost: example.com:80\r\nX-Drop: 1\r\n\r\n", c.method)
				var early []int
				res, body, err := answer(r, c.method)
				for err == nil && res.StatusCode < 200 {
					early = append(early, res.StatusCode)
					res, body, err = answer(r, c.method)
				}
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != c.status || body != c.body || res.ContentLength != c.length {
					t.Errorf("%d, %d bytes, length %d; want %d, %d, %d", res.StatusCode, len(body), res.ContentLength, c.status, len(c.body), c.length)
				}
				if name, value, ok := strings.Cut(c.header, ": "); ok && res.Header.Get(name) != value {
					t.Errorf("header %v, want %s", res.Header, c.header)
				}
				for _, name := range []string{"X-Hop", "Keep-Alive", "Upgrade", "X-Drop", "Connection"} {
					if v := res.Header.Get(name); v != "" {
						t.Errorf("%s: %s came through", name, v)
					}
				}
				if _, err := http.ParseTime(res.Header.Get("Date")); err != nil {
					t.Errorf("date %q", res.Header.Get("Date"))
				}
				if strings.Contains(c.says, " 103 ") != slices.Equal(early, []int{103}) {
					t.Errorf("early answers %v", early)
				}
				if o := <-p.ended; o.err != nil || o.status != c.status {
					t.Errorf("ended with %+v", o)
				}
			}
			if want := map[bool]int{true: 1, false: 2}[c.keeps]; s.accept != want {
				t.Errorf("%d connections to the server, want %d", s.accept, want)
			}
			if want := c.method + ` /x?y host=example.com:80 length=0 added=yes drop= body=""`; s.seen[0] != want {
				t.Errorf("the server saw %s, want %s", s.seen[0], want)
			}
		})
	}
}

func TestTrailersPass(t *testing.T) {
	s := script(t, func(int, *http.Request, string) string {
		return "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n"
	})
	p := startProxy(t, s.addr, nil)
	res, body, err := ask(t, p.dial(t), "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err != nil || body != "hi" || res.Trailer.Get("X-Sum") != "7" || res.Trailer.Get("Content-Length") != "" {
		t.Errorf("%q, trailer %v, %v", body, res.Trailer, err)
	}
}

// TestBrokenAnswers holds that what is no answer is an error, and that one that breaks off does not look whole.
func TestBrokenAnswers(t *testing.T) {
	for _, c := range []struct{ name, says string }{
		{"no answer", ""},
		{"not HTTP", "SSH-2.0-x\r\n\r\n"},
		{"a status of letters", "HTTP/1.1 abc OK\r\n\r\n"},
		{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"},
		{"a field without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n"},
		{"a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"},
		{"a folded line", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
		{"a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"},
		{"another encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"it switches protocols unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
		{"a list of fields for this hop without end", "HTTP/1.1 200 OK\r\nConnection: " + strings.Repeat("a,", 100) + "\r\nContent-Length: 0\r\n\r\n"},
		{"half a head", "HTTP/1.1 200 OK\r\nX-A:<close>"},
		{"a head without end", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 1100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := script(t, func(int, *http.Request, string) string { return c.says })
			p := startProxy(t, s.addr, nil)
			res, _, err := ask(t, p.dial(t), "POST", "POST / HTTP/1.1\r\nHost: x\r\n\r\n")
			if err != nil || res.StatusCode != http.StatusBadGateway {
				t.Fatalf("%v, %v; want 502", res, err)
			}
			if o := <-p.ended; o.err == nil {
				t.Error("no error")
			}
		})
	}
	for _, c := range []struct{ name, says string }{
		{"in a body with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell<close>"},
		{"in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell<close>"},
		{"between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n<close>"},
		{"before the last line", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n<close>"},
		{"at a chunk that is longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n"},
		{"at a size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"},
		{"at a huge size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nhello\r\n0\r\n\r\n"},
		{"at a line that ends with LF alone", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"},
		{"at a trailer that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx\r\n\r\n"},
	} {
		t.Run("broken off "+c.name, func(t *testing.T) {
			s := script(t, func(int, *http.Request, string) string { return c.says })
			p := startProxy(t, s.addr, nil)
			res, body, err := ask(t, p.dial(t), "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if err == nil && res.StatusCode == http.StatusOK {
				t.Errorf("the answer looks whole: %q", body)
			}
			if o := <-p.ended; o.err == nil || errors.Is(o.err, context.Canceled) {
				t.Errorf("ended with %v", o.err)
			}
		})
	}
}

// TestRequestsInARow sends several at once, with and without bodies.
func TestRequestsInARow(t *testing.T) {
	s := script(t, func(_ int, r *http.Request, body string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", len(r.RequestURI)+len(body), r.RequestURI, body)
	})
	p := startProxy(t, s.addr, nil)
	conn := p.dial(t)
	r := bufio.NewReader(conn)
	go func() {
		for i := range 50 {
			fmt.Fprintf(conn, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n<b>GET /g%d HTTP/1.1\r\nHost: x\r\n\r\n", i, i)
		}
	}()
	for i := range 50 {
		for _, want := range []string{fmt.Sprintf("/%d<b>", i), fmt.Sprintf("/g%d", i)} {
			if _, body, err := answer(r, "GET"); err != nil || body != want {
				t.Fatalf("%q, %v; want %q", body, err, want)
			}
		}
	}
}

// TestLongWay holds which requests net/http gets, and that they are then all its own on that connection.
func TestLongWay(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"not wanted", "POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"},
		{"chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
		{"expecting", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"},
		{"an upgrade", "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\n\r\n"},
		{"a whole URL", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"two slashes", "GET //x HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"a long head", "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 8<<10) + "\r\n\r\n"},
		{"lines that end with LF", "GET / HTTP/1.1\nHost: x\n\n"},
		{"options for a hop", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close, x-a\r\nX-A: b\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := startProxy(t, "127.0.0.1:1", nil)
			conn := p.dial(t)
			r := bufio.NewReader(conn)
			fmt.Fprint(conn, c.text)
			res, _, err := answer(r, "GET")
			if err == nil && res.StatusCode == http.StatusContinue {
				res, _, err = answer(r, "GET")
			}
			if err != nil || res.Header.Get("X-From") != "long" || res.StatusCode != http.StatusOK {
				t.Fatalf("%v, %v", res, err)
			}
		})
	}
}

// TestAmbiguousRequests holds that what could be read in two ways reaches no server: net/http refuses it.
func TestAmbiguousRequests(t *testing.T) {
	s := script(t, func(int, *http.Request, string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" })
	for _, c := range []struct{ name, text string }{
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
		{"a list of lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\nhello!"},
		{"a length with a sign", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello"},
		{"a length of no digits", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello"},
		{"another encoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
		{"a space before the colon", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello"},
		{"a folded line", "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\tc: d\r\n\r\n"},
		{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"},
		{"no host", "GET / HTTP/1.1\r\n\r\n"},
		{"a host that is none", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"},
		{"a control character", "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\x00c\r\n\r\n"},
		{"a carriage return in a value", "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\rX-B: c\r\n\r\n"},
		{"a name that is no token", "GET / HTTP/1.1\r\nHost: x\r\nX(A: b\r\n\r\n"},
		{"no name", "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n"},
		{"a percent sign alone", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"a blank in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"another protocol", "GET / HTTP/1.2\r\nHost: x\r\n\r\n"},
		{"a strange method", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := startProxy(t, s.addr, nil)
			res, _, err := ask(t, p.dial(t), "GET", c.text)
			refused := err == nil && (res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusNotImplemented ||
				res.StatusCode == http.StatusHTTPVersionNotSupported)
			if !refused && (err != nil || res.Header.Get("X-From") != "long") {
				t.Errorf("%v, %v: want that net/http refuses it or takes it for its own", res, err)
			}
		})
	}
	if len(s.seen) > 0 {
		t.Errorf("the server saw %v", s.seen)
	}
}

// TestBodies echoes bodies of many sizes through a server that answers while it reads.
func TestBodies(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	}))
	defer echo.Close()
	p := startProxy(t, strings.TrimPrefix(echo.URL, "http://"), nil)
	conn := p.dial(t)
	r := bufio.NewReader(conn)
	for _, size := range []int{0, 1, 3000, 4 << 10, 5000, 70_000, 1 << 20, 20 << 20} {
		want := strings.Repeat("0123456789abcdef!", size/17+1)[:size]
		go fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, want)
		res, body, err := answer(r, "POST")
		if err != nil || body != want || res.Header.Get("Connection") != "" {
			t.Fatalf("%d bytes came back as %d, %v", size, len(body), err)
		}
		if o := <-p.ended; o.err != nil {
			t.Error(o.err)
		}
	}
}

// TestUnreadBodies answers without having read what is sent.
func TestUnreadBodies(t *testing.T) {
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "never mind")
	}))
	defer deaf.Close()
	p := startProxy(t, strings.TrimPrefix(deaf.URL, "http://"), nil)
	conn := p.dial(t)
	r := bufio.NewReader(conn)
	for _, size := range []int{10_000, 300_000, 4 << 20, 1} {
		go fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
		if _, body, err := answer(r, "POST"); err != nil || body != "never mind" {
			t.Fatalf("%d bytes: %q, %v", size, body, err)
		}
	}
}

// TestStaleConnection holds that a connection which the server has closed meanwhile costs no request.
func TestStaleConnection(t *testing.T) {
	s := script(t, func(int, *http.Request, string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n<close>" })
	p := startProxy(t, s.addr, nil)
	conn := p.dial(t)
	r := bufio.NewReader(conn)
	for i := range 20 {
		fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
		if res, _, err := answer(r, "POST"); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("request %d: %v, %v", i, res, err)
		}
		<-p.ended
		p.pool.mu.Lock()
		idle := slices.Clone(p.pool.idle)
		p.pool.mu.Unlock()
		waitFor(t, "the connection to be stale", func() bool { return len(idle) == 0 || idle[0].stale() })
	}
}

func TestClientGoneAndTimeOver(t *testing.T) {
	left := make(chan struct{}, 1)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		left <- struct{}{}
	}))
	defer hangs.Close()
	p := startProxy(t, strings.TrimPrefix(hangs.URL, "http://"), nil)
	p.timeout = time.Hour
	conn := p.dial(t)
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	waitFor(t, "the request to arrive", func() bool { return p.server.open() == 1 })
	_ = conn.Close()
	if o := <-p.ended; !errors.Is(o.err, context.Canceled) {
		t.Errorf("ended with %v", o.err)
	}
	<-left

	p.timeout = 50 * time.Millisecond
	res, body, err := ask(t, p.dial(t), "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if o := <-p.ended; err != nil || res.StatusCode != http.StatusBadGateway || !errors.Is(o.err, context.DeadlineExceeded) {
		t.Errorf("%v %q, %v; %v", res, body, err, o.err)
	}
	<-left
}

// TestBodyBreaksOff holds that a body which ends before its time is nobody's whole body.
func TestBodyBreaksOff(t *testing.T) {
	got := make(chan error, 1)
	reads := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		got <- err
	}))
	defer reads.Close()
	p := startProxy(t, strings.TrimPrefix(reads.URL, "http://"), nil)
	conn := p.dial(t)
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nand no more")
	_ = conn.Close()
	if err := <-got; err == nil {
		t.Error("the server got a whole body")
	}
	if o := <-p.ended; !errors.Is(o.err, context.Canceled) {
		t.Errorf("ended with %v", o.err)
	}
}

// TestPanicEndsOneConnection holds that a bug which one request meets is no matter of the others.
func TestPanicEndsOneConnection(t *testing.T) {
	s := script(t, func(int, *http.Request, string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" })
	var logged bytes.Buffer
	p := startProxy(t, s.addr, func(long *http.Server) { long.ErrorLog = log.New(&logged, "", 0) })
	other := p.dial(t)
	if _, _, err := ask(t, p.dial(t), "GET", "GET /panic HTTP/1.1\r\nHost: x\r\n\r\n"); err == nil {
		t.Error("answered")
	}
	if res, _, err := ask(t, other, "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("another connection: %v, %v", res, err)
	}
	waitFor(t, "the panic's connection to be forgotten", func() bool { return p.server.open() == 1 })
	if !strings.Contains(logged.String(), "a bug") || !strings.Contains(logged.String(), "proxy_test.go") {
		t.Errorf("logged %q", logged.String())
	}
}

func TestShutdown(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-finish
		_, _ = io.WriteString(w, "done")
	}))
	defer slow.Close()
	p := startProxy(t, strings.TrimPrefix(slow.URL, "http://"), nil)
	idle, busy := p.dial(t), p.dial(t)
	answered := make(chan string, 1)
	go func() {
		res, body, err := ask(t, busy, "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		answered <- fmt.Sprint(res.Close, body, err)
	}()
	<-arrived
	ended := make(chan error, 1)
	go func() { ended <- p.server.Shutdown(t.Context()) }()
	if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("an idle connection: %v, want its end", err)
	}
	if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr); err == nil {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("a new connection is served")
		}
		_ = c.Close()
	}
	close(finish)
	if got := <-answered; got != "truedone<nil>" {
		t.Errorf("the request under way: %s", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestNothingIsAllocated holds what a request may cost the garbage collector, client, server and proxy together.
func TestNothingIsAllocated(t *testing.T) {
	l := listen(t)
	done := make(chan struct{})
	go func() { // a server that allocates nothing
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 4<<10)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			if _, err := c.Write(plainAnswer); err != nil {
				return
			}
		}
	}()
	p := startProxy(t, l.Addr().String(), nil)
	conn := p.dial(t)
	request, buf := []byte("POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"), make([]byte, 4<<10)
	once := func() {
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(buf); err != nil || n < 20 {
			t.Fatal(n, err)
		}
		<-p.ended
	}
	for range 100 {
		once()
	}
	if n := testing.AllocsPerRun(2000, once); n > 1 { // the time that a date changes
		t.Errorf("%.1f allocations a request", n)
	}
	_ = l.Close()
	p.pool.Close()
	<-done
}

var plainAnswer = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nDate: Sat, 28 Nov 2026 00:00:00 GMT\r\n\r\nhello")

// TestSlowHead holds that the time for a head does not begin anew with each of its bytes.
func TestSlowHead(t *testing.T) {
	p := startProxy(t, "127.0.0.1:1", func(long *http.Server) { long.ReadHeaderTimeout = 100 * time.Millisecond })
	conn := p.dial(t)
	began := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		<-tick.C
		if _, err := fmt.Fprintf(conn, "%c", "GET / HTTP/1.1\r\nHost: x\r\nX: "[min(i, 27)]); err != nil {
			break // it was closed
		}
		if time.Since(began) > 5*time.Second {
			t.Fatal("a head may take for ever")
		}
	}
}

// TestResetBeforeTheBody holds that a body which could not be sent to the server is not taken for the client's next request.
func TestResetBeforeTheBody(t *testing.T) {
	l := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
			_ = c.(*net.TCPConn).SetLinger(0) // what is unread is answered with a reset
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	p := startProxy(t, l.Addr().String(), nil)
	for range 50 {
		conn := p.dial(t)
		hidden := "GET /long HTTP/1.1\r\nHost: hidden\r\n\r\n"
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 8<<10+len(hidden))
		r := bufio.NewReader(conn)
		if _, _, err := answer(r, "POST"); err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write(append(bytes.Repeat([]byte("x"), 8<<10), hidden...)) // it may be closed
		_ = conn.(*net.TCPConn).CloseWrite()
		if res, _, err := answer(r, "GET"); err == nil && res.StatusCode != http.StatusBadRequest {
			t.Fatalf("the body was answered: %s", res.Status)
		}
		_ = conn.Close()
	}
}

// TestClientThatDoesNotRead holds that such a client keeps an exchange no longer than it may take.
func TestClientThatDoesNotRead(t *testing.T) {
	t.Parallel() // it takes writeSlack
	for _, size := range []int{20 << 10, 64 << 20} {
		big := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			_, _ = w.Write(make([]byte, size))
		}))
		p := startProxy(t, strings.TrimPrefix(big.URL, "http://"), nil)
		p.timeout = 200 * time.Millisecond
		conn := p.dial(t)
		go func() {
			for range 2000 { // requests in a row, of which no answer is read
				if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					return
				}
			}
		}()
		waitFor(t, "the connection to be served", func() bool { return p.server.open() == 1 })
		tick := time.NewTicker(10 * time.Millisecond)
		for began := time.Now(); p.server.open() > 0; <-tick.C {
			if d := time.Since(began); d > p.timeout+writeSlack+5*time.Second {
				t.Fatalf("answers of %d bytes: kept for %s", size, d)
			}
		}
		tick.Stop()
		_ = conn.Close()
		big.Close()
	}
}

// TestWriteTimeout holds that it bounds a long answer too, which does not come by here.
func TestWriteTimeout(t *testing.T) {
	const size = 64 << 20
	big := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(make([]byte, size))
	}))
	defer big.Close()
	p := startProxy(t, strings.TrimPrefix(big.URL, "http://"), func(long *http.Server) { long.WriteTimeout = 300 * time.Millisecond })
	p.timeout = time.Minute
	conn := p.dial(t)
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	began := time.Now()
	if o := <-p.ended; o.err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("ended after %s with %v", time.Since(began), o.err)
	}
}

// TestSilentConnection holds that one on which nothing comes is not kept as long as one between two requests.
func TestSilentConnection(t *testing.T) {
	p := startProxy(t, "127.0.0.1:1", func(long *http.Server) { long.ReadHeaderTimeout = 50 * time.Millisecond })
	if _, err := p.dial(t).Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want its end", err)
	}
}

// limited is a connection that keeps when writing to it must be over.
type limited struct {
	net.Conn
	until *atomic.Pointer[time.Time]
}

func (c limited) SetWriteDeadline(t time.Time) error {
	c.until.Store(&t)
	return c.Conn.SetWriteDeadline(t)
}

func (c limited) SetDeadline(t time.Time) error {
	c.until.Store(&t)
	return c.Conn.SetDeadline(t)
}

type limitedListener struct {
	net.Listener
	until *atomic.Pointer[time.Time]
}

func (l limitedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return limited{c, l.until}, err
}

// TestLongWayHasNoDeadlineOfTheShort holds that what takes its time on the long way is not cut by what an exchange before it
// on the same connection had set.
func TestLongWayHasNoDeadlineOfTheShort(t *testing.T) {
	s := script(t, func(int, *http.Request, string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" })
	client := NewClient(ClientOptions{})
	defer client.Close()
	p := &proxy{client: client, pool: client.Pool(s.addr), ended: make(chan outcome, 1), timeout: time.Minute}
	var until atomic.Pointer[time.Time]
	onLong := make(chan time.Time, 1)
	p.server = NewServer(p, &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		onLong <- *until.Load()
	})})
	l := listen(t)
	p.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- p.server.Serve(limitedListener{l, &until}) }()
	defer func() {
		_ = p.server.Close() // Serve tells
		<-served
	}()
	conn := p.dial(t)
	if _, _, err := ask(t, conn, "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil || until.Load() == nil || until.Load().IsZero() {
		t.Fatalf("%v; the short way has set no deadline, and the case below tests nothing", err)
	}
	if _, _, err := ask(t, conn, "GET", "GET /long HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if d := <-onLong; !d.IsZero() {
		t.Errorf("writing on the long way must be over in %s", time.Until(d))
	}
}
