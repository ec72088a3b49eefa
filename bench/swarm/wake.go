package main

import (
	"context"
	"fmt"
	"time"
)

// wake is one start from 0 replicas: Swarm's own, until its replica answers, and that of a function, from the first
// request until its answer.
type wake struct{ floor, function time.Duration }

func (l *loop) wakes(ctx context.Context) ([]wake, error) {
	var all []wake
	for i := range l.opts.Wakes {
		own, err := l.swarmAlone(ctx, 0, 1)
		if err != nil {
			return nil, fmt.Errorf("swarm's own 0 to 1: %w", err)
		}
		answered, err := l.wake(ctx)
		if err != nil {
			return nil, fmt.Errorf("wake %d: %w", i+1, err)
		}
		all = append(all, wake{own, answered})
	}
	l.rep.progress("%d wakes", len(all))
	return all, nil
}

// wake scales the function to 0, waits until nothing of it is left, and times a request.
func (l *loop) wake(ctx context.Context) (time.Duration, error) {
	if err := l.system.Scale(ctx, measured, 0); err != nil {
		return 0, err
	}
	if err := l.system.WaitFor(ctx, measured, settleTimeout, isAt(0)); err != nil {
		return 0, err
	}
	if err := waitTasks(ctx, l.engine, l.id, 0); err != nil {
		return 0, err
	}
	begin := time.Now()
	if got, err := l.system.Invoke(ctx, measured, "hello"); err != nil || got != "hello" {
		return 0, fmt.Errorf("first request to a function at 0: %q, %w", got, err)
	}
	return time.Since(begin), nil
}
