//go:build linux

package watchdog

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

func serverDiesBeforeOutput(t *testing.T, d *daemon) {
	res, body, err := d.post(t, "/exit", "x")
	if err != nil || res.StatusCode != 502 {
		t.Fatalf("got %v %q %v, want 502", res, body, err)
	}
	eventually(t, "running again", func() bool {
		res, _, err := d.post(t, "/echo/", "x")
		return err == nil && res.StatusCode == 200
	})
}

// The function is told, and goes on: it may have other requests.
func clientGoneIsPassedOn(t *testing.T, d *daemon) {
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, _, err := d.do(t, d.request(t, http.MethodPost, "/slow", strings.NewReader("x")).WithContext(ctx))
		done <- err
	}()
	eventually(t, "it runs", func() bool { return strings.Contains(d.stdout.String(), "slow begins") })
	leave()
	<-done
	eventually(t, "the function is told", func() bool { return strings.Contains(d.stdout.String(), "slow ends") })
	d.answers(t, "/echo/", "still there", 200, "still there")
	eventually(t, "counted as 499", func() bool {
		return d.metric(t, `http_requests_total{code="499",method="post"}`) == "1"
	})
}

func endsDeafServer(t *testing.T, d *daemon) {
	_, pid, err := d.post(t, "/pid", "")
	if err != nil {
		t.Fatal(err)
	}
	d.signal(t, syscall.SIGTERM)
	d.ends(t, 0)
	gone(t, []int{number(t, pid)})
	if !strings.Contains(d.stderr.String(), "ignores SIGTERM") {
		t.Error("nothing was said about it")
	}
}

// What a server leaves behind would hold its port and its logs.
func endsWorkerOfDeadServer(t *testing.T, d *daemon) {
	res, _, err := d.post(t, "/fork", "")
	if err != nil || res.StatusCode != 502 {
		t.Errorf("got %v %v, want 502", res, err)
	}
	gone(t, pids(t, filepath.Join(d.dir, "pids"), 1))
	eventually(t, "running again", func() bool {
		res, _, err := d.post(t, "/echo/", "x")
		return err == nil && res.StatusCode == 200
	})
}

func responseTrailer(t *testing.T, d *daemon) {
	res, body, err := d.post(t, "/trailer", "")
	if err != nil || body != "body" || res.Trailer.Get("X-Sum") != "42" {
		t.Errorf("got %q %v, trailer %v", body, err, res.Trailer)
	}
}

// A connection that was upgraded outlasts every time-out.
func webSocket(t *testing.T, d *daemon) {
	d.answers(t, "/echo/", "up", 200, "up") // its start may take longer than the time-outs allow
	c, res, err := websocket.Dial(t.Context(), d.url+"/ws", &websocket.DialOptions{HTTPClient: d.client, Subprotocols: []string{"echo"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }() // either way it is over
	if res.StatusCode != http.StatusSwitchingProtocols || c.Subprotocol() != "echo" {
		t.Errorf("got %v, subprotocol %q", res, c.Subprotocol())
	}
	for i, message := range []struct {
		kind websocket.MessageType
		text string
	}{{websocket.MessageText, "hello"}, {websocket.MessageBinary, binaryBody()[:30_000]}, {websocket.MessageText, "late"}} {
		if i == 2 { // the server speaks first now, after twice the time-outs
			if _, got, err := c.Read(t.Context()); err != nil || string(got) != "unasked" {
				t.Fatalf("got %q %v", got, err)
			}
		}
		if err := c.Write(t.Context(), message.kind, []byte(message.text)); err != nil {
			t.Fatal(err)
		}
		kind, got, err := c.Read(t.Context())
		if err != nil || kind != message.kind || string(got) != message.text {
			t.Fatalf("got %v %.100q %v, want %v %.100q", kind, got, err, message.kind, message.text)
		}
	}
	d.inflight(t, 1)
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Error(err)
	}
	d.inflight(t, 0)
}

// Each event is let go only once the one before has arrived.
func eventsOneByOne(path string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		res, err := d.client.Do(d.request(t, http.MethodGet, path, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type: %q", got)
		}
		lines := bufio.NewReader(res.Body)
		for i := 1; i <= 3; i++ {
			line, err := lines.ReadString('\n')
			if want := fmt.Sprintf("data: %d\n", i); err != nil || line != want {
				t.Fatalf("got %q %v, want %q", line, err, want)
			}
			if line, err = lines.ReadString('\n'); err != nil || line != "\n" {
				t.Fatalf("got %q %v", line, err)
			}
			touch(t, d, fmt.Sprint(i))
		}
		if rest, err := lines.ReadString('\n'); err == nil || rest != "" {
			t.Errorf("more came: %q %v", rest, err)
		}
	}
}

// touch makes a file that the function waits for.
func touch(t testing.TB, d *daemon, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
