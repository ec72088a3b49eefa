package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"faas/api"
	"faas/e2e"
)

const (
	// measured is the function of the loop, made for it and removed after it.
	measured = "bench-echoit"
	// rate is the load in requests per second, and target what one replica should carry of it.
	rate, target = 50, 5
	// wanted is what the load needs: rate / target.
	wanted = 10
	// backTimeout is how long after the end of the load the first replica should be the last again.
	backTimeout = 65 * time.Second
)

// deployment is the function of the loop. Its proportion makes the load need 10 replicas, and its maximum keeps a
// load that was measured a little too high from needing 11.
func deployment() api.FunctionDeployment {
	labels := map[string]string{
		"com.openfaas.scale.target": fmt.Sprint(target), "com.openfaas.scale.target-proportion": "1",
		"com.openfaas.scale.max": fmt.Sprint(wanted),
	}
	return api.FunctionDeployment{Service: measured, Image: "faas/echoit:latest", EnvProcess: "cat", Labels: &labels}
}

// loop is what the real engine has for the measurements.
type loop struct {
	opts   options
	rep    *report
	system *e2e.Client
	engine *engine
	id     string // of the function's service
	floor  *floor
}

// measureLoop deploys the stack where none was named, measures, and removes all that it made.
func measureLoop(ctx context.Context, o options, rep *report) (err error) {
	e, err := newEngine(o.DockerHost)
	if err != nil {
		return err
	}
	system, remove, err := gatewayFor(ctx, o, rep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	l := &loop{opts: o, rep: rep, system: system, engine: e}
	undo, err := l.deploy(ctx)
	defer func() { err = errors.Join(err, undo()) }()
	if err != nil {
		return err
	}
	loads, err := l.loads(ctx)
	if err != nil {
		return err
	}
	rep.loads(o, loads)
	if o.Wakes == 0 {
		return nil
	}
	wakes, err := l.wakes(ctx)
	if err != nil {
		return err
	}
	rep.wakes(wakes)
	return nil
}

// gatewayFor returns a client of the gateway that the options name, or that of a stack which remove removes.
func gatewayFor(ctx context.Context, o options, rep *report) (_ *e2e.Client, remove func() error, _ error) {
	if o.Gateway != "" {
		base := func() string { return o.Gateway }
		return e2e.NewClient(base, o.password), func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "faas-bench-")
	if err != nil {
		return nil, nil, err
	}
	stack, err := deployStack(ctx, o, dir, rep)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return stack.Client, func() error {
		return errors.Join(stack.Undeploy(context.WithoutCancel(ctx)), os.RemoveAll(dir))
	}, nil
}

// deploy makes the function and the floor beside it. What it made is undone even where it failed.
func (l *loop) deploy(ctx context.Context) (undo func() error, err error) {
	undo = func() error { return nil }
	if err := l.system.Deploy(ctx, deployment()); err != nil {
		return undo, err
	}
	undo = func() error { return l.system.Remove(context.WithoutCancel(ctx), measured) }
	if err := l.system.WaitFor(ctx, measured, settleTimeout, isAt(1)); err != nil {
		return undo, err
	}
	s, err := l.engine.service(ctx, measured)
	if err != nil {
		return undo, err
	}
	l.id = s.ID
	if l.floor, err = newFloor(ctx, l.engine, measured); err != nil {
		return undo, err
	}
	removeFunction := undo
	undo = func() error { return errors.Join(l.floor.remove(context.WithoutCancel(ctx)), removeFunction()) }
	return undo, waitTasks(ctx, l.engine, l.floor.id, 1)
}

func isAt(replicas int) func(e2e.Count) bool {
	return func(c e2e.Count) bool { return c.Desired == replicas && c.Ready == replicas }
}

// loadRun is what one run showed. Times count from the start of the load where nothing else is said.
type loadRun struct {
	floor                        time.Duration // Swarm's own, from its order
	firstChange, allReady, order time.Duration // order: from the first change to all ready
	back                         time.Duration // from the end of the load
	requests, failed, flips      int
	orders                       string // the counts that were asked for until all were ready, with their moments
	machine                      string // load average before the run
}

func (l *loop) loads(ctx context.Context) ([]loadRun, error) {
	var runs []loadRun
	for i := range l.opts.Runs {
		machine := machineLoad()
		own, err := l.swarmAlone(ctx, 1, wanted)
		if err != nil {
			return nil, fmt.Errorf("swarm's own 1 to %d: %w", wanted, err)
		}
		r, err := l.load(ctx)
		if err != nil {
			return nil, fmt.Errorf("load run %d: %w", i+1, err)
		}
		r.floor, r.machine = own, machine
		l.rep.progress("run %d of %d: %s", i+1, l.opts.Runs, r)
		runs = append(runs, r)
	}
	return runs, nil
}

// swarmAlone measures one scaling of the floor and takes it back to none, so that it is in nobody's way.
func (l *loop) swarmAlone(ctx context.Context, from, to int) (time.Duration, error) {
	if err := l.floor.settle(ctx, from); err != nil {
		return 0, err
	}
	took, err := l.floor.scale(ctx, to)
	if err != nil {
		return 0, err
	}
	return took, l.floor.settle(ctx, 0)
}

// load offers the load once, from one replica until there is one again.
func (l *loop) load(ctx context.Context) (loadRun, error) {
	if err := waitTasks(ctx, l.engine, l.id, 1); err != nil {
		return loadRun{}, err
	}
	if err := l.system.WaitFor(ctx, measured, settleTimeout, isAt(1)); err != nil {
		return loadRun{}, err
	}
	end := l.opts.Load
	isBack := func(ctx context.Context) error {
		_ = l.system.WaitFor(ctx, measured, backTimeout, isAt(1)) // the record shows when, or that it did not
		return nil
	}
	record, err := e2e.Scenario{
		e2e.At(0, e2e.Offer(measured, rate)),
		e2e.At(end, e2e.Offer(measured, 0)),
		e2e.At(end, e2e.Do("wait until one replica is left", isBack)),
		// The scenario may take 30 s longer than its last line says.
		e2e.At(end+backTimeout-25*time.Second, e2e.Do("end", func(context.Context) error { return nil })),
	}.Run(ctx, l.system)
	if err != nil {
		return loadRun{}, err
	}
	r := summarize(record.Counts(measured), end)
	failed, all := record.Failures(measured, 0, end+backTimeout)
	r.failed, r.requests = len(failed), all
	r.flips = max(0, record.Turns(measured)-1) // up and down again is one turn, and no flip
	return r, nil
}

// summarize finds the moments in the counts of one run.
func summarize(counts []e2e.Count, load time.Duration) loadRun {
	r, most := loadRun{firstChange: never, allReady: never, order: never, back: never}, 0
	last := 1
	for _, c := range counts {
		if c.Desired != last && r.allReady == never {
			r.orders += fmt.Sprintf(" %d at %s", c.Desired, moment(c.At))
		}
		last = c.Desired
		if r.firstChange == never && c.Desired > 1 {
			r.firstChange = c.At
		}
		if r.allReady == never && c.Ready >= wanted {
			r.allReady, r.order = c.At, c.At-r.firstChange
		}
		if most = max(most, c.Desired); most > 1 && c.Desired == 1 && r.back == never && c.At > load {
			r.back = c.At - load
		}
		if c.Desired != 1 {
			r.back = never
		}
	}
	return r
}

// kept reports whether all replicas were ready as soon as was promised.
func (r loadRun) kept() bool { return r.allReady != never && r.allReady <= promised(r.floor) }

// promised is when all replicas shall be ready, where Swarm alone takes so long.
func promised(floor time.Duration) time.Duration { return floor*13/10 + time.Second }

// String shows a run in one line.
func (r loadRun) String() string {
	return fmt.Sprintf("swarm alone %s; first change %s (%s), all %d ready %s (%s after the first order), back to 1 %s after the end, "+
		"%d of %d requests failed, %d flips", moment(r.floor), moment(r.firstChange), strings.TrimSpace(r.orders), wanted, moment(r.allReady), moment(r.order),
		moment(r.back), r.failed, r.requests, r.flips)
}
