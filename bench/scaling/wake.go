package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"faas/e2e"
)

// measureWakes scales the function to 0, waits until nothing of it runs, and times a request.
func measureWakes(ctx context.Context, o options, dir string, rep *report) ([]time.Duration, error) {
	sys, err := e2e.Start(ctx, e2e.Options{Bin: o.Bin, Dir: dir, Stack: stackText})
	if err != nil {
		return nil, err
	}
	var wakes []time.Duration
	for range o.Wakes {
		d, err := wakeOnce(ctx, sys)
		if err != nil {
			return nil, errors.Join(err, sys.Stop())
		}
		wakes = append(wakes, d)
	}
	rep.progress("%d wakes", len(wakes))
	return wakes, sys.Stop()
}

func wakeOnce(ctx context.Context, sys *e2e.Up) (time.Duration, error) {
	if err := sys.Scale(ctx, loaded, 0); err != nil {
		return 0, err
	}
	gone := func(c e2e.Count) bool { return c.Desired == 0 && c.Ready == 0 }
	if err := sys.WaitFor(ctx, loaded, 30*time.Second, gone); err != nil {
		return 0, err
	}
	if err := sys.WaitNoReplica(ctx, 30*time.Second); err != nil {
		return 0, err
	}
	start := time.Now()
	if got, err := sys.Invoke(ctx, loaded, "hello"); err != nil || got != "hello" {
		return 0, fmt.Errorf("first request to a function at 0: %q, %w", got, err)
	}
	return time.Since(start), nil
}
