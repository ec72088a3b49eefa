package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"faas/api"
	"faas/e2e"
)

// A step is tenfold: the default target of one replica for baseFor, then ten times that, in equal distances, which needs
// stepNeeds replicas.
const (
	baseRate, stepRate = 5, 50
	stepNeeds          = 12 // ceil(50 / 4.5)
	baseFor            = 7 * time.Second
	stepFor            = 5 * time.Second
	readyWithin        = 30 * time.Second
)

// stepRun is what one step showed, from its moment on; never is -1.
type stepRun struct {
	// first is when the first order for more was accepted, correct when the count asked for came within one of what is needed
	// and stayed there, ready when so many replicas were ready.
	first, correct, ready time.Duration
	failed, requests      int
}

// measureSteps makes a fresh function for each step, so that nothing is left of the one before.
func measureSteps(ctx context.Context, o options, s *system, rep *report) ([]stepRun, error) {
	var runs []stepRun
	for i := range o.Steps {
		name := fmt.Sprintf("bench-step-%d", i)
		d := api.FunctionDeployment{Service: name, Image: "faas/echoit:latest", EnvProcess: "cat"}
		err := s.with(ctx, d, func() error {
			run, err := stepOnce(ctx, s, name)
			if err == nil {
				rep.progress("step %d of %d: %s", i+1, o.Steps, run)
				runs = append(runs, run)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return runs, nil
}

// with runs do while there is the function of d, with one replica.
func (s *system) with(ctx context.Context, d api.FunctionDeployment, do func() error) error {
	if err := s.Deploy(ctx, d); err != nil {
		return err
	}
	err := s.WaitFor(ctx, d.Service, readyWithin, func(c e2e.Count) bool { return c.Desired == 1 && c.Ready == 1 })
	if err == nil {
		err = do()
	}
	return errors.Join(err, s.Remove(context.WithoutCancel(ctx), d.Service))
}

// stepOnce offers the load. The step comes at a random moment of the intervals of scrapes and rules, which are a second long at most.
func stepOnce(ctx context.Context, s *system, name string) (stepRun, error) {
	at := baseFor + rand.N(time.Second)
	end := at + stepFor
	rec, err := e2e.Scenario{
		e2e.At(0, e2e.Offer(name, baseRate)),
		e2e.At(at, e2e.Offer(name, stepRate)),
		e2e.At(end, e2e.Offer(name, 0)),
	}.Run(ctx, s)
	if err != nil {
		return stepRun{}, err
	}
	run := readStep(rec.Counts(name), at)
	failed, all := rec.Failures(name, 0, end)
	run.failed, run.requests = len(failed), all
	return run, nil
}

// readStep finds the moments in the counts of one run whose step came at at.
func readStep(counts []e2e.Count, at time.Duration) stepRun {
	r, before := stepRun{first: never, correct: never, ready: never}, 1
	for _, c := range counts {
		if c.At < at {
			before = c.Desired
			continue
		}
		since := c.At - at
		if r.first == never && c.Desired > before {
			r.first = since
		}
		switch near := c.Desired >= stepNeeds-1 && c.Desired <= stepNeeds+1; {
		case !near:
			r.correct = never
		case r.correct == never:
			r.correct = since
		}
		if r.ready == never && c.Ready >= stepNeeds-1 {
			r.ready = since
		}
	}
	return r
}

// String shows a run in one line.
func (r stepRun) String() string {
	return fmt.Sprintf("first change %s, count correct %s, ready %s, %d of %d requests failed",
		moment(r.first), moment(r.correct), moment(r.ready), r.failed, r.requests)
}
