package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faas/function"
)

// fakeQueue remembers calls, or refuses them: the real one has tests of its own, also with this gateway.
type fakeQueue struct {
	mu    sync.Mutex
	calls []function.Call
	err   error
}

func (q *fakeQueue) Enqueue(_ context.Context, c function.Call) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.calls = append(q.calls, c)
	}
	return q.err
}

func withQueue(q *fakeQueue) func(*Options) {
	return func(o *Options) {
		o.Queue = q
		o.Config = DefaultConfig()
		o.Config.MaxAsyncBody = 100
	}
}

func TestAsyncCallIsKeptAsItCame(t *testing.T) {
	q := &fakeQueue{}
	aliased := status("func_echo", replica(t, echo))
	aliased.Alias = "echo"
	g := start(t, newFakeBackend(aliased), withQueue(q))
	res, body := g.do(t, "POST", "/async-function/echo.openfaas-fn/a%2Fb/c?x=1&y", "hello",
		"X-Callback-Url", "http://example.com/done", "X-Call-Id", "mine", "Content-Type", "text/x", "X-Forwarded-For", "192.0.2.1", "User-Agent", "test")
	wantStatus(t, res, body, http.StatusAccepted)
	if body != "" || res.Header.Get("X-Call-Id") != "mine" || res.Header.Get("X-Start-Time") == "" {
		t.Errorf("answer %q with %v", body, res.Header)
	}
	host := strings.TrimPrefix(g.url, "http://")
	want := []function.Call{{
		ID: "mine", Function: "func_echo", Method: "POST", Path: "/a%2Fb/c", Query: "x=1&y",
		Header: http.Header{
			"X-Callback-Url": {"http://example.com/done"}, "X-Call-Id": {"mine"}, "Content-Type": {"text/x"}, "User-Agent": {"test"},
			"X-Forwarded-For": {"192.0.2.1, 127.0.0.1"}, "X-Forwarded-Host": {host}, "X-Forwarded-Proto": {"http"}, "Host": {host},
			"X-Start-Time": {res.Header.Get("X-Start-Time")},
		},
		Body: []byte("hello"), Callback: "http://example.com/done",
	}}
	if diff := cmp.Diff(want, q.calls, cmpopts.IgnoreFields(function.Call{}, "AcceptedAt")); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if q.calls[0].AcceptedAt.IsZero() {
		t.Error("nothing says when it was accepted")
	}
}

// TestCallIDWithTab is one that HTTP takes and the queue does not: the call gets another.
func TestCallIDWithTab(t *testing.T) {
	q := &fakeQueue{}
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), withQueue(q))
	res, body := g.do(t, "POST", "/async-function/echo", "", "X-Call-Id", "a\tb")
	wantStatus(t, res, body, http.StatusAccepted)
	id := res.Header.Get("X-Call-Id")
	if id == "" || strings.Contains(id, "\t") || len(q.calls) != 1 || q.calls[0].ID != id || q.calls[0].Header["X-Call-Id"][0] != id {
		t.Errorf("call id %q, kept %+v", id, q.calls)
	}
}

func TestAsyncRefusals(t *testing.T) {
	tooMuch := strings.Repeat("a", 101)
	for _, test := range []struct {
		name, method, path, body string
		err                      error
		want                     int
		header                   string // that the answer must have
	}{
		{"accepted at the bound", "POST", "/async-function/echo", tooMuch[:100], nil, 202, "X-Call-Id"},
		{"another method", "GET", "/async-function/echo", "", nil, 405, "Allow"},
		{"unknown function", "POST", "/async-function/none", "", nil, 404, "X-Call-Id"},
		{"no name", "POST", "/async-function/", "", nil, 404, "X-Call-Id"},
		{"too large", "POST", "/async-function/echo", tooMuch, nil, 413, "X-Call-Id"},
		{"too large for the queue", "POST", "/async-function/echo", "", &http.MaxBytesError{Limit: 1}, 413, "X-Call-Id"},
		{"bad callback", "POST", "/async-function/echo", "", function.Invalidf("no"), 400, "X-Call-Id"},
		{"queue away", "POST", "/async-function/echo", "", function.Unavailablef("away"), 503, "Retry-After"},
		{"something else", "POST", "/async-function/echo", "", errors.New("secret"), 500, "X-OpenFaaS-Internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := start(t, newFakeBackend(status("echo", replica(t, echo))), withQueue(&fakeQueue{err: test.err}))
			res, body := g.do(t, test.method, test.path, test.body)
			wantStatus(t, res, body, test.want)
			if res.Header.Get(test.header) == "" {
				t.Errorf("no %s in %v", test.header, res.Header)
			}
			if test.want > 299 && res.Header.Get("X-OpenFaaS-Internal") != "gateway" {
				t.Error("the answer does not say that the platform made it")
			}
		})
	}
}

// TestAsyncChunkedTooLarge sends a body whose length is not known before.
func TestAsyncChunkedTooLarge(t *testing.T) {
	q := &fakeQueue{}
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), withQueue(q))
	body := struct{ *strings.Reader }{strings.NewReader(strings.Repeat("a", 101))}
	req, err := http.NewRequestWithContext(t.Context(), "POST", g.url+"/async-function/echo", body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge || len(q.calls) > 0 {
		t.Errorf("status %d, %d calls kept", res.StatusCode, len(q.calls))
	}
}

func TestAsyncWithoutQueue(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	res, body := g.do(t, "POST", "/async-function/echo", "")
	wantStatus(t, res, body, http.StatusNotImplemented)
	if text := g.metricsText(t, "/metrics"); !strings.Contains(text, `gateway_function_queued{function_name="echo"} 0`+"\n") {
		t.Errorf("where there is no queue nothing is in it:\n%s", text)
	}
}

func TestQueueDepthIsAMetric(t *testing.T) {
	var away atomic.Bool
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), func(o *Options) {
		o.QueueDepth = func(name string) (int, bool) { return len(name), !away.Load() }
	})
	if text := g.metricsText(t, "/metrics"); !strings.Contains(text, `gateway_function_queued{function_name="echo"} 4`) {
		t.Errorf("no depth in\n%s", text)
	}
	away.Store(true)
	if text := g.metricsText(t, "/metrics"); strings.Contains(text, "gateway_function_queued{") {
		t.Errorf("a depth is shown that is not known:\n%s", text)
	}
}

func TestAsyncLimit(t *testing.T) {
	plain := status("plain", replica(t, echo))
	plain.Annotations = map[string]string{function.AnnotationConcurrency: "many"}
	own := status("own", replica(t, echo))
	own.Annotations = map[string]string{function.AnnotationConcurrency: "3"}
	bounded := status("bounded", replica(t, echo), replica(t, echo))
	bounded.Env = map[string]string{"max_inflight": "4"}
	asleep := status("asleep")
	asleep.Env = map[string]string{"max_inflight": "4"}
	g := start(t, newFakeBackend(plain, own, bounded, asleep), nil)
	for name, want := range map[string]int{"plain": 25, "own": 3, "bounded": 8, "asleep": 4} {
		if n, known := g.AsyncLimit(name, 25); n != want || !known {
			t.Errorf("%s: %d calls at once (%t), want %d", name, n, known, want)
		}
	}
	g.routes.share(2)
	if n, _ := g.AsyncLimit("bounded", 25); n != 4 {
		t.Errorf("bounded, beside another gateway: %d calls at once, want 4: the others would be held", n)
	}
	if _, known := g.AsyncLimit("none", 25); known {
		t.Error("a function that does not exist is known")
	}
}
