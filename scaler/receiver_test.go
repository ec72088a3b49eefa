package scaler

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

func TestWebhookAnswers(t *testing.T) {
	s, _ := start(t, Options{Backend: functions(1, "resize")})
	tests := []struct {
		name, body string
		status     int
		text       string // part of the answer
	}{
		{"no alerts", `{"version":"4","alerts":[]}`, 202, ""},
		{"an alert that means nothing", `{"version":"4","alerts":[{}]}`, 202, ""},
		{"an unknown function", `{"version":"4","alerts":[{"status":"firing","labels":{"function_name":"nobody","replicas":"2"}}]}`, 202, ""},
		{"empty", ``, 400, "not JSON"},
		{"no JSON", `hello`, 400, "not JSON"},
		{"cut off", `{"version":"4","alerts":[`, 400, "not JSON"},
		{"an array", `[]`, 400, "not JSON"},
		{"no version", `{"alerts":[]}`, 400, `version ""`},
		{"another version", `{"version":"3"}`, 400, `send version "4"`},
		{"a bad time", `{"version":"4","alerts":[{"startsAt":"yesterday"}]}`, 400, "yesterday"},
		{"too large", `{"version":"4","receiver":"` + strings.Repeat("x", maxBody) + `"}`, 413, "4194304 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			s.Alerts().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/system/alert", strings.NewReader(tt.body)))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.text) {
				t.Errorf("status %d, %q; want %d, %q", w.Code, w.Body, tt.status, tt.text)
			}
		})
	}
	w := httptest.NewRecorder()
	s.Alerts().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/system/alert", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d, want 405", w.Code)
	}
}

func TestWebhookBeforeRun(t *testing.T) {
	s, err := New(Options{Backend: functions(1, "resize")})
	if err != nil {
		t.Fatal(err)
	}
	if code := post(t, s, `{"version":"4"}`); code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", code)
	}
	if s.ControlLoop() == nil {
		t.Error("control loop alive before Run")
	}
}

// TestWebhookOfAlertmanager sends what Alertmanager 0.31.1 sent: 12 and 15 replicas ordered at once, then the
// 12 resolved and the 15 firing on, a classic alert for another function, and a heartbeat.
func TestWebhookOfAlertmanager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize", "cat")
		s, _ := start(t, Options{Backend: b})
		for _, file := range []string{"scale", "mixed", "step", "heartbeat"} {
			data, err := os.ReadFile("testdata/alertmanager-0.31/" + file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if code := post(t, s, string(data)); code != http.StatusAccepted {
				t.Errorf("%s: status %d, want 202", file, code)
			}
			synctest.Wait()
		}
		wantCalls(t, b, 15, 5)
		wantDecisions(t, s, "alert 15→15 passed", "alert 1→15 scaled", "alert 15→15 converged", "alert 15→15 unchanged", "step 1→5 scaled",
			"heartbeat 0→0 heartbeat")
	})
}

func TestOptions(t *testing.T) {
	_, err := New(Options{LogSize: -1, RetryFor: -1})
	if err == nil || !strings.Contains(err.Error(), "Backend") || !strings.Contains(err.Error(), "LogSize") || !strings.Contains(err.Error(), "RetryFor") {
		t.Errorf("error %v, want one that names all three options", err)
	}
}
