package explain

import (
	"testing"
	"time"

	"faas/function"
)

// TestPending holds what is said while the rules have not evaluated the settings: what they recorded before is no reason.
func TestPending(t *testing.T) {
	tuned := func(ago, evaluated time.Duration) func(*Facts) {
		return func(f *Facts) { f.Tuned, f.Readings.At = at.Add(-ago), at.Add(-evaluated) }
	}
	never := func(f *Facts) { f.Tuned = at.Add(-2 * time.Second) }
	raised := signals(function.Signal{Type: function.ScalingRPS, Target: 100})
	const (
		soon   = "the settings changed 2s ago, and are not evaluated yet"
		enough = "no: load 50 rps is within what 12 replicas carry (1080)"
	)
	for _, tt := range []struct {
		name        string
		facts       Facts
		more, fewer string
	}{
		{"evaluated before", facts(12, 50, raised, need(12, 12), tuned(2*time.Second, 3*time.Second)), enough, "not known yet: " + soon},
		{"evaluated too soon after", facts(12, 50, raised, need(12, 12), tuned(2*time.Second, 1100*time.Millisecond)), enough, "not known yet: " + soon},
		{"never evaluated", facts(12, 50, raised, never), enough, "not known yet: " + soon},
		{"evaluated", facts(12, 50, raised, need(1, 12), tuned(2*time.Second, time.Second)), enough, "down window holds 12 (30s)"},
		{"it takes too long", facts(12, 50, raised, need(1, 12), tuned(31*time.Second, time.Minute)), enough, "down window holds 12 (30s)"},
		{
			"what they want is of before", facts(2, 40, need(2, 2), wanted(3), tuned(2*time.Second, 3*time.Second)),
			"on its way: 40 rps is more than what 2 replicas carry (9), and is ordered within seconds", "not known yet: " + soon,
		},
		{
			"a signal that is new", facts(2, 40, signals(function.Signal{Type: function.ScalingCPU, Target: 300}), tuned(2*time.Second, 3*time.Second)),
			"not known yet: " + soon, "not known yet: " + soon,
		},
		{"at the minimum", facts(1, 2, tuned(2*time.Second, 3*time.Second)), "no: load 2 rps is within what 1 replica carries (4.5)", "at min 1"},
		{"above the maximum", facts(9, 2, bounds(1, 5), need(9, 9), tuned(2*time.Second, 3*time.Second)), "no: load 2 rps is within what 9 replicas carry (40.5)", "on its way: max is 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.facts.Current()
			if more, fewer := f.More(), f.Fewer(); more != tt.more || fewer != tt.fewer {
				t.Errorf("got  %q, %q\nwant %q, %q", more, fewer, tt.more, tt.fewer)
			}
		})
	}
}
