package rehearse

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// look is one time that a policy decides.
type look struct {
	at             time.Duration
	desired, ready int
	load           float64 // of all windows
	sudden         float64 // of windows up to 6 s, if not 0
	want           int
}

func TestPolicies(t *testing.T) {
	const sec = time.Second
	for _, c := range []struct {
		name   string
		policy Policy
		looks  []look
	}{
		{"HPA: in proportion", HPA{}, []look{{desired: 4, ready: 4, load: 5, want: 5}}},
		{"HPA: within the tolerance nothing changes", HPA{}, []look{{desired: 10, ready: 10, load: 10.9, want: 10}, {at: 15 * sec, desired: 10, ready: 10, load: 9.1, want: 10}}},
		{"HPA: 4 pods or 100 % in 15 s", HPA{}, []look{{desired: 1, ready: 1, load: 50, want: 5}, {at: 15 * sec, desired: 5, ready: 5, load: 50, want: 10}, {at: 30 * sec, desired: 10, ready: 10, load: 50, want: 20}}},
		{"HPA: pods to come take their share", HPA{}, []look{{desired: 8, ready: 4, load: 8, want: 8}, {at: 15 * sec, desired: 8, ready: 4, load: 12, want: 12}}},
		{"HPA: down to the greatest of the window", HPA{Window: 60 * sec}, []look{
			{desired: 10, ready: 10, load: 10, want: 10},
			{at: 15 * sec, desired: 10, ready: 10, load: 4, want: 10},
			{at: 60 * sec, desired: 10, ready: 10, load: 3, want: 10},
			{at: 75 * sec, desired: 10, ready: 10, load: 3, want: 4},
			{at: 90 * sec, desired: 4, ready: 4, load: 3, want: 3},
		}},
		{"HPA: never to zero", HPA{}, []look{{desired: 1, ready: 1, load: 0, want: 1}}},
		{"KPA: the stable window", KPA{}, []look{{desired: 4, ready: 4, load: 3.5, want: 5}}},
		{"KPA: halves at most", KPA{}, []look{{desired: 8, ready: 8, load: 0.1, want: 4}}},
		{"KPA: to zero", KPA{}, []look{{desired: 1, ready: 1, load: 0, want: 0}}},
		{"KPA: panic does not go down until the stable window has passed", KPA{}, []look{
			{desired: 2, ready: 2, load: 2, sudden: 7, want: 10},
			{at: 2 * sec, desired: 10, ready: 10, load: 3, want: 10},
			{at: 60 * sec, desired: 10, ready: 10, load: 3, want: 10},
			{at: 62 * sec, desired: 10, ready: 10, load: 4.9, want: 7},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			decide := c.policy.For(Function{Scaling: function.DefaultScaling()})
			for _, l := range c.looks {
				got := decide(l.at, Seen{Desired: l.desired, Ready: l.ready, Load: func(over time.Duration) float64 {
					if l.sudden > 0 && over <= 6*time.Second {
						return l.sudden
					}
					return l.load
				}})
				if got != l.want {
					t.Errorf("at %s of %d with load %g: %d, want %d", l.at, l.desired, l.load, got, l.want)
				}
			}
		})
	}
}

// TestPolicyIsFollowed runs one that wants just what it sees.
func TestPolicyIsFollowed(t *testing.T) {
	r := run(t, Options{
		Policy: mirror{}, WarmUp: -1,
		Functions: []Function{{
			Name: "f", Scaling: signals(function.Signal{Type: function.ScalingCapacity, Target: 2}, function.Signal{Type: function.ScalingRPS, Target: 100}),
			Curve: jump(time.Minute, 20, 20*time.Second, 60), Even: true, ServiceTime: 500 * ms,
		}},
	})
	f := r.Functions[0]
	if got := []int{f.Points[15].Desired, f.Points[40].Desired}; !cmp.Equal(got, []int{5, 15}) {
		t.Errorf("%v replicas before and after the jump, want 5 and 15: %v", got, f.Decisions)
	}
	if r.Policy != "mirror" || r.Evaluations != 0 {
		t.Errorf("policy %q and %d evaluations, want none of rules", r.Policy, r.Evaluations)
	}
	if !math.IsNaN(f.Points[0].Wanted) {
		t.Error("rules want something where there are none")
	}
}

type mirror struct{}

func (mirror) Name() string            { return "mirror" }
func (mirror) Interval() time.Duration { return time.Second }
func (mirror) For(Function) func(time.Duration, Seen) int {
	return func(_ time.Duration, s Seen) int { return int(math.Round(s.Load(5 * time.Second))) }
}
