package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"faas/functions/serve"
)

// start runs the function's server. stop tells it to end; ended has its error once it and all connections have.
func start(t *testing.T, pingEvery time.Duration) (address string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	e, over := &echo{pingEvery: pingEvery}, make(chan error, 1)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		err := serve.Server{Handler: e, Drain: 10 * time.Second, Endless: true}.Run(ctx, ln)
		e.open.Wait()
		over <- err
	}()
	t.Cleanup(func() { cancel(); <-finished })
	return "ws://" + ln.Addr().String() + "/", cancel, over
}

func dial(t *testing.T, address string, o *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() }) // unless the test closed it
	return conn
}

func TestEcho(t *testing.T) {
	address, _, _ := start(t, time.Hour)
	conn := dial(t, address, nil)
	for _, c := range []struct {
		kind    websocket.MessageType
		message []byte
	}{
		{websocket.MessageText, []byte("héllo")},
		{websocket.MessageBinary, []byte{0, 255, 1}},
		{websocket.MessageText, nil},
		{websocket.MessageBinary, bytes.Repeat([]byte("x"), maxMessage)},
	} {
		if err := conn.Write(t.Context(), c.kind, c.message); err != nil {
			t.Fatal(err)
		}
		kind, got, err := conn.Read(t.Context())
		if err != nil || kind != c.kind || !bytes.Equal(got, c.message) {
			t.Fatalf("%v %.20q, %v; want %v %.20q", kind, got, err, c.kind, c.message)
		}
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	address, _, _ := start(t, time.Hour)
	conn := dial(t, address, nil)
	if err := conn.Write(t.Context(), websocket.MessageBinary, make([]byte, maxMessage+1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("got %v, want status %d", err, websocket.StatusMessageTooBig)
	}
}

func TestPing(t *testing.T) {
	address, _, _ := start(t, time.Millisecond)
	pinged := make(chan struct{}, 1)
	conn := dial(t, address, &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return true
	}})
	ctx := conn.CloseRead(t.Context()) // pings and pongs are read for us
	for range 3 {                      // the third comes only where the first were answered
		<-pinged
	}
	if err := conn.Ping(ctx); err != nil {
		t.Errorf("the function does not answer: %v", err)
	}
}

// TestStop checks that clients are told that the function stops, and that it waits for them.
func TestStop(t *testing.T) {
	address, stop, ended := start(t, time.Hour)
	conns := []*websocket.Conn{dial(t, address, nil), dial(t, address, nil)}
	for _, conn := range conns { // each is served
		if err := conn.Write(t.Context(), websocket.MessageText, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	for _, conn := range conns {
		_, _, err := conn.Read(t.Context())
		if status := websocket.CloseStatus(err); status != websocket.StatusGoingAway || !strings.Contains(err.Error(), "the function stops") {
			t.Errorf("closed with %v", err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTalk(t *testing.T) {
	address, _, _ := start(t, time.Hour)
	var out strings.Builder
	if err := talk(t.Context(), address, strings.NewReader("hello\nagain\n"), &out); err != nil || out.String() != "hello\nagain\n" {
		t.Errorf("got %q, %v", &out, err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	url := "ws" + strings.TrimPrefix(plain.URL, "http")
	if err := talk(t.Context(), url, nil, nil); err == nil || err.Error() != url+" answered 404 Not Found in place of a WebSocket" {
		t.Errorf("got %v", err)
	}
	if err := talk(t.Context(), "ws://127.0.0.1:1", nil, nil); err == nil || !strings.HasPrefix(err.Error(), "cannot reach ws://127.0.0.1:1: ") {
		t.Errorf("got %v", err)
	}
}

func TestPlainRequest(t *testing.T) {
	address, _, _ := start(t, time.Hour)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(address, "ws"), http.NoBody)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("answered %s", res.Status)
	}
}
