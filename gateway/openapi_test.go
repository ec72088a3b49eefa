//go:build !fuzz

package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
	"faas/function"
	"faas/internal/apitest"
)

// TestAPIIsAsDescribed walks all that docs/openapi.yaml describes: each path, method and status has a case below that
// provokes it, and each answer is as described.
func TestAPIIsAsDescribed(t *testing.T) {
	spec, _ := apitest.Open(t, description)
	t.Run("system", func(t *testing.T) { walkSystem(t, spec) })
	t.Run("closed", func(t *testing.T) { walkClosed(t, spec) })
	t.Run("without Alertmanager", func(t *testing.T) { walkWithoutAlertmanager(t, spec) })
	t.Run("invocations", func(t *testing.T) { walkInvocations(t, spec) })
	t.Run("async", func(t *testing.T) { walkAsync(t, spec) })
	t.Run("front", func(t *testing.T) { walkFront(t, spec) })
	t.Run("portal", func(t *testing.T) { walkPortal(t, spec) })
	t.Run("pages", func(t *testing.T) { walkPages(t, spec) })
	t.Run("metrics", func(t *testing.T) { walkMetrics(t, spec) })
	for _, a := range spec.Unseen() {
		if !slices.Contains([]string{"/system/alert", "/system/scale/events", "/system/dead-letters"}, a.Path) {
			t.Errorf("%s is described, and no case provokes it", a)
		}
	}
}

const adminLogin = "Basic YWRtaW46c2VjcmV0"

func withLogin(o *Options) { o.Credentials = &Credentials{User: "admin", Password: "secret"} }

