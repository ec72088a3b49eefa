package http1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// proxy is a Server whose sessions forward every request to one server.
type proxy struct {
	addr   string // where it listens
	client *Client
	pool   *Pool
	server *Server
	ended  chan outcome // one for each exchange on the short way

	timeout time.Duration
}

// outcome is how an exchange ended.
type outcome struct {
	status int
	err    error
}

// session forwards.
type session struct{ p *proxy }

func (p *proxy) Open(net.Conn) Session { return session{p} }

func (s session) Serve(x *Exchange) bool {
	switch string(x.Target()) {
	case "/long":
		return false
	case "/panic":
		panic("a bug")
	}
	if s.p.timeout > 0 {
		x.SetDeadline(time.Now().Add(s.p.timeout))
	}
	err := x.Send(context.Background(), s.p.pool, x.Target(), s)
	if err == nil {
		err = x.Deliver(s)
	}
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled), x.Begun():
		x.Break()
	default:
		x.Refuse(func(w http.ResponseWriter) { http.Error(w, err.Error(), http.StatusBadGateway) })
	}
	s.p.ended <- outcome{x.Status(), err}
	return true
}

func (session) KeepRequest(f Field) bool        { return !f.Is("x-drop") }
func (session) AppendRequest(dst []byte) []byte { return append(dst, "X-Added: yes\r\n"...) }
func (session) KeepAnswer(f Field) bool         { return !f.Is("x-drop") }
func (session) AppendAnswer(dst []byte) []byte  { return append(dst, "X-Added: back\r\n"...) }

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// startProxy starts a proxy in front of the server at addr.
func startProxy(t testing.TB, addr string, change func(*http.Server)) *proxy {
	t.Helper()
	p := &proxy{client: NewClient(ClientOptions{}), ended: make(chan outcome, 10000)}
	p.pool = p.client.Pool(addr)
	long := &http.Server{
		IdleTimeout: time.Minute, ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-From", "long")
			_, _ = io.Copy(w, r.Body)
		}),
	}
	if change != nil {
		change(long)
	}
	p.server = NewServer(p, long)
	l := listen(t)
	p.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- p.server.Serve(l) }()
	t.Cleanup(func() {
		_ = p.server.Close() // Serve tells
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("served until %v", err)
		}
		p.client.Close()
		waitFor(t, "connections to end", func() bool { return p.server.open() == 0 })
	})
	return p
}

func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for ", what)
		}
	}
}

func (p *proxy) dial(t testing.TB) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// scripted is a server that reads a request by net/http's parser and then writes what it was told to.
type scripted struct {
	addr   string
	mu     sync.Mutex
	seen   []string // requests, in one line each
	accept int
}

// script starts a server that answers the nth request of each connection with what say returns; "" closes it.
func script(t testing.TB, say func(n int, r *http.Request, body string) string) *scripted {
	t.Helper()
	s := &scripted{}
	l := listen(t)
	s.addr = l.Addr().String()
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.accept++
			s.mu.Unlock()
			conns.Go(func() { s.serve(c, say) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		conns.Wait()
	})
	return s
}

func (s *scripted) serve(c net.Conn, say func(int, *http.Request, string) string) {
	defer c.Close()
	r := bufio.NewReader(c)
	for n := 0; ; n++ {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, fmt.Sprintf("%s %s host=%s length=%d added=%s drop=%s body=%q", req.Method, req.RequestURI, req.Host,
			req.ContentLength, req.Header.Get("X-Added"), req.Header.Get("X-Drop"), body))
		s.mu.Unlock()
		answer := say(n, req, string(body))
		if answer == "" {
			return
		}
		answer, end := strings.CutSuffix(answer, "<close>")
		if _, err := io.WriteString(c, answer); err != nil || end {
			return
		}
	}
}

// ask sends text and reads one answer.
func ask(t testing.TB, c net.Conn, method, text string) (*http.Response, string, error) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return answer(bufio.NewReader(c), method)
}

func answer(r *bufio.Reader, method string) (*http.Response, string, error) {
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}
