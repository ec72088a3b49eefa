package queue

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/internal/httperr"
)

func TestCallIsMadeAsItCame(t *testing.T) {
	gateway := newGateway(t, nil)
	q := start(t, Options{Gateway: gateway.URL})
	body := "\x00\xff\r\n\r\nbinary"
	q.enqueue(t, function.Call{
		ID: "id-1", Function: "my.func_1", Method: "POST", Path: "/a%2Fb/c", Query: "x=1&y=%20",
		Header: http.Header{
			"Content-Type": {"image/png"}, "X-Twice": {"a", "b"}, "X-Latin": {"\xe9"}, "Host": {"shop.example.com"},
			"Connection": {"X-Hop"}, "X-Hop": {"1"}, "Expect": {"100-continue"}, "Content-Length": {"1"},
		},
		Body: []byte(body),
	})
	got := gateway.await(t, 1)[0]
	if got.method != "POST" || got.uri != "/function/my.func_1/a%2Fb/c?x=1&y=%20" || got.body != body || got.host != "shop.example.com" {
		t.Errorf("made as %s %s with body %q for %s", got.method, got.uri, got.body, got.host)
	}
	want := http.Header{
		"Content-Type": {"image/png"}, "X-Twice": {"a", "b"}, "X-Latin": {"\xe9"}, "X-Call-Id": {"id-1"},
		"Content-Length": {fmt.Sprint(len(body))},
	}
	if diff := cmp.Diff(want, got.header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	q.empty(t)
	if n := gateway.count(); n != 1 {
		t.Errorf("made %d times", n)
	}
	if n := q.counted(t, "gateway_async_calls_total", eventCompleted); n != 1 {
		t.Errorf("%v calls counted as completed, want 1", n)
	}
}

// TestAcceptedIsStored kills a process with SIGKILL right after it accepted calls.
func TestAcceptedIsStored(t *testing.T) {
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "QUEUE_TEST_DIR="+dir)
	child.Stderr = t.Output()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "accepted 3" {
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed

	gateway := newGateway(t, nil)
	q := start(t, Options{Dir: dir, Gateway: gateway.URL})
	made := map[string]bool{}
	for _, c := range gateway.await(t, 3) {
		made[c.header.Get("X-Call-Id")] = true
		if c.body != "precious" {
			t.Errorf("body %q", c.body)
		}
	}
	if len(made) != 3 {
		t.Errorf("made %v, want call-1 to call-3", made)
	}
	q.empty(t)
}

func TestOnceEach(t *testing.T) {
	gateway := newGateway(t, nil)
	q := start(t, Options{Gateway: gateway.URL})
	const n = 500
	for i := range n {
		q.enqueue(t, function.Call{ID: fmt.Sprint(i), Function: fmt.Sprint("f", i%7)})
	}
	q.empty(t)
	times := map[string]int{}
	for _, c := range gateway.await(t, n) {
		times[c.header.Get("X-Call-Id")]++
	}
	if len(times) != n || gateway.count() != n {
		t.Errorf("%d calls made %d times, want %d once each", len(times), gateway.count(), n)
	}
}

// TestLongCallIsMadeOnce works on a call for several times AckWait, while another gateway looks for something to do.
func TestLongCallIsMadeOnce(t *testing.T) {
	t.Parallel() // it takes seconds: AckWait is far above a stall of this machine
	const ackWait = 3 * time.Second
	end := make(chan struct{})
	gateway := newGateway(t, func(http.ResponseWriter, *http.Request, *seen) { <-end })
	url, _ := shared(t, t.TempDir())
	first := start(t, Options{URL: url, Gateway: gateway.URL, AckWait: ackWait})
	first.enqueue(t, function.Call{ID: "long", Function: "slow"})
	gateway.await(t, 1)
	other := start(t, Options{URL: url, Gateway: gateway.URL, AckWait: ackWait})
	eventually(t, "the other gateway looks for calls of the function", func() bool {
		return strings.Contains(other.log.String(), "queue ready")
	})
	timer := time.NewTimer(5 * ackWait / 2) // it looks once a second
	<-timer.C
	close(end)
	first.empty(t)
	if n := gateway.count(); n != 1 {
		t.Errorf("made %d times, want once", n)
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	q := start(t, Options{Gateway: newGateway(t, nil).URL, MaxBody: 1000})
	q.enqueue(t, function.Call{Function: "f", Body: make([]byte, 1000)})
	for _, test := range []struct {
		name   string
		call   function.Call
		status int
	}{
		{"a body beyond the bound", function.Call{Function: "f", Method: "POST", Path: "/", Body: make([]byte, 1001)}, 413},
		{"a header beyond any message", function.Call{
			Function: "f", Method: "POST", Path: "/", Header: http.Header{"A": {strings.Repeat("a", maxPayload)}},
		}, 413},
		{"no name", function.Call{Method: "POST", Path: "/"}, 400},
		{"a name of several subjects", function.Call{Function: "a.>", Method: "POST", Path: "/"}, 400},
		{"a path that breaks the line", function.Call{Function: "f", Method: "POST", Path: "/a\r\nX: y"}, 400},
		{"a query that ends the line", function.Call{Function: "f", Method: "POST", Path: "/", Query: "a b"}, 400},
		{"a path without a slash", function.Call{Function: "f", Method: "POST", Path: "a"}, 400},
		{"a method that is none", function.Call{Function: "f", Method: "P OST", Path: "/"}, 400},
		{"an id of two lines", function.Call{Function: "f", Method: "POST", Path: "/", ID: "a\nb"}, 400},
		{"a callback that is none", function.Call{Function: "f", Method: "POST", Path: "/", Callback: "ftp://a/"}, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := q.Enqueue(t.Context(), test.call); httperr.Status(err) != test.status {
				t.Errorf("status %d (%v), want %d", httperr.Status(err), err, test.status)
			}
		})
	}
	q.empty(t)
}

func TestNotRunning(t *testing.T) {
	q, err := New(Options{Dir: t.TempDir(), Gateway: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Enqueue(t.Context(), function.Call{Function: "f", Method: "POST", Path: "/"}); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("Enqueue: %v, want ErrUnavailable", err)
	}
	if n, known := q.Depth("f"); known {
		t.Errorf("Depth is known: %d", n)
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name string
		o    Options
		want string
	}{
		{"neither directory nor URL", Options{Gateway: "http://a:1"}, "give a directory, or the URL"},
		{"both", Options{Dir: "d", URL: "nats://a", Gateway: "http://a:1"}, "give a directory, or the URL"},
		{"no gateway", Options{Dir: "d"}, "write http://"},
		{"a body that no message holds", Options{Dir: "d", Gateway: "http://a:1", MaxBody: MaxBody + 1}, "at most"},
		{"a pattern that is none", Options{Dir: "d", Gateway: "http://a:1", Config: Config{CallbackDeny: "http://a"}}, "no name of a host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := New(test.o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("New: %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestServerThatCannotStart(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	q, err := New(Options{Dir: file, Gateway: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Run(t.Context()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Run on a file: %v, want an error that names it", err)
	}
}
