package http1

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// answering is a session that answers by itself.
type answering struct {
	say func(http.ResponseWriter, *http.Request)
}

func (a answering) Open(net.Conn) Session { return a }

func (a answering) Serve(x *Exchange) bool {
	if !x.HasBody() {
		return false
	}
	r, err := x.Request(context.Background(), "192.0.2.1:1")
	if err != nil {
		return false
	}
	w := x.Writer()
	a.say(w, r)
	w.End()
	return true
}

// TestOwnAnswers holds what a session that answers by itself sends, and that it sees the request as net/http's handlers do.
func TestOwnAnswers(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/seen":
			w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %d %v %s", r.Method, r.RequestURI, r.Host, r.ContentLength, r.Header["X-A"], r.URL.Query().Get("q")))
			_, _ = w.Write(body)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/long":
			for range 100 {
				_, _ = w.Write(body)
			}
		case "/sized":
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "hi")
		case "/streams":
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "a")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "b")
		case "/injects":
			w.Header().Set("X-Bad", "a\r\nX-Worse: b")
		}
	}
	long := &http.Server{Handler: http.HandlerFunc(h), ReadHeaderTimeout: time.Minute}
	s := NewServer(answering{h}, long)
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() {
		_ = s.Close()
		<-served
	}()
	std := httptest.NewServer(http.HandlerFunc(h))
	defer std.Close()
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/seen?q=1", "hello"},
		{"GET", "/seen", ""},
		{"HEAD", "/seen", ""},
		{"GET", "/none", ""},
		{"HEAD", "/sized", ""},
		{"POST", "/long", strings.Repeat("x", 1000)},
		{"GET", "/sized", ""},
		{"GET", "/streams", ""},
		{"GET", "/empty", ""},
		{"GET", "/injects", ""},
	} {
		var got [2]string
		for i, addr := range []string{l.Addr().String(), strings.TrimPrefix(std.URL, "http://")} {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: %d\r\n\r\n%s", c.method, c.path, len(c.body), c.body)
			res, body, err := ask(t, conn, c.method, text)
			_ = conn.Close()
			if err != nil {
				t.Fatalf("%s %s: %v", c.method, c.path, err)
			}
			res.Header.Del("Date")
			res.Header.Del("Content-Type") // net/http guesses one
			if c.path == "/injects" {
				res.Header.Del("X-Bad") // net/http makes spaces of it
			}
			got[i] = fmt.Sprint(res.StatusCode, res.ContentLength, res.TransferEncoding, res.Header, len(body), body[:min(len(body), 20)])
		}
		if got[0] != got[1] {
			t.Errorf("%s %s: %s, net/http: %s", c.method, c.path, got[0], got[1])
		}
	}
}
