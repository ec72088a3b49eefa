package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Go's server closes the request's body at the first byte of the answer unless told otherwise.
func TestStreamingEchoIsWhole(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	for _, size := range []int{0, 1, 4 << 10, 250_000, 1 << 20, 64 << 20} {
		want := bytes.Repeat(random, size/len(random)+1)[:size]
		for _, chunked := range []bool{false, true} {
			var body io.Reader = bytes.NewReader(want)
			if chunked {
				body = struct{ io.Reader }{body}
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/function/echo", body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := g.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes (chunked %v) came back as %d, %v", size, chunked, len(got), err)
			}
		}
	}
}

func TestAnswerIsFlushedAsItComes(t *testing.T) {
	next := make(chan struct{})
	b := newFakeBackend(status("events", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})))
	g := start(t, b, nil)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/function/events", nil)
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 3 {
		line, err := lines.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
		_, _ = lines.ReadString('\n')
		next <- struct{}{}
	}
}

func TestAnswerThatBreaksOffBreaksTheConnection(t *testing.T) {
	for _, length := range []string{"", "1000000"} {
		b := newFakeBackend(status("dies", replica(t, func(w http.ResponseWriter, _ *http.Request) {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			_, _ = w.Write(random[:100_000])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})))
		g := start(t, b, nil)
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/function/dies", nil)
		res, err := g.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = io.ReadAll(res.Body); err == nil {
			t.Errorf("content-length %q: the broken answer looks whole", length)
		}
		res.Body.Close()
		waitFor(t, "the failure to be counted", func() bool {
			return strings.Contains(g.metricsText(t, "/metrics"), `gateway_function_invocation_total{code="502",function_name="dies"} 1`)
		})
	}
}

// A function may answer without having read what was sent.
func TestUnreadBodiesDoNotSpoilTheConnection(t *testing.T) {
	g := start(t, newFakeBackend(status("deaf", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "never mind")
	}))), nil)
	for _, size := range []int{1, 10_000, 300_000, 2 << 20} {
		for i := range 30 {
			body := bytes.NewReader(bytes.Repeat([]byte("x"), size))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/function/deaf", body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := g.client.Do(req)
			if err != nil {
				t.Errorf("request %d with %d bytes: %v", i, size, err)
				continue
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || string(got) != "never mind" {
				t.Errorf("request %d with %d bytes: %s %q %v", i, size, res.Status, got, err)
			}
		}
	}
}

func TestUpgradedConnection(t *testing.T) {
	b := newFakeBackend(status("ws", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString("echo " + line)
		_ = rw.Flush()
	})))
	g := start(t, b, nil)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /function/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v; want 101", res, err)
	}
	res.Body.Close()
	fmt.Fprintln(conn, "hello")
	if line, err := r.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("%q, %v", line, err)
	}
	conn.Close()
	waitFor(t, "the replica to be given back", func() bool {
		n, _ := g.routes.lookup("ws").series.load.read(time.Now())
		return n == 0
	})
}

var random = func() []byte {
	b := bytes.Repeat([]byte("0123456789abcdef\x00\xff\r\n"), 1<<20/20)
	for i := range b {
		b[i] ^= byte(i * 7)
	}
	return b
}()
