package gateway

import (
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"faas/api"
)

// TestNamespaces: there is one, and stock clients that would make another are told so.
func TestNamespaces(t *testing.T) {
	g := start(t, newFakeBackend(), nil)
	for _, c := range []struct {
		request, body string
		status        int
		says          string
	}{
		{"GET /system/namespaces", "", 200, `["openfaas-fn"]`},
		{"GET /system/namespace/openfaas-fn", "", 200, `{"name":"openfaas-fn"}`},
		{"GET /system/namespace/dev", "", 404, `"dev"`},
		{"POST /system/namespace/", `{"name":"dev"}`, 501, "one namespace"},
		{"POST /system/namespaces", `{"name":"dev"}`, 501, "one namespace"},
		{"POST /system/namespace/dev", `{"name":"dev"}`, 501, "one namespace"},
		{"PUT /system/namespace/dev", `{"name":"dev"}`, 501, "one namespace"},
		{"DELETE /system/namespace/openfaas-fn", `{"name":"openfaas-fn"}`, 501, "one namespace"},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		res, body := g.do(t, method, path, c.body)
		wantStatus(t, res, body, c.status)
		if !strings.Contains(body, c.says) {
			t.Errorf("%s says %q, want %q", c.request, body, c.says)
		}
	}
}

// TestNamespaceInTheQuery checks what older clients do, which name it there and not in the body.
func TestNamespaceInTheQuery(t *testing.T) {
	b := newFakeBackend(status("echo"))
	g := start(t, b, nil)
	for _, c := range []struct{ request, body string }{
		{"DELETE /system/functions", `{"functionName":"echo"}`},
		{"POST /system/scale-function/echo", `{"serviceName":"echo","replicas":3}`},
		{"POST /system/functions", `{"service":"b","image":"b"}`},
		{"PUT /system/functions", `{"service":"echo","image":"b"}`},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		res, body := g.do(t, method, path+"?namespace=dev", c.body)
		wantStatus(t, res, body, http.StatusNotFound)
		res, body = g.do(t, method, path+"?namespace=openfaas-fn", strings.Replace(c.body, "{", `{"namespace":"dev",`, 1))
		wantStatus(t, res, body, http.StatusNotFound)
	}
	if s, err := b.Function(t.Context(), "echo"); err != nil || s.Image != "example/echo" || s.Desired != 0 {
		t.Errorf("another namespace's calls changed it to %+v, %v", s, err)
	}
	res, body := g.do(t, "DELETE", "/system/functions?namespace=openfaas-fn", `{"functionName":"echo"}`)
	wantStatus(t, res, body, http.StatusAccepted)
}

func TestInfoNamesTheMachineAsStockGatewaysDo(t *testing.T) {
	g := start(t, newFakeBackend(), nil)
	res, body := g.do(t, "GET", "/system/info", "")
	wantStatus(t, res, body, http.StatusOK)
	var info api.Info
	if err := json.Unmarshal([]byte(body), &info); err != nil {
		t.Fatal(err)
	}
	if want := arch(runtime.GOARCH); info.Arch != want || strings.Contains(body, `""`) || strings.Contains(body, "null") {
		t.Errorf("got %s, want arch %s and nothing empty", body, want)
	}
	for goarch, want := range map[string]string{"amd64": "x86_64", "arm": "armhf", "arm64": "arm64", "riscv64": "riscv64"} {
		if got := arch(goarch); got != want {
			t.Errorf("%s is shown as %s, want %s", goarch, got, want)
		}
	}
}

