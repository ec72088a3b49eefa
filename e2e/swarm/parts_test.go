package swarm

import (
	"context"
	"testing"
	"time"

	"faas/e2e"
)

// A dead control loop must change nothing, and a living one must go on where it stopped. A gateway that comes
// back holds all counts and tells no client wrong things; requests in between are refused, as there is only one.
func (s stack) testPartsKilled(t *testing.T) {
	const f = "held"
	const loop, killed, back, end = 12 * time.Second, 36 * time.Second, 43 * time.Second, 48 * time.Second
	const paused = "paused" // by a silence, which outlives what is killed
	s.deploy(t, echo(f, map[string]string{"down.window": "10s"}))
	s.deploy(t, echo(paused, nil))
	if _, err := s.cli(t)(".", "scale", "freeze", paused, "--for=10m", "--comment=parts are killed"); err != nil {
		t.Fatal(err)
	}
	rec, err := e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 20)),
		e2e.At(0, e2e.Offer(paused, 20)),
		e2e.During(0, end, e2e.Stays(paused, 1, 1)),
		// 20 / 4.5, of which 4 carry nearly all. What had no request before is known by its full mean after seven seconds.
		e2e.Between(0, loop, e2e.Reaches(f, 4, 6)),
		e2e.At(loop, s.kill("prometheus")),
		e2e.At(loop, s.kill("alertmanager")),
		e2e.During(loop, loop+10*second, e2e.Stays(f, 4, 6)),
		e2e.At(loop+10*second, e2e.Offer(f, 40)),
		// 40 / 4.5 → 9. The first order is of a mean that is not yet full, and the rest may be chance for half a minute.
		e2e.Between(loop+10*second, killed, e2e.Reaches(f, 7, 11)),
		e2e.During(0, killed-100*time.Millisecond, e2e.NoFailedRequest(f)),

		e2e.At(killed, s.kill("gateway")),
		e2e.During(killed, end, e2e.Stays(f, 7, 11)),
		e2e.Between(back, end, e2e.Serves(f, 7)),
		e2e.During(back, end, e2e.NoFailedRequest(f)),
	}.Run(t.Context(), s)
	t.Logf("\n%s", rec)
	if err != nil {
		t.Error(err)
	}
	failed, _ := rec.Failures(f, 0, end)
	for _, a := range failed {
		if a.Code != 0 {
			t.Errorf("the request at %s was answered with %d, want it refused or served", a.At, a.Code)
		}
	}
	if n := len(failed); n > 0 {
		t.Logf("%d requests refused, from %s to %s", n, failed[0].At, failed[n-1].At)
	}
}

// kill ends a part of the stack with SIGKILL; Swarm starts it again.
func (s stack) kill(part string) e2e.Action {
	return e2e.Do("docker kill "+part, func(ctx context.Context) error {
		return s.Engine().KillOne(ctx, "func_"+part)
	})
}
