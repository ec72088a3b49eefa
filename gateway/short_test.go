package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// TestShortAndLongWayAreAlike sends the same requests both ways, and compares what the function sees and what the client
// gets. A field that is for the connection alone makes a request take the long way.
func TestShortAndLongWayAreAlike(t *testing.T) {
	saw := make(chan string, 1)
	look := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := r.Header.Clone()
		if len(h.Get("X-Start-Time")) != len("1700000000000000000") || h.Get("X-Call-Id") == "" {
			t.Errorf("not stamped: %v", h)
		}
		h.Del("X-Start-Time")
		if len(h.Get("X-Call-Id")) == len("00000000-0000-4000-8000-000000000000") {
			h.Set("X-Call-Id", "new")
		}
		saw <- fmt.Sprintf("%s %s host=%s length=%d %v %q", r.Method, r.RequestURI, r.Host, r.ContentLength, h, body)
	}
	b := newFakeBackend(
		status("plain", replica(t, func(w http.ResponseWriter, r *http.Request) {
			look(r)
			w.Header().Set("X-Own", "a")
			w.Header().Add("X-Own", "b")
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "short and stout")
		})),
		status("forger", replica(t, func(w http.ResponseWriter, r *http.Request) {
			look(r)
			for name, v := range map[string]string{
				"X-Call-Id": "other", "X-Start-Time": "1", "X-Duration-Seconds": "1", "X-Cold-Start": "1", "X-OpenFaaS-Internal": "queue",
				"Connection": "X-Hop", "X-Hop": "1", "Keep-Alive": "5", "Content-Type": "text/plain",
			} {
				w.Header().Set(name, v)
			}
		})),
		status("streams", replica(t, func(w http.ResponseWriter, r *http.Request) {
			look(r)
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Trailer", "X-Sum")
			for range 3 {
				_, _ = io.WriteString(w, "data: x\n\n")
				_ = http.NewResponseController(w).Flush()
			}
			w.Header().Set("X-Sum", "3")
		})),
		status("empty", replica(t, func(w http.ResponseWriter, r *http.Request) {
			look(r)
			w.WriteHeader(http.StatusNoContent)
		})),
		function.Status{Function: function.Function{Name: "func_alias", Image: "x"}, Alias: "alias", Desired: 1, Replicas: []function.Replica{
			replica(t, func(w http.ResponseWriter, r *http.Request) { look(r); w.Header()["Content-Type"] = nil }),
		}},
	)
	g := start(t, b, nil)
	for _, c := range []struct {
		name, request, body string
		header              []string
	}{
		{"a body", "POST /function/plain", "hello", []string{"Content-Type", "text/x"}},
		{"a path and a query", "GET /function/plain/a%2Fb/../c;d?q=1;2&z=%zz&é", "", nil},
		{"a query alone", "GET /function/plain?q", "", nil},
		{"the namespace", "GET /function/plain.openfaas-fn/x", "", nil},
		{"HEAD", "HEAD /function/plain", "", nil},
		{"a method of its own", "BREW /function/plain", "", nil},
		{"an empty POST", "POST /function/plain", "", nil},
		{"a call id", "GET /function/plain", "", []string{"X-Call-Id", "mine", "X-Start-Time", "7"}},
		{"a call id that is too long", "GET /function/plain", "", []string{"X-Call-Id", strings.Repeat("x", 200)}},
		{"proxies in front", "GET /function/plain", "", []string{
			"X-Forwarded-For", "192.0.2.1, 192.0.2.2", "X-Forwarded-Host", "example.com", "X-Forwarded-Proto", "https",
		}},
		{"proxies in front, that say it twice", "GET /function/plain", "", []string{
			"X-Forwarded-For", "192.0.2.1", "X-Forwarded-For", "192.0.2.2", "X-Forwarded-Host", "", "X-Forwarded-Host", "evil",
			"X-Forwarded-Proto", "https", "X-Forwarded-Proto", "http", "Forwarded", "for=192.0.2.6",
		}},
		{"empty fields", "GET /function/plain", "", []string{"X-Forwarded-Host", "", "X-Empty", ""}},
		{"a forger", "GET /function/forger", "", nil},
		{"a stream", "GET /function/streams", "", nil},
		{"no content", "GET /function/empty", "", nil},
		{"an alias", "POST /function/alias/x", "y", nil},
		{"an unknown function", "GET /function/none", "", nil},
		{"no function", "GET /function/", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, path, _ := strings.Cut(c.request, " ")
			var way [2]string
			for i, more := range [][]string{nil, {"Keep-Alive", "5"}} {
				res, body := g.repeat(t, method, path, c.body, append(more, c.header...)...)
				h := res.Header.Clone()
				for _, name := range []string{"Date", "X-Start-Time", "X-Duration-Seconds"} {
					if h.Get(name) == "" {
						t.Errorf("no %s in %v", name, h)
					}
					h.Del(name)
				}
				if len(h.Get("X-Call-Id")) == len("00000000-0000-4000-8000-000000000000") {
					h.Set("X-Call-Id", "new")
				}
				h.Del("Trailer")
				way[i] = fmt.Sprintf("%d %d %v %v %q", res.StatusCode, res.ContentLength, h, res.Trailer, body)
				select {
				case s := <-saw:
					way[i] += " saw " + s
				default:
				}
			}
			if d := cmp.Diff(way[1], way[0]); d != "" {
				t.Errorf("the short way is another (-long, +short):\n%s", d)
			}
		})
	}
}