// TestHeadAnswersWhereGetDoes compares the two, and that the wrong method is told which are right.
func TestHeadAnswersWhereGetDoes(t *testing.T) {
	events := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/json") })
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), func(o *Options) {
		o.Secrets, o.Logs, o.ScaleEvents, o.OpenAPI = &fakeSecrets{}, noLogs, events, []byte("openapi: 3.1.0")
	})
	for path, allow := range map[string]string{ //nolint:gosec // paths
		"/": "GET, HEAD, POST", "/healthz": "GET, HEAD", "/system/functions": "DELETE, GET, HEAD, OPTIONS, POST, PUT",
		"/system/function/echo": "GET, HEAD, OPTIONS", "/system/info": "GET, HEAD, OPTIONS",
		"/system/namespaces": "GET, HEAD, OPTIONS, POST", "/system/namespace/openfaas-fn": "DELETE, GET, HEAD, OPTIONS, POST, PUT",
		"/system/secrets": "DELETE, GET, HEAD, OPTIONS, POST, PUT", "/system/logs?name=echo&follow=true": "GET, HEAD, OPTIONS",
		"/system/scale/events": "GET, HEAD, OPTIONS", "/system/openapi.yaml": "GET, HEAD, OPTIONS",
	} {
		res, body := g.do(t, "HEAD", path, "")
		wantStatus(t, res, body, http.StatusOK)
		if kind := res.Header.Get("Content-Type"); body != "" || kind == "" {
			t.Errorf("HEAD %s: type %q, body %q", path, kind, body)
		}
		res, body = g.do(t, "PATCH", path, "")
		wantStatus(t, res, body, http.StatusMethodNotAllowed)
		if res.Header.Get("Allow") != allow || res.Header.Get("X-OpenFaaS-Internal") != "gateway" || !strings.Contains(body, allow) {
			t.Errorf("PATCH %s: %v %q, want Allow %s", path, res.Header, body, allow)
		}
	}
}

func TestFrontPage(t *testing.T) {
	g := start(t, newFakeBackend(), func(o *Options) { o.Credentials = &Credentials{User: "admin", Password: "secret"} })
	res, body := g.do(t, "GET", "/", "")
	wantStatus(t, res, body, http.StatusOK)
	for _, want := range []string{"/system/functions", "/function/NAME", "/healthz", "/system/openapi.yaml"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q does not name %s", body, want)
		}
	}
	if res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("type %q", res.Header.Get("Content-Type"))
	}
}

// TestEveryInvocationIsStamped checks the headers that clients find on answers of functions and of the platform.
func TestEveryInvocationIsStamped(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo)), status("gone", gone)), func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.MaxBody, o.Config.HoldTimeout = 10, 50*time.Millisecond
	})
	for _, c := range []struct {
		request, body string
		status        int
		origin        string
	}{
		{"POST /function/echo", "x", 200, ""},
		{"POST /function/ghost", "x", 404, "gateway"},
		{"POST /function/echo", "more than ten bytes", 413, "gateway"},
		{"POST /function/gone", "x", 502, "gateway"},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		res, body := g.do(t, method, path, c.body, "X-Call-Id", "mine")
		wantStatus(t, res, body, c.status)
		h := res.Header
		if h.Get("X-Call-Id") != "mine" || h.Get("X-Start-Time") == "" || h.Get("X-Duration-Seconds") == "" || h.Get("X-OpenFaaS-Internal") != c.origin {
			t.Errorf("%s: headers %v", c.request, h)
		}
		if c.origin != "" && h.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: an error of type %q", c.request, h.Get("Content-Type"))
		}
	}
}

// TestFunctionsCannotSpeakForThePlatform: whether an asynchronous call is made again hangs on who answered.
func TestFunctionsCannotSpeakForThePlatform(t *testing.T) {
	for says, want := range map[string]string{"gateway": "", "queue": "", "faas-watchdog": "faas-watchdog", "faas-middleware": "faas-middleware"} {
		forger := replica(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-OpenFaaS-Internal", says)
			w.WriteHeader(http.StatusNotFound)
		})
		g := start(t, newFakeBackend(status("forger", forger)), nil)
		res, body := g.do(t, "POST", "/function/forger", "")
		wantStatus(t, res, body, http.StatusNotFound)
		if got := res.Header.Get("X-OpenFaaS-Internal"); got != want {
			t.Errorf("a function that says %q: %q, want %q", says, got, want)
		}
	}
}

// TestEmptyBearer is what clients send that never logged in.
func TestEmptyBearer(t *testing.T) {
	for _, c := range []struct {
		credentials *Credentials
		status      int
	}{{nil, http.StatusOK}, {&Credentials{User: "admin", Password: "secret"}, http.StatusUnauthorized}} {
		g := start(t, newFakeBackend(), func(o *Options) { o.Credentials = c.credentials })
		res, body := g.do(t, "GET", "/system/functions", "", "Authorization", "Bearer ")
		wantStatus(t, res, body, c.status)
	}
}
