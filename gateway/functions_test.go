package gateway

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

func TestAdminRoutesAreClosed(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), func(o *Options) {
		o.Credentials = &Credentials{User: "admin", Password: "secret"}
		o.Alerts = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
		o.ScaleEvents = o.Alerts
	})
	for _, route := range []string{
		"GET /system/functions", "POST /system/functions", "PUT /system/functions", "DELETE /system/functions",
		"GET /system/function/echo", "POST /system/scale-function/echo", "GET /system/info", "GET /system/namespaces",
		"POST /system/alert", "GET /system/scale/events", "GET /system/unheard-of", "GET /ui/", "GET //system/functions",
		"GET /system/../system/functions", "PATCH /system/functions", "OPTIONS /system/functions",
	} {
		method, path, _ := strings.Cut(route, " ")
		for _, auth := range []string{"", "Basic YWRtaW46d3Jvbmc=", "Bearer ", "Basic !!!"} {
			var header []string
			if auth != "" {
				header = []string{"Authorization", auth}
			}
			res, body := g.do(t, method, path, "{}", header...)
			wantStatus(t, res, body, http.StatusUnauthorized)
			if res.Header.Get("WWW-Authenticate") != `Basic realm="Restricted"` {
				t.Errorf("%s: WWW-Authenticate %q", route, res.Header.Get("WWW-Authenticate"))
			}
		}
	}
	for path, want := range map[string]string{
		"/system/functions": "invalid credentials",
		"/echo":             "invalid credentials for /echo: functions are called at /function/NAME, without any",
	} {
		if _, body := g.do(t, "GET", path, ""); strings.TrimSpace(body) != want {
			t.Errorf("%s: got %q, want %q", path, body, want)
		}
	}
	res, body := g.do(t, "GET", "/system/functions", "", "Authorization", "Basic YWRtaW46c2VjcmV0")
	wantStatus(t, res, body, http.StatusOK)
	for _, open := range []string{"/", "/healthz", "/function/echo"} {
		res, body := g.do(t, "GET", open, "")
		wantStatus(t, res, body, http.StatusOK)
	}
}

func TestLifeOfAFunction(t *testing.T) {
	g := start(t, newFakeBackend(), nil)
	res, body := g.do(t, "GET", "/system/functions", "")
	if wantStatus(t, res, body, http.StatusOK); body != "[]" {
		t.Errorf("an empty list is %s, want []", body)
	}
	deploy := `{"service":"Resize.openfaas-fn","image":"example/resize:1","envProcess":"cat","envVars":{"a":"b"},"labels":null,
		"limits":{"memory":"5Mi","cpu":"100m"},"network":"func_functions","registryAuth":"dTpw"}`
	res, body = g.do(t, "PUT", "/system/functions", deploy)
	wantStatus(t, res, body, http.StatusNotFound) // clients create after this
	res, body = g.do(t, "POST", "/system/functions", deploy)
	wantStatus(t, res, body, http.StatusAccepted)
	res, body = g.do(t, "POST", "/system/functions", deploy)
	wantStatus(t, res, body, http.StatusConflict)

	res, body = g.do(t, "GET", "/system/function/Resize.openfaas-fn?namespace=openfaas-fn", "")
	wantStatus(t, res, body, http.StatusOK)
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"name": "Resize", "image": "example/resize:1", "namespace": "openfaas-fn", "envProcess": "cat",
		"envVars": map[string]any{"a": "b"}, "labels": map[string]any{}, "annotations": map[string]any{},
		"limits":          map[string]any{"memory": "5Mi", "cpu": "100m"},
		"invocationCount": 0.0, "replicas": 1.0, "availableReplicas": 0.0, "createdAt": "0001-01-01T00:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	res, body = g.do(t, "POST", "/system/scale-function/Resize", `{"serviceName":"Resize","replicas":0}`)
	wantStatus(t, res, body, http.StatusAccepted)
	if _, body = g.do(t, "GET", "/system/function/Resize", ""); !strings.Contains(body, `"replicas":0`) {
		t.Errorf("right after scaling to 0: %s", body)
	}
	res, body = g.do(t, "DELETE", "/system/functions", `{"functionName":"Resize"}`)
	wantStatus(t, res, body, http.StatusAccepted)
	res, body = g.do(t, "GET", "/function/Resize", "")
	wantStatus(t, res, body, http.StatusNotFound)
	if strings.Contains(g.metricsText(t, "/metrics"), "Resize") {
		t.Error("a removed function left its series behind")
	}
}

