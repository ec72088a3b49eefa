package scaler

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"faas/internal/relayed"
)

const crash = "task: non-zero exit (1)"

// TestBlockedFunctionIsNotRaised checks what works while replicas cannot start.
func TestBlockedFunctionIsNotRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(3, "resize")
		s, _ := start(t, Options{Backend: b})
		b.block("resize", crash)
		synctest.Wait()
		send := func(alert string) {
			t.Helper()
			if post(t, s, body(time.Now(), alert)) != http.StatusAccepted {
				t.Error("the webhook was refused")
			}
			synctest.Wait()
		}
		send("firing 9 up")
		b.block("resize", crash+", 7 times") // a changed text is no new case
		send("firing 9 up")
		send("firing -")
		send("firing 2 down")
		if err := s.Scale(t.Context(), "resize", 5); err != nil {
			t.Errorf("a manual order: %v", err)
		}
		if err := s.Scale(t.Context(), "resize", 0); err != nil {
			t.Errorf("a manual order: %v", err)
		}
		if err := s.Wake(t.Context(), "resize"); err != nil {
			t.Errorf("a wake: %v", err)
		}
		b.block("resize", "")
		synctest.Wait()
		send("firing 9 up")
		wantDecisions(t, s,
			"blocked 3→3 blocked", "alert 3→3 blocked +1", "step 3→3 blocked", "alert 3→2 scaled", "manual 2→5 scaled",
			"manual 5→0 scaled", "wake 0→1 scaled", "blocked 1→1 unblocked", "alert 1→9 scaled")
		wantCalls(t, b, 2, 5, 0, 1, 9)

		held := s.decisions.find(query{limit: -1}).events[1]
		if held.Reason != "at 3: replicas cannot start: "+crash {
			t.Errorf("held because %q", held.Reason)
		}
	})
}

// TestBlockedIsToldOnce has one event and one line at each transition, and a metric while it lasts.
func TestBlockedIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		reg := prometheus.NewRegistry()
		b := functions(2, "a", "b")
		b.block("b", crash) // before the scaler starts
		s, stop := start(t, Options{Backend: b, Log: slog.New(slog.NewTextHandler(&log, nil)), Registerer: reg})
		synctest.Wait()
		gauge := func(want string) {
			t.Helper()
			if want != "" {
				want = "# HELP gateway_scaling_blocked 1 while replicas of the function cannot start. Absent otherwise.\n" +
					"# TYPE gateway_scaling_blocked gauge\n" + want
			}
			if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "gateway_scaling_blocked"); err != nil {
				t.Error(err)
			}
		}
		gauge("gateway_scaling_blocked{function_name=\"b\"} 1\n")
		b.block("a", strings.Repeat("no suitable node ", 100))
		synctest.Wait()
		b.block("a", "no suitable node (2 nodes not available)")
		synctest.Wait()
		b.block("a", "")
		synctest.Wait()
		if err := b.remove("b"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		gauge("")
		stop()

		var got []string
		for _, e := range s.decisions.find(query{limit: -1}).events {
			if len(e.Reason) > maxWords || e.Kind != KindBlocked || e.Alert != "ScaleBlocked" {
				t.Errorf("event %+v", e)
			}
			got = append(got, e.Function+" "+e.Status+" "+cut(e.Reason, 16))
		}
		want := []string{"b firing task: non-zero e", "a firing no suitable node", "a resolved replicas start a"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if n := strings.Count(log.String(), "\n"); n != len(want) {
			t.Errorf("%d lines, want %d:\n%s", n, len(want), &log)
		}
		if n := len(s.decisions.telling.byName); n != 1 {
			t.Errorf("events of %d functions are kept, want those of the one that exists", n)
		}
	})
}

// TestRelayedSteps checks that of several gateways one takes a step, and each sets a count.
func TestRelayedSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		s, _ := start(t, Options{Backend: b})
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/system/alert",
			strings.NewReader(body(time.Now(), "firing -", "firing 4 up")))
		relayed.Mark(r.Header)
		s.Alerts().ServeHTTP(w, r)
		synctest.Wait()
		wantDecisions(t, s, "step 0→0 relayed", "alert 1→4 scaled")
	})
}
