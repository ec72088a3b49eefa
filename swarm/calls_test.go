package swarm

import (
	"fmt"
	"testing"
	"time"

	"faas/swarm/swarmtest"
)

// TestCallsInSteadyState holds the promise that many functions cost one list of tasks a second, and reading none.
func TestCallsInSteadyState(t *testing.T) {
	tm := defaultTiming()
	tm.resync = time.Hour // the look at all services has a promise of its own, and may not fall into the measured time
	l := startLab(t, swarmtest.Options{}, tm)
	for i := range 50 {
		l.deploy(fmt.Sprintf("f%02d", i), 1)
	}
	var before map[string]int
	l.until("calm", func() bool { // no list of single services' tasks for a while
		before = l.Calls()
		timer := time.NewTimer(300 * time.Millisecond)
		<-timer.C
		return l.Calls()[swarmtest.TaskListEndpoint]-before[swarmtest.TaskListEndpoint] <= 1
	})
	begin := time.Now()
	before = l.Calls()
	for time.Since(begin) < 3*time.Second {
		for range 100 {
			if _, err := l.b.Function(t.Context(), "f07"); err != nil {
				t.Fatal(err)
			}
		}
		timer := time.NewTimer(10 * time.Millisecond)
		<-timer.C
	}
	took := time.Since(begin)
	for endpoint, n := range l.Calls() {
		n -= before[endpoint]
		if endpoint == swarmtest.TaskListEndpoint {
			if most := int(took/time.Second) + 1; n > most || n == 0 {
				t.Errorf("%d lists of tasks in %s, want 1 to %d", n, took, most)
			}
		} else if n > 0 {
			t.Errorf("%s was called %d times while nothing changed", endpoint, n)
		}
	}
}