// walkSystem sends what works, what does not, and what works again while the backend fails.
func walkSystem(t *testing.T, spec *apitest.Spec) {
	g := startWalk(t, spec, withLogin, status("echo", replica(t, echo)), status("old"))
	large := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		request, body string
		status        int
	}{
		{"POST /system/functions", `{"service":"b","image":"b","labels":null,"limits":{"cpu":"100m"}}`, 202},
		{"POST /system/functions", `{"service":"b","image":"b"}`, 409},
		{"PUT /system/functions", `{"service":"b","image":"b2","annotations":null,"envVars":{"a":"b"}}`, 202},
		{"PUT /system/functions?namespace=dev", `{"service":"b","image":"b2"}`, 404},
		{"POST /system/functions?namespace=dev", `{"service":"b","image":"b2"}`, 404},
		{"POST /system/functions", `{}`, 400},
		{"PUT /system/functions", `{}`, 400},
		{"DELETE /system/functions", `{}`, 400},
		{"DELETE /system/functions", `{"functionName":"ghost"}`, 404},
		{"POST /system/functions", large, 413},
		{"PUT /system/functions", large, 413},
		{"DELETE /system/functions", large, 413},
		{"GET /system/functions?namespace=openfaas-fn", "", 200},
		{"GET /system/functions?namespace=dev", "", 404},
		{"GET /system/function/b?namespace=", "", 200},
		{"GET /system/function/echo.openfaas-fn?usage=1", "", 200},
		{"GET /system/function/b?usage=much", "", 400},
		{"GET /system/function/ghost", "", 404},
		{"POST /system/scale-function/b", `{"serviceName":"b","replicas":3}`, 202},
		{"POST /system/scale-function/b", `{"replicas":-1}`, 400},
		{"POST /system/scale-function/b", large, 413},
		{"POST /system/scale-function/ghost", `{"replicas":1}`, 404},
		{"PUT /system/functions/b/freeze", `{"for":"30m","comment":"a load test"}`, 200},
		{"PUT /system/functions/b.openfaas-fn/freeze?namespace=", `{}`, 200},
		{"PUT /system/functions/b/freeze", `{"for":"soon"}`, 400},
		{"PUT /system/functions/ghost/freeze", `{}`, 404},
		{"PUT /system/functions/b/freeze", large, 413},
		{"GET /system/scale/frozen", "", 200},
		{"DELETE /system/functions/b/freeze", "", 200},
		{"DELETE /system/functions/b/freeze?namespace=dev", "", 404},
		{"DELETE /system/functions/ghost/freeze", "", 404},
		{"GET /system/functions/b/scaling", "", 200},
		{"GET /system/functions/ghost/scaling", "", 404},
		{"PATCH /system/functions/b.openfaas-fn/scaling", `{"type":"rps,cpu","target":100,"targets":{"cpu":"700m"},"max":30,"zero":null}`, 200},
		{"PATCH /system/functions/b/scaling?namespace=dev", `{"max":30}`, 404},
		{"PATCH /system/functions/ghost/scaling", `{"max":30}`, 404},
		{"PATCH /system/functions/b/scaling", `{"max":"many"}`, 400},
		{"PATCH /system/functions/b/scaling", large, 413},
		{"DELETE /system/functions", `{"functionName":"b"}`, 202},
		{"POST /system/secrets", `{"name":"a","value":"b"}`, 201},
		{"POST /system/secrets", `{"name":"a","rawValue":"YQ=="}`, 409},
		{"POST /system/secrets", `{"name":"a/b","value":"b"}`, 400},
		{"POST /system/secrets", `{"name":"c","value":"b","namespace":"dev"}`, 404},
		{"POST /system/secrets", large, 413},
		{"PUT /system/secrets", `{"name":"a","rawValue":"YQ=="}`, 202},
		{"PUT /system/secrets", `{"name":"a"}`, 400},
		{"PUT /system/secrets", `{"name":"ghost","value":"b"}`, 404},
		{"PUT /system/secrets", large, 413},
		{"GET /system/secrets", "", 200},
		{"GET /system/secrets?namespace=dev", "", 404},
		{"DELETE /system/secrets", `{"name":"kept"}`, 409},
		{"DELETE /system/secrets", `{"name":"a"}`, 202},
		{"DELETE /system/secrets", `{"name":"a"}`, 404},
		{"DELETE /system/secrets", `{}`, 400},
		{"DELETE /system/secrets", large, 413},
		{"GET /system/logs?name=echo&tail=-1&follow=false&since=2026-11-22T20:30:00Z", "", 200},
		{"GET /system/logs?name=ghost", "", 404},
		{"GET /system/logs", "", 422},
		{"GET /system/namespaces", "", 200},
		{"POST /system/namespaces", `{"name":"dev"}`, 501},
		{"POST /system/namespace/", `{"name":"dev"}`, 501},
		{"GET /system/namespace/openfaas-fn", "", 200},
		{"GET /system/namespace/dev", "", 404},
		{"POST /system/namespace/dev", `{"name":"dev"}`, 501},
		{"PUT /system/namespace/dev", `{"name":"dev"}`, 501},
		{"DELETE /system/namespace/dev", `{"name":"dev"}`, 501},
		{"GET /system/info", "", 200},
		{"GET /system/openapi.yaml", "", 200},
		{"POST /system/alert", `{"version":"4","alerts":[]}`, 202},
		{"GET /system/scale/events", "", 200},
		{"GET /system/nothing", "", 404},
	} {
		g.try(t, c.status, c.request, c.body, "Authorization", adminLogin)
		if path, isGet := strings.CutPrefix(c.request, "GET "); isGet {
			g.try(t, c.status, "HEAD "+path, "", "Authorization", adminLogin)
		}
	}
	walkFaults(t, g)
}

