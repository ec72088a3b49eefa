package lab

import (
	"context"
	"testing"
	"time"

	"faas/e2e"
)

func (l *lab) testSpread(t *testing.T) {
	for node := 1; node <= 3; node++ {
		if n := l.count(t, node, "spread"); n != 2 {
			t.Errorf("%d replicas on node %d, want 2", n, node)
		}
	}
}

// A node that loses its power takes the answers in flight with it, and no more than that.
func (l *lab) testWorkerKilled(t *testing.T) {
	const f = "spread"
	rec, err := e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 100)),
		e2e.At(3*second, l.do("kill", 3)),
		e2e.Between(3*second, 14*second, e2e.Recovers(f, 6)),
		e2e.During(0, 14*second, e2e.Stays(f, 6, 6)),
		e2e.During(8*second, 14*second, e2e.NoFailedRequest(f)),
	}.Run(t.Context(), l)
	judge(t, rec, err, f)
	l.must(t, "start", "3")
}

// A node that is emptied on purpose costs nobody an answer.
func (l *lab) testWorkerDrained(t *testing.T) {
	const f = "spread"
	availability := func(to string) e2e.Action {
		return e2e.Do("node 2 "+to, func(ctx context.Context) error {
			_, err := l.engine(1).Docker(ctx, "node", "update", "--availability", to, "faaslab2")
			return err
		})
	}
	e2e.Play(t, l, e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 100)),
		e2e.At(2*second, availability("drain")),
		// Swarm ends the old ones first, which takes from 5 s to more than 10, and waits for that for up to a minute.
		e2e.Between(2*second, 70*second, e2e.Recovers(f, 6)),
		e2e.At(70*second, availability("active")),
		e2e.During(0, 71*second, e2e.Stays(f, 6, 6)),
		e2e.During(0, 71*second, e2e.NoFailedRequest(f)),
	})
}

// A node that cannot be reached says nothing, not even that it refuses.
func (l *lab) testWorkerCutOff(t *testing.T) {
	const f = "spread"
	rec, err := e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 100)),
		e2e.At(3*second, l.do("cut", 3)),
		e2e.Between(3*second, 18*second, e2e.Recovers(f, 6)),
		e2e.At(12*second, l.do("heal", 3)),
		e2e.During(0, 18*second, e2e.Stays(f, 6, 6)),
		e2e.During(10*second, 18*second, e2e.NoFailedRequest(f)),
	}.Run(t.Context(), l)
	judge(t, rec, err, f)
}

// judge shows what happened and says which requests failed.
func judge(t *testing.T, rec *e2e.Recording, err error, function string) {
	t.Helper()
	t.Logf("\n%s", rec)
	if err != nil {
		t.Error(err)
	}
	failed, _ := rec.Failures(function, 0, time.Minute)
	for _, a := range failed {
		t.Logf("at %s, after %s: %d %s", a.At.Round(time.Millisecond), a.Latency.Round(time.Millisecond), a.Code, a.Err)
	}
}
