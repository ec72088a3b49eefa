package scaler

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const heartbeatBody = `{"version":"4","alerts":[{"status":"STATUS","labels":{"alertname":"Heartbeat"},"startsAt":"2026-11-22T12:00:00Z"}]}`

func TestControlLoop(t *testing.T) {
	firing, resolved := strings.Replace(heartbeatBody, "STATUS", "firing", 1), strings.Replace(heartbeatBody, "STATUS", "resolved", 1)
	type moment struct {
		wait time.Duration
		body string
		down string // part of the error; empty: alive
	}
	tests := []struct {
		name    string
		moments []moment
		changes int // recorded
	}{
		{"alive while beats come", []moment{{0, firing, ""}, {10 * time.Second, firing, ""}, {14 * time.Second, "", ""}, {0, firing, ""}, {14 * time.Second, "", ""}}, 1},
		{"lost when none comes", []moment{{0, firing, ""}, {15 * time.Second, "", "no Heartbeat alert since 2000-01-01T00:00:00Z; all replica counts are held"}}, 2},
		{"lost when it resolves", []moment{{time.Second, firing, ""}, {time.Second, resolved, "2000-01-01T00:00:01Z (it resolved)"}, {time.Minute, resolved, "(it resolved)"}}, 2},
		{"an end of before", []moment{{time.Second, resolved, ""}, {time.Second, firing, ""}}, 1},
		{"back", []moment{{0, firing, ""}, {time.Minute, "", "since"}, {0, firing, ""}, {time.Second, firing, ""}}, 3},
		{"grace at the start", []moment{{59 * time.Second, "", ""}, {time.Second, "", "since the start at 2000-01-01T00:00:00Z"}, {time.Hour, "", "since the start"}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := start(t, Options{Backend: functions(1, "resize")})
				beat := false
				for i, m := range tt.moments {
					synctest.Wait()
					time.Sleep(m.wait)
					if m.body != "" {
						post(t, s, m.body)
					}
					synctest.Wait()
					err := s.ControlLoop()
					if (err == nil) != (m.down == "") || err != nil && !strings.Contains(err.Error(), m.down) {
						t.Errorf("moment %d: %v, want %q", i, err, m.down)
					}
					beat = beat || m.body == firing
					if got, want := s.AwaitsLoop(), !beat && err == nil; got != want {
						t.Errorf("moment %d: waits for the first beat %t, want %t", i, got, want)
					}
					want := 0.0
					if m.down == "" {
						want = 1
					}
					if got := gauge(t, s.metrics.loopUp); got != want {
						t.Errorf("moment %d: gateway_control_loop_up %v, want %v", i, got, want)
					}
				}
				if got := summary(s); len(got) != tt.changes {
					t.Errorf("recorded %q, want %d changes", got, tt.changes)
				}
			})
		})
	}
}

func TestLostLoopStillObeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		s, stop := start(t, Options{Backend: b})
		time.Sleep(time.Hour)
		if s.ControlLoop() == nil {
			t.Error("alive without a beat")
		}
		post(t, s, body(time.Now(), "firing 3 up"))
		synctest.Wait()
		wantCalls(t, b, 3)
		stop()
		if s.ControlLoop() == nil {
			t.Error("alive after Run")
		}
	})
}