func TestBadRequestsSayWhatIsWrong(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	for _, c := range []struct {
		name, request, body string
		status              int
		says                string
	}{
		{"no JSON", "POST /system/functions", `{"service":`, 400, "JSON"},
		{"empty", "POST /system/functions", "", 400, "empty"},
		{"two objects", "POST /system/functions", `{"service":"a","image":"b"}{}`, 400, "more after"},
		{"wrong type", "POST /system/functions", `{"service":7}`, 400, "service"},
		{"no service", "POST /system/functions", `{"image":"a"}`, 400, "service"},
		{"no image", "POST /system/functions", `{"service":"a"}`, 400, "image"},
		{"bad name", "POST /system/functions", `{"service":"a/b","image":"c"}`, 400, `"a/b"`},
		{"bad label", "POST /system/functions", `{"service":"a","image":"c","labels":{"com.openfaas.scale.max":"many"}}`, 400, "com.openfaas.scale.max"},
		{"bad limit", "POST /system/functions", `{"service":"a","image":"c","limits":{"memory":"5X"}}`, 400, "limits.memory"},
		{"bad network", "POST /system/functions", `{"service":"a","image":"c","network":"a b"}`, 400, "network"},
		{"bad registry auth", "POST /system/functions", `{"service":"a","image":"c","registryAuth":"open"}`, 400, "registryAuth"},
		{"other namespace", "POST /system/functions", `{"service":"a","image":"c","namespace":"dev"}`, 404, "dev"},
		{"too large", "POST /system/functions", `{"service":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "large"},
		{"no such function", "GET /system/function/ghost", "", 404, "ghost"},
		{"list of another namespace", "GET /system/functions?namespace=dev", "", 404, "dev"},
		{"remove nothing", "DELETE /system/functions", `{}`, 400, "functionName"},
		{"remove a ghost", "DELETE /system/functions", `{"functionName":"ghost"}`, 404, "ghost"},
		{"scale without a count", "POST /system/scale-function/echo", `{}`, 400, "replicas"},
		{"scale below 0", "POST /system/scale-function/echo", `{"replicas":-1}`, 400, "replicas"},
		{"scale a million", "POST /system/scale-function/echo", `{"replicas":1000000}`, 400, "10000"},
		{"scale two", "POST /system/scale-function/echo", `{"serviceName":"other","replicas":1}`, 400, "other"},
		{"scale a ghost", "POST /system/scale-function/ghost", `{"replicas":1}`, 404, "ghost"},
		{"no such page", "GET /system/nothing", "", 404, "/system/nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, path, _ := strings.Cut(c.request, " ")
			res, body := g.do(t, method, path, c.body)
			wantStatus(t, res, body, c.status)
			if !strings.Contains(body, c.says) {
				t.Errorf("answer %q does not say %q", body, c.says)
			}
		})
	}
}

func TestHealthShowsTheControlLoop(t *testing.T) {
	loop, awaited := error(nil), true
	g := start(t, newFakeBackend(), func(o *Options) {
		o.ControlLoop, o.AwaitsLoop = func() error { return loop }, func() bool { return awaited }
	})
	if _, body := g.do(t, "GET", "/healthz", ""); body != `{"status":"ok","control_loop":"waiting for the first alert"}` {
		t.Error(body)
	}
	awaited = false
	if _, body := g.do(t, "GET", "/healthz", ""); body != `{"status":"ok","control_loop":"alive"}` {
		t.Error(body)
	}
	loop = function.Unavailablef("no heartbeat since noon")
	res, body := g.do(t, "GET", "/healthz", "")
	if res.StatusCode != 200 || !strings.Contains(body, "no heartbeat since noon") {
		t.Errorf("%d %s: a dead loop is told, and requests are served all the same", res.StatusCode, body)
	}
}

func FuzzDeployment(f *testing.F) {
	f.Add(`{"service":"a","image":"b","labels":{"com.openfaas.scale.min":"2"}}`)
	f.Add(`{"service":"a.openfaas-fn","envProcess":"cat","limits":{"cpu":"1e9","memory":"-1Mi"}}`)
	f.Add(`{"labels":null,"annotations":null,"requests":{}}`)
	b := newFakeBackend()
	g := start(f, b, nil)
	f.Fuzz(func(t *testing.T, body string) {
		res, text := g.do(t, "POST", "/system/functions", body)
		if res.StatusCode >= 500 {
			t.Errorf("%q: %d %s", body, res.StatusCode, text)
		}
		snap, _ := b.Functions(t.Context())
		for _, s := range snap.Functions {
			if err := s.Validate(); err != nil {
				t.Errorf("%q deployed what is not valid: %v", body, err)
			}
			_ = b.Remove(t.Context(), s.Name) // it was there a moment ago
		}
	})
}

func TestConfigFromEnv(t *testing.T) {
	env := func(m map[string]string) func(string) (string, bool) {
		return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
	}
	got, err := ConfigFromEnv(env(map[string]string{"upstream_timeout": "5", "write_timeout": "1m30s", "scale_from_zero": "false", "max_idle_conns": "7"}))
	want := DefaultConfig()
	want.UpstreamTimeout, want.WriteTimeout, want.ScaleFromZero, want.MaxIdleConns = 5e9, 90e9, false, 7
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	_, err = ConfigFromEnv(env(map[string]string{"upstream_timeout": "soon", "max_held": "0", "scale_from_zero": "maybe"}))
	for _, name := range []string{"upstream_timeout", "max_held", "scale_from_zero"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}
