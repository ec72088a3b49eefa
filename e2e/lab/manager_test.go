package lab

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"faas/e2e"
)

// A manager gets a gateway by being one, and each gateway knows all.
func (l *lab) testGatewayOnEachManager(t *testing.T) {
	for _, command := range [][]string{
		// A new leader gives up nodes that it has not heard of for three of these, while they still look for it:
		// with less than Swarm's own value it ends what they run.
		{"swarm", "update", "--dispatcher-heartbeat", "5s"},
		{"node", "promote", "faaslab2", "faaslab3"},
	} {
		if _, err := l.engine(1).Docker(t.Context(), command...); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	for node := 1; node <= 3; node++ {
		l.await(t, l.gateway(node), "spread", 6, 40*second)
		if _, err := l.gateway(node).Invoke(t.Context(), "spread", ""); err != nil {
			t.Errorf("through node %d: %v", node, err)
		}
	}
	t.Logf("all gateways know all after %s", time.Since(began).Round(10*time.Millisecond))
}

// leader is the node that leads the managers, as the first node that can tell says.
func (l *lab) leader(ctx context.Context) (int, error) {
	var errs []error
	for node := 1; node <= 3; node++ {
		lines, err := l.engine(node).Lines(ctx, "node", "ls", "--format", "{{.ManagerStatus}} {{.Hostname}}")
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, line := range lines {
			if name, ok := strings.CutPrefix(line, "Leader faaslab"); ok {
				return strconv.Atoi(name)
			}
		}
	}
	return 0, errors.Join(append(errs, errors.New("no manager leads"))...)
}

// follower is the gateway of a manager that does not lead.
func (l *lab) follower(t *testing.T) (leader int, gateway *e2e.Client) {
	t.Helper()
	leader, err := l.leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return leader, l.gateway(leader%3 + 1)
}

// The leader's engine comes back with all that it ran, and a client of another gateway sees nothing of it.
func (l *lab) testLeaderRestarted(t *testing.T) {
	const f = "spread"
	leader, gateway := l.follower(t)
	rec, err := e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 100)),
		e2e.At(2*second, l.do("stop", leader)),
		e2e.At(2*second, l.do("start", leader)),
		e2e.During(0, 20*second, e2e.Stays(f, 6, 6)),
		e2e.During(0, 20*second, e2e.NoFailedRequest(f)),
	}.Run(t.Context(), seenBy{gateway, l})
	judge(t, rec, err, f)
	began := time.Now()
	l.await(t, l.gateway(leader), f, 6, 60*second) // Swarm takes its time now and then
	t.Logf("the leader's own gateway is back %s later", time.Since(began).Round(10*time.Millisecond))
}

// While the others agree on a new leader nothing can be changed, and everything goes on as it is.
func (l *lab) testLeaderLost(t *testing.T) {
	const f = "spread"
	leader, gateway := l.follower(t)
	scale := e2e.Do("scale to 8", func(ctx context.Context) error {
		began := time.Now()
		var err error
		if !e2e.Poll(40*second, func() bool { err = gateway.Scale(ctx, f, 8); return err == nil }) {
			return err
		}
		t.Logf("scaled %s after the loss", time.Since(began).Round(10*time.Millisecond))
		return nil
	})
	rec, err := e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 100)),
		e2e.At(2*second, l.do("kill", leader)),
		e2e.At(2*second, scale),
		e2e.During(6*second, 32*second, e2e.NoFailedRequest(f)),
		e2e.Between(2*second, 32*second, e2e.Reaches(f, 8, 8)),
	}.Run(t.Context(), seenBy{gateway, l})
	judge(t, rec, err, f)
}