// walkFaults sends what would work, but for a backend that fails in every way.
func walkFaults(t *testing.T, g *walk) {
	requests := map[string]string{ //nolint:gosec // paths
		"GET /system/functions": "", "POST /system/functions": `{"service":"c","image":"c"}`,
		"PUT /system/functions": `{"service":"old","image":"c"}`, "DELETE /system/functions": `{"functionName":"old"}`,
		"GET /system/functions/old/scaling": "", "PATCH /system/functions/old/scaling": `{"max":30}`,
		"GET /system/function/old": "", "POST /system/scale-function/old": `{"replicas":1}`,
		"GET /system/secrets": "", "POST /system/secrets": `{"name":"c","value":"c"}`, "PUT /system/secrets": `{"name":"kept","value":"c"}`,
		"PUT /system/functions/old/freeze": `{}`, "DELETE /system/functions/old/freeze": "",
		"DELETE /system/secrets": `{"name":"kept"}`, "GET /system/logs?name=old": "",
	}
	for status, err := range map[int]error{
		500: errors.New("what nobody should read"), 503: function.Unavailablef("the engine is away"),
		504: context.DeadlineExceeded, 409: function.Conflictf("somebody else changed it"),
	} {
		g.faults.set(err)
		for request, body := range requests {
			if status != 409 || !strings.HasPrefix(request, "GET ") && !strings.HasPrefix(request, "PUT /system/functions/old/") {
				g.try(t, status, request, body, "Authorization", adminLogin)
			}
		}
	}
	g.faults.set(nil)
}

// walkWithoutAlertmanager asks a gateway to freeze what it cannot.
func walkWithoutAlertmanager(t *testing.T, spec *apitest.Spec) {
	g := startWalk(t, spec, func(o *Options) { o.Freezer = nil }, status("a"))
	g.try(t, 501, "PUT /system/functions/a/freeze", `{}`)
	g.try(t, 501, "DELETE /system/functions/a/freeze", "")
	g.try(t, 200, "GET /system/scale/frozen", "")
}

// walkClosed calls everything under /system without credentials, and from where no call may come, and by methods that
// there are not.
func walkClosed(t *testing.T, spec *apitest.Spec) {
	g, open := startWalk(t, spec, withLogin), startWalk(t, spec, nil, status("a"))
	for _, a := range spec.Answers() {
		path := strings.NewReplacer("{name}", "a", "{id}", "a").Replace(a.Path)
		if a.Status != "401" && a.Status != "403" || !strings.HasPrefix(path, "/system/") {
			continue
		}
		g.try(t, 401, a.Method+" "+path, "{}")
		req, err := http.NewRequestWithContext(t.Context(), a.Method, open.url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "evil.example"
		req.Header.Set("Origin", "http://evil.example")
		res, err := open.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		wantStatus(t, res, "", 403)
		for _, method := range []string{"PATCH", "TRACE"} {
			if !slices.Contains(spec.Methods(a.Path), method) {
				open.try(t, 405, method+" "+path, "")
			}
		}
		open.try(t, 200, "OPTIONS "+path, "")
	}
	g.try(t, 401, "GET /nothing", "")
}

// byHeader stands for the method of an invocation whose function the header X-Function names.
const byHeader = "by-header"

func walkInvocations(t *testing.T, spec *apitest.Spec) {
	methods := slices.Concat(spec.Methods("/function/{name}"), []string{byHeader})
	functions := []function.Status{
		status("echo", replica(t, echo)),
		status("teapot", replica(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })),
		status("own404", replica(t, http.NotFound)),
		{Function: function.Function{Name: "blocked"}, Desired: 1, Blocked: "exit status 1"},
	}
	for _, method := range methods { // one for each: a replica that is gone is left alone for a while
		functions = append(functions, status("gone-"+method, gone))
	}
	gateways := map[string]*walk{
		"usual": startWalk(t, spec, func(o *Options) { o.Config.MaxBody, o.Config.HoldTimeout = 10, 50*time.Millisecond },
			functions...),
		"portal": startWalk(t, spec, withPortal, functions[0]),
		"hasty": startWalk(t, spec, func(o *Options) { o.Config.UpstreamTimeout = 20 * time.Millisecond },
			status("hangs", replica(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // else it does not learn that the gateway hung up
				<-r.Context().Done()
			}))),
	}
	for _, method := range methods {
		try := func(gateway string, status int, name, body string) {
			if method == byHeader {
				gateways[gateway].try(t, status, "POST /", body, "X-Function", name)
				return
			}
			gateways[gateway].try(t, status, method+" /function/"+name+"/below?a=b", body)
		}
		try("usual", 200, "echo", "x")
		try("usual", 418, "teapot", "x")
		try("usual", 404, "own404", "x")
		if method != byHeader {
			gateways["portal"].try(t, 403, method+" /function/echo/worker.js", "", "Sec-Fetch-Dest", "serviceworker")
		} else {
			gateways["portal"].try(t, 403, "POST /", "", "X-Function", "echo", "Service-Worker", "script")
		}
		try("usual", 404, "ghost", "x")
		try("usual", 413, "echo", "more than ten bytes")
		try("usual", 502, "gone-"+method, "x")
		try("usual", 503, "blocked", "x")
		try("hasty", 504, "hangs", "x")
		if method != byHeader {
			gateways["usual"].sendBroken(t, method+" /function/echo")
		}
	}
	gateways["usual"].try(t, 400, "POST /", "x")
	intents := startWalk(t, spec, withIntents, functions...)
	intents.try(t, 200, "POST /", intentRequest("EchoIntent"))
	intents.try(t, 404, "POST /", intentRequest("GhostIntent"))
	intents.try(t, 503, "POST /", intentRequest("Blocked"))
	intents.try(t, 400, "POST /", "x")
	intents.try(t, 413, "POST /", strings.Repeat(" ", maxIntentBody+1))
}

