package e2e

import (
	"context"
	"testing"
	"time"
)

// Play runs a scenario and shows what happened; every want that was not met fails the test.
func Play(t testing.TB, sys System, s Scenario) {
	t.Helper()
	rec, err := s.Run(t.Context(), sys)
	t.Logf("\n%s", rec)
	if err != nil {
		t.Error(err)
	}
}

// Watch holds each change of the functions' counts (of all functions where none are named) from now to the test's end to
// one entry of the decision log. Play does so by itself.
func Watch(t testing.TB, sys System, functions ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // which ends before
	stop := Record(ctx, sys, functions...)
	t.Cleanup(func() {
		rec := stop()
		if err := rec.Explained(); err != nil {
			t.Errorf("%v\n%s", err, rec)
		}
	})
}

// Poll asks ok every 10 ms until it is true, within a time, and reports whether it was. It is for what
// happens in other processes and tells nobody.
func Poll(within time.Duration, ok func() bool) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return false
		}
	}
	return true
}
