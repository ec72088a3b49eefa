package http1

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzRequestHead holds that a head which is taken for an ordinary one is read as net/http reads it.
func FuzzRequestHead(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /a%2Fb?q=1;2 HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 5\r\nX-A:  b \r\nx-a: c\r\nConnection: close\r\n\r\nhello",
		"BREW /pot HTTP/1.1\r\nhost: x\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\nGET / HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTrailer: y\r\nProxy-Authorization: z\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var h requestHead
		n, err := h.parse(text)
		if n == 0 || err != nil {
			return // not ordinary, or not whole
		}
		r := bufio.NewReader(bytes.NewReader(text))
		req, err := http.ReadRequest(r)
		if err != nil {
			t.Fatalf("net/http refuses it: %v", err)
		}
		if string(h.method) != req.Method || string(h.target) != req.RequestURI || string(h.host) != req.Host ||
			h.length != req.ContentLength || h.close != req.Close || len(req.TransferEncoding) > 0 || len(req.Trailer) > 0 {
			t.Fatalf("%+v, want %+v", h, req)
		}
		if string(h.target) != req.URL.RequestURI() && string(h.target) != req.URL.RequestURI()+"?" {
			t.Fatalf("the target is %s after net/url, %s before", req.URL.RequestURI(), h.target)
		}
		got := http.Header{}
		for _, f := range h.fields {
			got.Add(string(f.Name), string(f.Value))
		}
		for _, own := range []string{"Connection", "Content-Length"} {
			req.Header.Del(own)
		}
		sameHeader(t, got, req.Header)
		rest, _ := io.ReadAll(io.LimitReader(req.Body, 1<<20)) // a body that is cut short is as long as it is
		if want := text[n:min(int64(len(text)), int64(n)+h.length)]; !bytes.Equal(rest, want) {
			t.Fatalf("the body is %q, want %q", want, rest)
		}
	})
}

func sameHeader(t *testing.T, got, want http.Header) {
	t.Helper()
	for name, values := range want {
		if strings.Join(got[name], "\x00") != strings.Join(values, "\x00") {
			t.Fatalf("%s: %q, want %q", name, got[name], values)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Fatalf("net/http does not see %v", got)
	}
}

// byteConn is a connection from which text comes in pieces of n bytes.
type byteConn struct {
	net.Conn
	text []byte
	n    int
}

func (c *byteConn) Read(p []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.text[:min(c.n, len(c.text))])
	c.text = c.text[n:]
	return n, nil
}

func (c *byteConn) SetReadDeadline(time.Time) error { return nil }
func (c *byteConn) Close() error                    { return nil }

// FuzzAnswer holds that an answer which is read to its end is what net/http reads, however it comes.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
		"HTTP/1.0 200 OK\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX-B: c\r\n\r\n",
		"HTTP/1.1 304\nEtag: x\n\n",
		"HTTP/1.1 200 OK\r\nConnection: x-a, close\r\nX-A: b\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
	} {
		f.Add([]byte(s), 1, false)
		f.Add([]byte(s), 1000, true)
	}
	f.Fuzz(func(t *testing.T, text []byte, pieces int, head bool) {
		method := map[bool]string{true: http.MethodHead, false: http.MethodGet}[head]
		c := &serverConn{conn: &byteConn{text: text, n: max(1, pieces)}}
		if err := c.begin(nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := c.readHead([]byte(method)); err != nil || c.head.status < 200 {
			return
		}
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("net/http refuses it: %v", err)
		}
		if res.StatusCode != c.head.status {
			t.Fatalf("status %d, want %d", c.head.status, res.StatusCode)
		}
		var body []byte
		for {
			part, err := c.next(true)
			body = append(body, part...)
			if err == io.EOF { //nolint:errorlint // next's own
				break
			}
			if err != nil {
				return // it breaks off
			}
		}
		want, err := io.ReadAll(res.Body)
		if err != nil || !bytes.Equal(body, want) {
			t.Fatalf("body %q, want %q, %v", body, want, err)
		}
		if res.Close && !c.head.close {
			t.Fatal("the connection would be used again")
		}
	})
}
