package swarm

import (
	"context"
	"slices"
	"testing"

	"faas/e2e"
)

// The default target is 5 rps a replica and the proportion 0.9, so 50 rps need ceil(50/4.5) = 12. What is
// measured in a fraction of a second may be off by a few in a hundred, hence 14. One less carries nearly all, and the last
// one may wait for the proof of half a minute that it is no chance, hence 11.

func (s stack) testStepUpAndDown(t *testing.T) {
	const f = "step"
	s.deploy(t, echo(f, map[string]string{"down.window": "10s"}))
	e2e.Play(t, s, e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 4)),
		e2e.During(0, 4*second, e2e.Stays(f, 1, 1)),
		e2e.At(4*second, e2e.Offer(f, 50)),
		e2e.Between(4*second, 6*second, e2e.Reaches(f, 2, 14)),
		e2e.Between(4*second, 9*second, e2e.Reaches(f, 11, 14)),
		e2e.Between(4*second, 20*second, e2e.Serves(f, 11)),
		e2e.During(9*second, 20*second, e2e.Stays(f, 11, 14)),
		e2e.At(20*second, e2e.Offer(f, 0)),
		e2e.During(20*second, 28*second, e2e.Stays(f, 11, 14)), // the down window holds
		e2e.Between(28*second, 40*second, e2e.Reaches(f, 1, 1)),
		e2e.During(0, 40*second, e2e.NoFailedRequest(f)),
		e2e.During(0, 40*second, e2e.Turns(f, 1)),
	})
}

func (s stack) testSteadyAtABoundary(t *testing.T) {
	const f = "boundary"
	s.deploy(t, echo(f, nil))
	e2e.Play(t, s, e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 4.4)), // a second replica is wanted from 4.5 on
		e2e.During(0, 40*second, e2e.Stays(f, 1, 2)),
		e2e.During(0, 40*second, e2e.Turns(f, 0)),
		e2e.During(0, 40*second, e2e.NoFailedRequest(f)),
	})
}

func (s stack) testSeveralTargets(t *testing.T) {
	const small, large, narrow = "targets-small", "targets-large", "targets-narrow"
	s.deploy(t, echo(small, map[string]string{"target": "5", "down.window": "10s"}))
	s.deploy(t, echo(large, map[string]string{"target": "20", "down.window": "10s"}))
	s.deploy(t, echo(narrow, map[string]string{"target": "5", "max": "3", "min": "2", "down.window": "10s"}))
	e2e.Play(t, s, e2e.Scenario{
		e2e.Between(0, 4*second, e2e.Serves(narrow, 2)), // the minimum, before any load
		e2e.At(4*second, e2e.Offer(small, 20)),          // 20 / 4.5 → 5, of which 4 carry nearly all
		e2e.At(4*second, e2e.Offer(large, 32)),          // 32 / 18 → 2
		e2e.At(4*second, e2e.Offer(narrow, 30)),
		e2e.Between(4*second, 9*second, e2e.Reaches(small, 4, 6)),
		e2e.Between(4*second, 13*second, e2e.Reaches(large, 2, 2)), // less than twice what it carries: chance for some seconds
		e2e.Between(4*second, 9*second, e2e.Reaches(narrow, 3, 3)),
		e2e.During(13*second, 18*second, e2e.Stays(large, 2, 2)),
		e2e.At(18*second, e2e.Offer(small, 0)),
		e2e.At(18*second, e2e.Offer(large, 0)),
		e2e.At(18*second, e2e.Offer(narrow, 0)),
		e2e.Between(18*second, 40*second, e2e.Reaches(small, 1, 1)),
		e2e.Between(18*second, 40*second, e2e.Reaches(large, 1, 1)),
		e2e.Between(18*second, 40*second, e2e.Reaches(narrow, 2, 2)),
		e2e.During(0, 40*second, e2e.NoFailedRequest(small)),
		e2e.During(0, 40*second, e2e.NoFailedRequest(large)),
		e2e.During(0, 40*second, e2e.NoFailedRequest(narrow)),
		e2e.During(0, 40*second, e2e.Turns(small, 1)),
		e2e.During(0, 40*second, e2e.Turns(large, 1)),
	})
}

// A changed label is no reason to restart a replica.
func (s stack) testThresholdChanged(t *testing.T) {
	const f = "threshold"
	labels := map[string]string{"target": "10", "down.window": "10s"}
	s.deploy(t, echo(f, labels))
	var before []string
	retarget := func(target string) e2e.Action {
		return e2e.Do("target "+target, func(ctx context.Context) error {
			var err error
			if before, err = s.Engine().Containers(ctx, f); err != nil {
				return err
			}
			labels["target"] = target
			return s.Update(ctx, echo(f, labels))
		})
	}
	sameReplicas := e2e.Do("look at the replicas", func(ctx context.Context) error {
		after, err := s.Engine().Containers(ctx, f)
		for _, id := range before {
			if !slices.Contains(after, id) {
				t.Errorf("replica %.12s did not outlive a change of a label", id)
			}
		}
		return err
	})
	e2e.Play(t, s, e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 24)),
		e2e.Between(0, 8*second, e2e.Reaches(f, 2, 3)), // 24 / 9; what is no surge is told from chance in some seconds
		e2e.At(8*second, retarget("5")),
		e2e.Between(8*second, 13*second, e2e.Reaches(f, 5, 7)), // 24 / 4.5
		e2e.At(18*second, sameReplicas),
		e2e.At(18*second, retarget("10")),
		e2e.Between(18*second, 40*second, e2e.Reaches(f, 2, 4)), // the greatest need of the down window is kept, with one deviation more than the mean
		e2e.During(0, 40*second, e2e.NoFailedRequest(f)),
		e2e.During(0, 40*second, e2e.Turns(f, 1)),
	})
}
