package scaler

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/alertmanager/template"

	"faas/function"
)

// TestPayloadOfAlertmanager reads bodies that Alertmanager 0.31.1 and 0.25.0 sent.
func TestPayloadOfAlertmanager(t *testing.T) {
	scale := func(n int) Alert {
		return Alert{Name: "FunctionScale", Function: "resize", Firing: true, Replicas: n, Direction: Up}
	}
	resolved := scale(12)
	resolved.Firing = false
	want := map[string][]Alert{
		"scale.json":     {scale(12), scale(15)},
		"mixed.json":     {resolved, scale(15)},
		"step.json":      {{Name: "APIHighInvocationRate", Function: "cat", Firing: true, Step: true}},
		"heartbeat.json": {{Name: "Heartbeat", Firing: true, Step: true}},
	}
	for _, version := range []string{"alertmanager-0.25", "alertmanager-0.31"} {
		for file, alerts := range want {
			t.Run(version+"/"+file, func(t *testing.T) {
				body, err := os.Open(filepath.Join("testdata", version, file))
				if err != nil {
					t.Fatal(err)
				}
				defer body.Close()
				p, err := readPayload(body)
				if err != nil {
					t.Fatal(err)
				}
				var got []Alert
				for _, pa := range p.Alerts {
					a, err := parseAlert(noon, pa)
					if err != nil && a.Name != heartbeatAlert {
						t.Error(err)
					}
					if a.StartsAt.IsZero() || a.EndsAt.IsZero() != a.Firing {
						t.Errorf("starts %v and ends %v, firing %v", a.StartsAt, a.EndsAt, a.Firing)
					}
					a.StartsAt, a.EndsAt = time.Time{}, time.Time{}
					got = append(got, a)
				}
				if diff := cmp.Diff(alerts, got); diff != "" {
					t.Errorf("alerts (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestParseAlert(t *testing.T) {
	labels := func(kv ...string) map[string]string {
		m := map[string]string{"alertname": "FunctionScale", "function_name": "resize"}
		for _, pair := range kv {
			key, value, _ := strings.Cut(pair, "=")
			m[key] = value
		}
		return m
	}
	tests := []struct {
		name   string
		status string
		labels map[string]string
		want   Alert
		err    string // part of it
	}{
		{"a count", "firing", labels("replicas=12"), Alert{Function: "resize", Firing: true, Replicas: 12}, ""},
		{"zero", "firing", labels("replicas=0"), Alert{Function: "resize", Firing: true}, ""},
		{"a step", "firing", labels(), Alert{Function: "resize", Firing: true, Step: true}, ""},
		{"resolved", "resolved", labels("replicas=3"), Alert{Function: "resize", Replicas: 3}, ""},
		{"the namespace is cut off", "firing", labels("function_name=resize.openfaas-fn", "replicas=3"), Alert{Function: "resize", Firing: true, Replicas: 3}, ""},
		{"no function", "firing", map[string]string{"replicas": "3"}, Alert{Firing: true}, "no label function_name"},
		{"a function that cannot be", "firing", labels("function_name=../x"), Alert{Firing: true, Step: true}, `"../x"`},
		{"a fraction", "firing", labels("replicas=1.5"), Alert{Function: "resize", Firing: true}, `replicas="1.5"`},
		{"a float in e-notation", "firing", labels("replicas=1e+01"), Alert{Function: "resize", Firing: true}, "%.0f"},
		{"below zero", "firing", labels("replicas=-1"), Alert{Function: "resize", Firing: true}, "0 or more"},
		{"not a number", "firing", labels("replicas=NaN"), Alert{Function: "resize", Firing: true}, "NaN"},
		{"an empty count", "firing", labels("replicas="), Alert{Function: "resize", Firing: true}, `replicas=""`},
		{"sideways", "firing", labels("replicas=3", "direction=sideways"), Alert{Function: "resize", Firing: true, Replicas: 3}, "up or down"},
		{"no status", "", labels("replicas=3"), Alert{}, "neither firing nor resolved"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseAlert(noon, template.Alert{Status: tt.status, Labels: tt.labels})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want one with %q", err, tt.err)
			}
			if err != nil && !errors.Is(err, function.ErrInvalid) {
				t.Errorf("error %v is not of kind ErrInvalid", err)
			}
			tt.want.Name, tt.want.StartsAt = tt.labels["alertname"], noon
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("alert (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzAlertBody(f *testing.F) {
	files, err := filepath.Glob("testdata/alertmanager-*/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(body))
	}
	f.Add(`{"version":"4","alerts":[{"status":"firing","labels":null}]}`)
	f.Add(`{"version":"4","alerts":[{"status":"firing","labels":{"function_name":"a","replicas":"99999999999"}}]}`)
	f.Add(`{"version":"3"}`)
	f.Fuzz(func(t *testing.T, body string) {
		s, stop := start(t, Options{Backend: functions(1, "resize", "cat")})
		defer stop()
		w := httptest.NewRecorder()
		s.Alerts().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/system/alert", strings.NewReader(body)))
		if w.Code != http.StatusAccepted && w.Code != http.StatusBadRequest {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		for _, e := range s.decisions.find(query{limit: -1, all: true}).events {
			if len(e.Reason) > 1000 || len(e.Alert) > 2*maxText || e.Applied && (e.To < 1 || e.To > 20) {
				t.Errorf("bad event: %+v", e)
			}
		}
	})
}
