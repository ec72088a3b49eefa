package scaler

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBusyFunctionIsNotStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(2, "resize")
		b.statuses["resize"].Scaling.Zero = true
		why, asked := "", []time.Duration(nil)
		s, _ := start(t, Options{Backend: b, HeartbeatGrace: time.Hour, Busy: func(name string, since time.Time) string {
			if name != "resize" {
				t.Errorf("asked for %q", name)
			}
			asked = append(asked, time.Since(since))
			return why
		}})
		send := func(alert string) {
			time.Sleep(10 * time.Second)
			post(t, s, body(time.Now(), alert))
			synctest.Wait()
		}
		why = "2 in flight here, 0 of them held"
		send("firing 3 up")
		send("firing 1 down") // only who would stop it must ask
		send("resolved 0 down")
		send("firing 0 down 2s")
		why = "1 in flight here, 0 of them held"
		send("firing 0 down 12s") // Alertmanager repeats
		why = ""
		send("firing 0 down")
		wantDecisions(t, s,
			"alert 2→3 scaled", "alert 3→1 scaled", "alert 1→1 converged", "alert 1→1 busy +1", "alert 1→0 scaled")
		if diff := cmp.Diff([]time.Duration{2 * time.Second, 12 * time.Second, 0}, asked); diff != "" {
			t.Errorf("asked for alerts of these ages (-want +got):\n%s", diff)
		}
		for _, e := range s.decisions.find(query{limit: -1}).events {
			if e.Code == CodeBusy && e.Reason != "at 1: not idle: 2 in flight here, 0 of them held" {
				t.Errorf("reason %q", e.Reason)
			}
		}
	})
}

// A user who stops a function means it.
func TestBusyFunctionIsStoppedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(2, "resize")
		s, _ := start(t, Options{Backend: b, Busy: func(string, time.Time) string { return "1 in flight here, 0 of them held" }})
		if err := s.Scale(t.Context(), "resize", 0); err != nil {
			t.Fatal(err)
		}
		wantCalls(t, b, 0)
	})
}

// The end of a classic alert goes back to the minimum, which may be 0.
func TestBusyFunctionIsNotStoppedByAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(2, "resize")
		scaling := &b.statuses["resize"].Scaling
		scaling.Zero, scaling.Min = true, 0
		s, _ := start(t, Options{Backend: b, Busy: func(string, time.Time) string { return "1 in flight here, 0 of them held" }})
		post(t, s, body(time.Now(), "resolved -"))
		synctest.Wait()
		wantDecisions(t, s, "step 2→2 busy")
	})
}