// sendBroken sends a body that cannot be read, which no http.Client would.
func (w *walk) sendBroken(t *testing.T, request string) {
	t.Helper()
	conn := w.dial(t)
	method, path, _ := strings.Cut(request, " ")
	req := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	if _, err := conn.Write([]byte(request + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")); err != nil {
		t.Fatal(err)
	}
	res := readAnswer(t, conn, req)
	wantStatus(t, res, "", 400)
	if err := w.spec.Check(apitest.Exchange{Request: req, Response: res}); err != nil {
		t.Error(err)
	}
}

func walkAsync(t *testing.T, spec *apitest.Spec) {
	g := startWalk(t, spec, func(o *Options) { o.Config.MaxAsyncBody = 10 }, status("echo"))
	g.try(t, 202, "POST /async-function/echo/below?a=b", "x", "X-Callback-Url", "http://example.com/done")
	g.try(t, 404, "POST /async-function/ghost", "x")
	g.try(t, 413, "POST /async-function/echo", "more than ten bytes")
	g.try(t, 405, "GET /async-function/echo", "")
	for status, err := range map[int]error{
		400: function.Invalidf("the callback is none"), 500: errors.New("what nobody should read"), 503: function.Unavailablef("the queue is away"),
	} {
		g.faults.set(err)
		g.try(t, status, "POST /async-function/echo", "x")
	}
	none := startWalk(t, spec, func(o *Options) { o.Queue = nil }, status("echo"))
	none.try(t, 501, "POST /async-function/echo", "x")
}

func walkFront(t *testing.T, spec *apitest.Spec) {
	late := make(chan struct{})
	defer close(late)
	g := startWalk(t, spec, nil)
	early := startWalk(t, spec, func(o *Options) { o.Watcher = lateWatcher{newFakeBackend(), late} })
	for _, method := range []string{"GET", "HEAD"} {
		g.try(t, 200, method+" /", "")
		g.try(t, 200, method+" /healthz", "")
		early.try(t, 503, method+" /healthz", "")
	}
	g.try(t, 405, "PUT /", "")
	g.try(t, 405, "POST /healthz", "")
}

func walkMetrics(t *testing.T, spec *apitest.Spec) {
	good := replica(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up 1\n")) })
	good.MetricsAddr, good.ID = good.Addr, "good"
	lookup := func(context.Context, string) ([]netip.Addr, error) { return nil, nil }
	g := startWalk(t, spec, func(o *Options) { o.MetricsFrom, o.Lookup = []string{"prometheus"}, lookup }, status("a", good), status("b", gone))
	for path, status := range map[string]int{
		"/metrics": 200, "/metrics/scaling": 200,
		"/sd/replicas": 200, "/sd/replicas?signal=usage": 200, "/sd/replicas?signal=queue": 400,
		"/metrics/replicas/a/good": 200, "/metrics/replicas/b/gone": 502, "/metrics/replicas/a/ghost": 404,
	} {
		res, body := g.scrapePath(t, path)
		wantStatus(t, res, body, status)
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		r.RemoteAddr = "192.0.2.8:1"
		g.metricsHandler().ServeHTTP(w, r)
		if err := spec.Check(apitest.Exchange{Request: r, Response: w.Result(), Got: w.Body.Bytes()}); err != nil || w.Code != 403 {
			t.Errorf("%s from elsewhere: %d, %v", path, w.Code, err)
		}
	}
}

// TestEveryRouteIsDescribed compares the routes with the description, both ways.
func TestEveryRouteIsDescribed(t *testing.T) {
	spec, _ := apitest.Open(t, description)
	g := startWalk(t, spec, nil)
	got := map[string][]string{ // those that no router knows
		"/": {"GET", "POST"}, "/ui/": {"GET"}, "/ui/session": {"DELETE", "GET", "POST"}, "/healthz": {"GET"}, "/async-function/{name}": {"POST"},
		"/function/{name}": {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}, // any, but there is no way to say that
	}
	for _, e := range slices.Concat(g.systemEndpoints(), g.metricsEndpoints()) {
		template := strings.NewReplacer(":name", "{name}", "{id...}", "{id}").Replace(e.path)
		got[template] = append(got[template], e.method)
	}
	want := map[string][]string{}
	for _, a := range spec.Answers() {
		want[a.Path] = spec.Methods(a.Path)
	}
	for _, methods := range got {
		slices.Sort(methods)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-described +registered):\n%s", diff)
	}
}

// TestEveryPropertyIsDescribed compares the types with the description, both ways.
func TestEveryPropertyIsDescribed(t *testing.T) {
	spec, _ := apitest.Open(t, description)
	for schema, v := range map[string]any{
		"FunctionDeployment": api.FunctionDeployment{}, "FunctionResources": api.FunctionResources{}, "FunctionStatus": api.FunctionStatus{},
		"FunctionUsage": api.FunctionUsage{}, "DeleteFunctionRequest": api.DeleteFunctionRequest{}, "ScaleServiceRequest": api.ScaleServiceRequest{},
		"Secret": api.Secret{}, "LogMessage": api.LogMessage{}, "Namespace": api.Namespace{},
		"FreezeRequest": api.FreezeRequest{}, "FrozenFunction": api.FrozenFunction{}, "Info": api.Info{}, "Version": api.Version{},
		"FunctionScaling": api.FunctionScaling{}, "ScalingSettings": api.ScalingSettings{}, "ScalingReplicas": api.ScalingReplicas{},
		"ScalingSignal": api.ScalingSignal{}, "ScaleEvent": api.ScaleEvent{},
		"PortalSession": api.PortalSession{}, "SignIn": api.SignIn{}, "PortalHello": api.PortalHello{}, "PortalFunctions": api.PortalFunctions{},
		"PortalRow": api.PortalRow{}, "PortalSignal": api.PortalSignal{}, "PortalControl": api.PortalControl{}, "PortalAlerts": api.PortalAlerts{},
		"PortalAlert": api.PortalAlert{}, "PortalSilence": api.PortalSilence{}, "PortalMatcher": api.PortalMatcher{},
		"PortalFunction": api.PortalFunction{}, "PortalReplica": api.PortalReplica{}, "PortalHistory": api.PortalHistory{},
		"PreviewRequest": api.PreviewRequest{}, "PortalPreview": api.PortalPreview{}, "PreviewOutcome": api.PreviewOutcome{},
		"Health": health{}, "TargetGroup": targetGroup{},
	} {
		var got []string
		for field := range reflect.TypeOf(v).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			got = append(got, name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(spec.Properties(schema), got); diff != "" {
			t.Errorf("%s (-described +there):\n%s", schema, diff)
		}
	}
}
