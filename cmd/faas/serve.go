package main

import (
	"context"
	"errors"
	"fmt"
)

// serve runs the gateway. Requests that outlive the drain are cut off, which is told and is no failure.
func (s *system) serve(ctx context.Context, run func(context.Context) error) error {
	return serve(ctx, run, func() {
		s.out.trouble(partGateway, "cut off", fmt.Sprintf("requests that were still in flight after %s", s.drain))
	})
}

// serve calls run and, where it ended because ctx did, takes the errors out that say that a bound of time ran out, and
// calls cutOff for them: a bound that was asked for did its work.
func serve(ctx context.Context, run func(context.Context) error, cutOff func()) error {
	err := run(ctx)
	if ctx.Err() == nil {
		return err
	}
	late, rest := splitDeadlines(err)
	if late {
		cutOff()
	}
	return rest
}

// splitDeadlines takes the errors out of a joined one that say that a bound of time ran out, and reports
// whether there were any.
func splitDeadlines(err error) (late bool, rest error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if errors.Is(err, context.DeadlineExceeded) {
			return true, nil
		}
		return false, err
	}
	var others []error
	for _, e := range joined.Unwrap() {
		lateToo, other := splitDeadlines(e)
		late = late || lateToo
		others = append(others, other)
	}
	return late, errors.Join(others...)
}
