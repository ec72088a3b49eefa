package swarm

import (
	"context"
	"testing"

	"faas/e2e"
)

// A service that somebody made with docker is a function when its label says so.
func (s stack) testServiceMadeByHand(t *testing.T) {
	const f = "handmade"
	ctx := t.Context()
	if _, err := s.Engine().Docker(ctx, "service", "create", "--detach", "--quiet", "--name", f,
		"--label", "function=true", "--label", "com.openfaas.scale.down.window=10s",
		"--network", "func_functions", "--endpoint-mode", "dnsrr", "--no-resolve-image",
		"--env", "fprocess=cat", echoImage); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.Engine().Docker(context.Background(), "service", "rm", f); err != nil {
			t.Error(err)
		}
	})
	if err := s.WaitFor(ctx, f, 20*second, func(c e2e.Count) bool { return c.Ready == 1 }); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Invoke(ctx, f, "hello"); err != nil || got != "hello" {
		t.Errorf("%q, %v; want hello", got, err)
	}
	e2e.Play(t, s, e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 17)),
		e2e.Between(0, 10*second, e2e.Reaches(f, 3, 5)), // 17 / 4.5, of which 3 carry nearly all
		e2e.Between(0, 18*second, e2e.Serves(f, 3)),
		e2e.During(0, 18*second, e2e.NoFailedRequest(f)),
	})
}

// What somebody does with docker is seen at once, and the rules have the last word.
func (s stack) testServiceScaledByHand(t *testing.T) {
	const f = "by-hand"
	s.deploy(t, echo(f, map[string]string{"down.window": "10s"}))
	scale := e2e.Do("docker service scale", func(ctx context.Context) error {
		_, err := s.Engine().Docker(ctx, "service", "scale", "--detach", f+"=3")
		return err
	})
	e2e.Play(t, s, e2e.Scenario{
		e2e.At(second, e2e.ByHand(f, 3, scale)),
		e2e.Between(second, 4*second, e2e.Reaches(f, 3, 3)),
		e2e.Between(5*second, 25*second, e2e.Reaches(f, 1, 1)),
	})
}
