package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"faas/function"
)

func aliased(s function.Status, alias string) function.Status {
	s.Alias = alias
	return s
}

// lateWatcher tells nothing before it may.
type lateWatcher struct {
	*fakeBackend
	may <-chan struct{}
}

func (w lateWatcher) Watch(ctx context.Context, tell func(function.Snapshot)) error {
	select {
	case <-w.may:
		return w.fakeBackend.Watch(ctx, tell)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestAlias checks that a function answers to its second name, and counts under its own.
func TestAlias(t *testing.T) {
	b := newFakeBackend(
		aliased(status("func_echo", replica(t, echo)), "echo"),
		aliased(status("func_resize", replica(t, echo)), "resize"),
		status("resize", replica(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })),
		aliased(status("one_twin", replica(t, echo)), "twin"), aliased(status("two_twin", replica(t, echo)), "twin"),
	)
	g := start(t, b, nil)
	for _, c := range []struct {
		name, request, body string
		header              []string
		status              int
		says                string
	}{
		{"by path", "POST /function/echo/a?b=c", "hello", nil, 200, ""},
		{"by its own name", "POST /function/func_echo", "hello", nil, 200, ""},
		{"with the namespace", "POST /function/echo.openfaas-fn", "hello", nil, 200, ""},
		{"by header", "POST /", "hello", []string{"X-Function", "echo"}, 200, ""},
		{"an own name comes first", "POST /function/resize", "", nil, 418, ""},
		{"two answer", "POST /function/twin", "", nil, 404, "say one_twin or two_twin"},
		{"two answer to the header", "POST /", "", []string{"X-Function", "twin"}, 404, "say one_twin or two_twin"},
		{"described", "GET /system/function/echo", "", nil, 200, `"name":"func_echo"`},
		{"scaled", "POST /system/scale-function/echo", `{"replicas":2}`, nil, 202, ""},
		{"two are described", "GET /system/function/twin", "", nil, 404, "say one_twin or two_twin"},
		{"two are scaled", "POST /system/scale-function/twin", `{"replicas":2}`, nil, 404, "say one_twin or two_twin"},
		{"none is removed by it", "DELETE /system/functions", `{"functionName":"echo"}`, nil, 404, "echo"},
		{"none is updated by it", "PUT /system/functions", `{"service":"echo","image":"a"}`, nil, 404, "echo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, path, _ := strings.Cut(c.request, " ")
			res, body := g.do(t, method, path, c.body, c.header...)
			wantStatus(t, res, body, c.status)
			if !strings.Contains(body, c.says) {
				t.Errorf("says %q, want %q", body, c.says)
			}
		})
	}
	if s, _ := b.Function(t.Context(), "func_echo"); s.Desired != 2 {
		t.Errorf("func_echo has %d replicas", s.Desired)
	}
	text := g.metricsText(t, "/metrics")
	if !strings.Contains(text, `gateway_function_invocation_total{code="200",function_name="func_echo"} 4`) ||
		strings.Contains(text, `function_name="echo"`) {
		t.Error("invocations by the alias are not counted under the function's own name")
	}
}

// TestRequestsBeforeTheFunctionsAreKnown checks that a gateway that has just started does not say that there is
// no such function when it cannot know.
func TestRequestsBeforeTheFunctionsAreKnown(t *testing.T) {
	late := make(chan struct{})
	b := newFakeBackend(status("echo", replica(t, echo)))
	g := start(t, b, func(o *Options) {
		o.Watcher = lateWatcher{b, late}
		o.Config = DefaultConfig()
		o.Config.HoldTimeout = 20 * time.Millisecond
	})
	res, body := g.do(t, "POST", "/function/echo", "hello")
	wantStatus(t, res, body, http.StatusServiceUnavailable)
	if res.Header.Get("Retry-After") == "" || !strings.Contains(body, "not known yet") {
		t.Errorf("says %q, header %v", body, res.Header)
	}
	close(late)
	<-g.routes.loaded
	res, body = g.do(t, "POST", "/function/echo", "hello")
	wantStatus(t, res, body, http.StatusOK)
	res, body = g.do(t, "POST", "/function/ghost", "")
	wantStatus(t, res, body, http.StatusNotFound)
}

// TestFirstRequestWaits checks that one that comes a moment too early is served.
func TestFirstRequestWaits(t *testing.T) {
	late := make(chan struct{})
	b := newFakeBackend(status("echo", replica(t, echo)))
	g := start(t, b, func(o *Options) { o.Watcher = lateWatcher{b, late} })
	timer := time.AfterFunc(50*time.Millisecond, func() { close(late) })
	defer timer.Stop()
	res, body := g.do(t, "POST", "/function/echo", "hello")
	wantStatus(t, res, body, http.StatusOK)
}
