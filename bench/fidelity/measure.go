package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"faas/e2e"
	"faas/function"
	"faas/rehearse"
)

const (
	name      = "echoit"
	stackText = `version: 1.0
provider:
  name: openfaas
functions:
  echoit:
    lang: dockerfile
    handler: ./handler
    image: example/echoit:latest
    environment:
      fprocess: cat
`
)

// warmUp is for how long the load of the beginning is offered before, as rehearse plays it by default.
const warmUp = time.Minute

// steps is a load of a rate for each second, as e2e can offer it. It implements rehearse.Curve.
type steps []float64

func stepsOf(c rehearse.Curve) steps {
	var s steps
	for t := time.Duration(0); t < c.Length(); t += time.Second {
		s = append(s, c.Rate(t))
	}
	return s
}

// Rate implements rehearse.Curve.
func (s steps) Rate(t time.Duration) float64 {
	if i := int(t / time.Second); t >= 0 && i < len(s) {
		return s[i]
	}
	return 0
}

// Length implements rehearse.Curve.
func (s steps) Length() time.Duration { return time.Duration(len(s)) * time.Second }

// change is one of the desired count. The first of a trail is what it begins with, at 0.
type change struct {
	at time.Duration
	n  int
}

// trail is how the desired count went.
type trail struct {
	changes        []change
	length         time.Duration
	asked          int // requests
	failed         int
	replicaSeconds float64
	most           int
}

func newTrail(changes []change, length time.Duration) trail {
	t := trail{changes: changes, length: length}
	for i, c := range changes {
		end := length
		if i+1 < len(changes) {
			end = changes[i+1].at
		}
		t.replicaSeconds += float64(c.n) * (end - c.at).Seconds()
		t.most = max(t.most, c.n)
	}
	return t
}

// at is the count at a moment.
func (t trail) at(moment time.Duration) int {
	i, found := slices.BinarySearchFunc(t.changes, moment, func(c change, m time.Duration) int { return int(c.at - m) })
	if !found {
		i--
	}
	return t.changes[max(i, 0)].n
}

// after is the first change from a moment on, or false.
func (t trail) after(moment time.Duration) (change, bool) {
	for _, c := range t.changes[1:] {
		if c.at >= moment {
			return c, true
		}
	}
	return change{}, false
}

// measure takes the time that a replica needs to start, and offers the load.
func measure(ctx context.Context, sys *e2e.Up, s steps, length time.Duration, out io.Writer) (trail, time.Duration, error) {
	startUp, err := measureStartUp(ctx, sys)
	if err != nil {
		return trail{}, 0, err
	}
	fmt.Fprintf(out, "# a replica starts in %.0f ms; the load takes %s\n", float64(startUp.Microseconds())/1000, warmUp+length)
	scenario := e2e.Scenario{e2e.At(0, e2e.Offer(name, s[0]))}
	for i := 1; i < len(s); i++ {
		if s[i] != s[i-1] {
			scenario = append(scenario, e2e.At(warmUp+time.Duration(i)*time.Second, e2e.Offer(name, s[i])))
		}
	}
	scenario = append(scenario, e2e.At(warmUp+length, e2e.Offer(name, 0)))
	rec, err := scenario.Run(ctx, sys)
	if err != nil {
		return trail{}, 0, err
	}
	var changes []change
	for _, c := range rec.Counts(name) {
		switch at := c.At - warmUp; {
		case at <= 0:
			changes = []change{{0, c.Desired}}
		case at <= length && changes[len(changes)-1].n != c.Desired:
			changes = append(changes, change{at, c.Desired})
		}
	}
	t := newTrail(changes, length)
	failed, asked := rec.Failures(name, warmUp, warmUp+length)
	t.failed, t.asked = len(failed), asked
	return t, startUp, nil
}

// startUps is how often the start is measured.
const startUps = 5

// measureStartUp is the median time from an order for one more to a ready one. The first replica is there.
func measureStartUp(ctx context.Context, sys *e2e.Up) (time.Duration, error) {
	var took []time.Duration
	for range startUps {
		if err := scaleTo(ctx, sys, 1); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := scaleTo(ctx, sys, 2); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[startUps/2], scaleTo(ctx, sys, 1)
}

func scaleTo(ctx context.Context, sys *e2e.Up, n int) error {
	if err := sys.Scale(ctx, name, n); err != nil {
		return err
	}
	return sys.WaitFor(ctx, name, 30*time.Second, func(c e2e.Count) bool { return c.Desired == n && c.Ready == n })
}

// rehearseAll plays the same load with several seeds, and returns the trails in the order of their replica-seconds.
func rehearseAll(ctx context.Context, seeds int, s steps, length, startUp time.Duration) ([]trail, error) {
	var trails []trail
	for seed := range seeds {
		result, err := rehearse.Run(ctx, rehearse.Options{
			Seed: uint64(seed), Length: length, WarmUp: warmUp,
			Functions: []rehearse.Function{{
				Name: name, Scaling: function.DefaultScaling(), Curve: s, Even: true, Start: 1, StartUp: startUp,
				ServiceTime: time.Millisecond, // what cat needs; rps does not depend on it
			}},
		})
		if err != nil {
			return nil, err
		}
		f := result.Functions[0]
		changes := []change{{0, 1}}
		for _, d := range f.Decisions {
			if d.At <= 0 {
				changes[0].n = d.To
				continue
			}
			changes = append(changes, change{d.At, d.To})
		}
		t := newTrail(changes, length)
		t.asked = f.Score.Requests
		trails = append(trails, t)
	}
	slices.SortFunc(trails, func(a, b trail) int { return int(math.Copysign(1, a.replicaSeconds-b.replicaSeconds)) })
	return trails, nil
}
