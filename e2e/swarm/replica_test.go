package swarm

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"faas/e2e"
)

func (s stack) testReplicaKilled(t *testing.T) {
	const f = "killed"
	s.deploy(t, server(f, map[string]string{"min": "3", "target": "1000"}))
	kill := e2e.Do("docker kill a replica", func(ctx context.Context) error {
		before, err := s.Engine().Containers(ctx, f)
		if err != nil || len(before) == 0 {
			return fmt.Errorf("replicas: %v, %w", before, err)
		}
		if _, err := s.Engine().Docker(ctx, "kill", "--signal", "KILL", before[0]); err != nil {
			return err
		}
		lost := time.Now()
		err = s.WaitFor(ctx, f, 15*second, func(c e2e.Count) bool {
			now, err := s.Engine().Containers(ctx, f)
			return err == nil && len(now) == 3 && !slices.Contains(now, before[0]) && c.Ready == 3
		})
		t.Logf("replaced %s after docker kill", time.Since(lost))
		return err
	})
	e2e.Play(t, s, e2e.Scenario{
		e2e.Between(0, 8*second, e2e.Serves(f, 3)),
		e2e.At(8*second, e2e.Offer(f, 100)),
		e2e.At(10*second, kill),
		e2e.At(16*second, kill),
		e2e.During(8*second, 26*second, e2e.Stays(f, 3, 3)),
		e2e.During(8*second, 26*second, e2e.NoFailedRequest(f)),
	})
}

func (s stack) testOneToTenToOne(t *testing.T) {
	const f = "one-ten-one"
	labels := map[string]string{"target": "1000", "down.window": "10s"}
	s.deploy(t, server(f, labels))
	retarget := func(target string) e2e.Action {
		return e2e.Do("target "+target, func(ctx context.Context) error {
			labels["target"] = target
			return s.Update(ctx, server(f, labels))
		})
	}
	e2e.Play(t, s, e2e.Scenario{
		e2e.At(0, e2e.Offer(f, 100)),
		e2e.During(0, 2*second, e2e.Stays(f, 1, 1)),
		e2e.At(2*second, retarget("12")),
		e2e.Between(2*second, 7*second, e2e.Reaches(f, 9, 11)), // 100 / 10.8, of which 9 carry nearly all
		e2e.Between(2*second, 18*second, e2e.Serves(f, 9)),
		e2e.At(18*second, retarget("1000")),
		e2e.Between(18*second, 38*second, e2e.Reaches(f, 1, 1)),
		e2e.During(0, 42*second, e2e.NoFailedRequest(f)), // until the last of the nine has ended
		e2e.During(0, 42*second, e2e.Turns(f, 1)),
	})
}

func (s stack) testHundredRequestsAtZero(t *testing.T) {
	const f = "asleep"
	s.deploy(t, echo(f, map[string]string{"max": "2"})) // what follows the wake is not the question
	e2e.Watch(t, s, f)
	ctx := t.Context()
	if err := s.Scale(ctx, f, 0); err != nil {
		t.Fatal(err)
	}
	if status, err := s.Describe(ctx, f); err != nil || status.Replicas != 0 {
		t.Fatalf("right after scaling to 0: %+v, %v", status, err)
	}
	gone := func() bool {
		ids, err := s.Engine().Containers(ctx, f)
		return err == nil && len(ids) == 0
	}
	if !e2e.Poll(20*second, gone) {
		t.Fatal("the replica still runs")
	}
	began := time.Now()
	var requests sync.WaitGroup
	for i := range 100 {
		requests.Go(func() {
			want := fmt.Sprint("request ", i)
			if got, err := s.Invoke(ctx, f, want); err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
	requests.Wait()
	t.Logf("all answered after %s", time.Since(began))
	events, err := s.Events(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	wakes := 0
	for _, e := range events {
		if e["kind"] == "wake" && e["applied"] == true {
			wakes++
		}
	}
	if wakes != 1 {
		t.Errorf("%d wakes, want exactly one: %v", wakes, events)
	}
}

func (s stack) testRollingUpdate(t *testing.T) {
	const f = "rolled"
	labels := map[string]string{"min": "3", "target": "1000"}
	s.deploy(t, server(f, labels))
	other := s.otherImage(t)
	var before []string
	update := e2e.Do("update the image", func(ctx context.Context) error {
		var err error
		if before, err = s.Engine().Containers(ctx, f); err != nil {
			return err
		}
		d := server(f, labels)
		d.Image = other
		return s.Update(ctx, d)
	})
	replaced := e2e.Do("wait for new replicas", func(ctx context.Context) error {
		var now []string
		began := time.Now()
		if !e2e.Poll(30*second, func() bool {
			now, _ = s.Engine().Containers(ctx, f) // an error leaves none
			return len(now) == 3 && !slices.ContainsFunc(now, func(id string) bool { return slices.Contains(before, id) })
		}) {
			return fmt.Errorf("replicas %v before, %v now", before, now)
		}
		t.Logf("all replicas new after %s", time.Since(began))
		return nil
	})
	e2e.Play(t, s, e2e.Scenario{
		e2e.Between(0, 8*second, e2e.Serves(f, 3)),
		e2e.At(8*second, e2e.Offer(f, 100)),
		e2e.At(10*second, update),
		e2e.At(10*second, replaced),
		e2e.During(10*second, 30*second, e2e.Stays(f, 3, 3)),
		e2e.During(8*second, 30*second, e2e.NoFailedRequest(f)),
	})
	if status, err := s.Describe(t.Context(), f); err != nil || status.Image != other {
		t.Errorf("image %s, %v; want %s", status.Image, err, other)
	}
}

// otherImage makes an image that does the same as the servers' own and is another one all the same.
func (s stack) otherImage(t *testing.T) string {
	t.Helper()
	const other = "faas/work:other"
	if err := s.Engine().Build(t.Context(), other, "FROM "+serverImage+"\nLABEL other=true\n", t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return other
}
