package top

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"faas/api"
)

// sampleAt has functions a and b, b with the given number of arrivals a second later than second 0.
func sampleAt(second int, arrivals float64) Sample {
	return Sample{
		At: time.Unix(int64(second), 0), ControlLoop: "alive",
		Functions: []api.FunctionStatus{{Name: "b", Replicas: 1, AvailableReplicas: 1}, {Name: "a", Replicas: 1, AvailableReplicas: 1}},
		Counters:  map[string]Counters{"a": {}, "b": {Started: arrivals}},
	}
}

// gateway is one that has a function and a decision, behind a password.
func gateway(t *testing.T) *httptest.Server {
	t.Helper()
	metrics, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{
		"/system/functions":    `[{"name":"echo","replicas":2,"availableReplicas":1,"blocked":"bad \u001b[2J"}]`,
		"/system/scale/events": `[{"id":7,"function":"echo","from":1,"to":2,"applied":true,"reason":"ordered 2"}]`,
		"/system/scale/frozen": `[{"function":"other","silence":"x"}]`,
		"/healthz":             `{"status":"ok","control_loop":"alive"}`,
		"/metrics":             string(metrics),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); strings.HasPrefix(r.URL.Path, "/system") && password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer := answers[r.URL.Path]
		if r.URL.Query().Get("since") == "7" {
			answer = "[]"
		}
		_, _ = w.Write([]byte(answer)) // the client checks
	}))
	t.Cleanup(server.Close)
	return server
}

func TestClient(t *testing.T) {
	server := gateway(t)
	c := Client{Gateway: server.URL, Metrics: server.URL, User: "admin", Password: "secret", HTTP: server.Client()}
	for range 2 { // the second asks only for newer decisions
		s, err := c.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows := Rows(s, s)
		if len(rows) != 1 || rows[0].State != "blocked: bad  [2J" || rows[0].Last == nil || rows[0].Last.To != 2 || s.ControlLoop != "alive" {
			t.Errorf("got %+v, %s", rows, s.ControlLoop)
		}
		var table, object bytes.Buffer
		if err := errors.Join(WriteTable(&table, s, rows), WriteJSON(&object, s, rows)); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(table.String(), "FUNCTION  REQ/S") || !strings.Contains(object.String(), `"requests_per_second": null`) {
			t.Errorf("got\n%s\n%s", &table, &object)
		}
	}
}

func TestClientErrors(t *testing.T) {
	server := gateway(t)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	const gone = "http://127.0.0.1:1" // nobody is given this port by asking for any
	for _, test := range []struct{ name, gateway, metrics, password, want string }{
		{"no gateway", gone, server.URL, "secret", "connection refused): `make up` starts everything, --gateway names another"},
		{"no metrics", server.URL, gone, "secret", "connection refused): `make up` starts everything (--metrics-url names the metrics port)"},
		{"wrong password", server.URL, server.URL, "wrong", "give --user and --password-file"},
		{"no password", server.URL, server.URL, "", "give --user and --password-file"},
		{"something else", other.URL, server.URL, "secret", "/system/functions answers 404 Not Found: 404 page not found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Client{Gateway: test.gateway, Metrics: test.metrics, User: "admin", Password: test.password, HTTP: server.Client()}
			_, err := c.Sample(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