// repeat is do with fields that may come more than once.
func (r *running) repeat(t testing.TB, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// TestAnswersOfThePlatform holds that on both ways the same is said where a function does not answer.
func TestAnswersOfThePlatform(t *testing.T) {
	hangs := replica(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the gateway leaves
		<-r.Context().Done()
	})
	for name, r := range map[string]function.Replica{
		"gone": gone, "hangs": hangs, "starting": {ID: "starting", State: function.ReplicaStarting},
	} {
		var way [2]string
		for i, more := range [][]string{nil, {"Keep-Alive", "5"}} {
			g := start(t, newFakeBackend(status("f", r)), func(o *Options) { // a new one: the replica is in no quarantine
				o.Config = DefaultConfig()
				o.Config.UpstreamTimeout, o.Config.HoldTimeout, o.Config.MaxBody = 100*time.Millisecond, 50*time.Millisecond, 10
			})
			res, body := g.do(t, "POST", "/function/f", "x", append(more, "X-Call-Id", "mine")...)
			for _, name := range []string{"Date", "X-Start-Time", "X-Duration-Seconds"} {
				res.Header.Del(name)
			}
			way[i] = fmt.Sprintf("%d %v %q", res.StatusCode, res.Header, body)
		}
		if d := cmp.Diff(way[1], way[0]); d != "" {
			t.Errorf("%s: the short way is another (-long, +short):\n%s", name, d)
		}
	}
}

// TestConnectionsOfAReplicaThatWentAreClosed holds that a replica which drains is not kept waiting for a client of its own.
func TestConnectionsOfAReplicaThatWentAreClosed(t *testing.T) {
	open := make(chan int, 10)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	s := &http.Server{Handler: http.HandlerFunc(echo), ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			n++
		case http.StateClosed:
			n--
		}
		open <- n
	}}
	served := make(chan struct{})
	go func() { defer close(served); _ = s.Serve(l) }() // it ends when it is closed
	b := newFakeBackend(status("echo", function.Replica{ID: "a", Addr: l.Addr().String(), State: function.ReplicaReady}))
	g := start(t, b, nil)
	res, body := g.do(t, "POST", "/function/echo", "x")
	wantStatus(t, res, body, http.StatusOK)
	b.set(status("echo", replica(t, echo)))
	waitFor(t, "the connection to be closed", func() bool {
		select {
		case n := <-open:
			return n == 0
		default:
			return false
		}
	})
	_ = s.Close() // Serve has ended
	<-served
}

// TestWhatAnInvocationAllocates holds what a warm invocation may cost the garbage collector in the gateway.
func TestWhatAnInvocationAllocates(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // a replica that allocates nothing
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf, answer := make([]byte, 4<<10), []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}()
	b := newFakeBackend(status("echo", function.Replica{ID: "a", Addr: l.Addr().String(), State: function.ReplicaReady}))
	g := start(t, b, func(o *Options) { o.Portal = portalFiles }) // which looks for browsers
	conn, buf := g.dial(t), make([]byte, 4<<10)
	request := []byte("POST /function/echo HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
	ok := []byte("HTTP/1.1 200 OK\r\n")
	once := func() {
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(buf); err != nil || !bytes.HasPrefix(buf[:n], ok) {
			t.Fatalf("%q, %v", buf[:n], err)
		}
	}
	for range 100 {
		once()
	}
	if n := testing.AllocsPerRun(2000, once); n >= 1 {
		t.Errorf("%.1f allocations an invocation", n)
	}
	_ = l.Close() // nothing more is accepted
	b.set(status("echo"))
	<-done
}
