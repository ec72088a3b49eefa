package e2e

import (
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
