//go:build !race

// The race detector makes these ten times slower and would find nothing in them that it does not find in the engine's own tests.
// tools/rules.sh runs them.

package rehearse_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"faas/function"
	"faas/rehearse"
	"faas/rehearse/load"
)

// TestShippedRulesLeaveSteadyLoadsAlone plays steady loads at random fractions of what one to 15 replicas carry, with arrivals by
// chance, for ten minutes. bench/scaling does the same with 1,000.
func TestShippedRulesLeaveSteadyLoadsAlone(t *testing.T) {
	const loads = 100
	chance := rand.New(rand.NewPCG(1, 2))
	o := rehearse.Options{Seed: 7, Length: 10 * time.Minute}
	for i := range loads {
		s := function.DefaultScaling()
		s.Signals[0].Target = []float64{5, 10, 50}[i%3]
		replicas := 0.2 + 15*math.Pow(chance.Float64(), 2)
		curve, err := load.Parse(fmt.Sprintf("trace:%g@10m", replicas*s.Signals[0].Target*s.Proportion), load.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o.Functions = append(o.Functions, rehearse.Function{Name: fmt.Sprintf("%.2f-replicas-%d", replicas, i), Scaling: s, Curve: curve})
	}
	result, err := rehearse.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	turned := 0
	for _, f := range result.Functions {
		if f.Score.DirectionChanges > 0 {
			turned++
			t.Logf("%s: %v", f.Name, f.Decisions)
		}
		if f.Score.DirectionChanges > 1 {
			t.Errorf("%s turned %d times", f.Name, f.Score.DirectionChanges)
		}
	}
	if turned > loads/100 {
		t.Errorf("%d of %d steady loads were answered up and down", turned, loads)
	}
}

// TestShippedRulesLeaveSteadySlotsAlone plays steady loads of functions with slots, three times each, at one gateway and at two, to
// which requests come evenly or not. Of two, each lends half of a replica's slots, rounded down.
func TestShippedRulesLeaveSteadySlotsAlone(t *testing.T) {
	for _, c := range []struct {
		slots, inFlight, gateways int
		skew                      float64
		even                      bool
		turns                     int // of all three in ten minutes, at most
	}{
		{slots: 4, inFlight: 8, gateways: 1, even: true, turns: 0},
		{slots: 4, inFlight: 8, gateways: 1, turns: 12},
		{slots: 3, inFlight: 6, gateways: 2, turns: 12},
		{slots: 4, inFlight: 8, gateways: 2, skew: 1, even: true, turns: 0},
		{slots: 4, inFlight: 8, gateways: 2, skew: 0.8, turns: 12},
	} {
		s := function.DefaultScaling()
		s.Signals[0].Target, s.Slots = 1000, c.slots
		curve, err := load.Parse(fmt.Sprintf("trace:%d@10m", 5*c.inFlight), load.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := rehearse.Options{Seed: 5, Gateways: c.gateways, WarmUp: 2 * time.Minute}
		for i := range 3 {
			o.Functions = append(o.Functions, rehearse.Function{
				Name: fmt.Sprint("f", i), Scaling: s, Curve: curve, ServiceTime: 200 * time.Millisecond, Skew: c.skew, Even: c.even,
			})
		}
		result, err := rehearse.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		turns, seconds := 0, 0.0
		for _, f := range result.Functions {
			turns += f.Score.DirectionChanges
			seconds += f.Score.ReplicaSeconds
		}
		if turns > c.turns {
			t.Errorf("%+v: %d turns, want %d at most", c, turns, c.turns)
		}
		if used := float64(c.inFlight) / float64(c.slots) * 3 * 600; seconds > used*float64(c.gateways)*3.5 {
			t.Errorf("%+v: %.0f replica-seconds to use %.0f", c, seconds, used)
		}
	}
}

// TestShippedRulesOnASlowRamp plays a load that grows for two minutes, slower than short windows can tell from chance.
func TestShippedRulesOnASlowRamp(t *testing.T) {
	curve, err := load.Parse("trace:5@1m,5..40@2m,40@1m", load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := rehearse.Options{Seed: 2}
	for i := range 6 {
		o.Functions = append(o.Functions, rehearse.Function{Name: fmt.Sprint("ramp-", i), Scaling: function.DefaultScaling(), Curve: curve})
	}
	result, err := rehearse.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	over := 0.0
	for _, f := range result.Functions {
		over += f.Score.OverCapacityShare() / float64(len(result.Functions))
		if f.Score.DirectionChanges > 0 || f.Score.Actions > 6 {
			t.Errorf("%s: %v", f.Name, f.Decisions)
		}
	}
	if over > 0.008 {
		t.Errorf("%.2f %% of the load over capacity in the mean, want 0.8 at most", 100*over)
	}
}

// TestShippedRulesOnATrace plays a step, a fall, a wave and the end, nine times with other chance, and compares with
// Kubernetes' HPA: in the median, since a single one may be lucky or not.
func TestShippedRulesOnATrace(t *testing.T) {
	curve, err := load.Parse("trace:20@2m,160@3m,40@2m,sine(40..120,3m)@6m,0@2m", load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	scaling := function.DefaultScaling()
	scaling.Signals[0].Target = 10
	play := func(p rehearse.Policy) *rehearse.Result {
		o := rehearse.Options{Seed: 3, Policy: p}
		for i := range 9 {
			o.Functions = append(o.Functions, rehearse.Function{Name: fmt.Sprint("trace-", i), Scaling: scaling, Curve: curve})
		}
		result, err := rehearse.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	replicaSeconds := func(r *rehearse.Result) []float64 {
		var all []float64
		for _, f := range r.Functions {
			all = append(all, f.Score.ReplicaSeconds)
		}
		slices.Sort(all)
		return all
	}
	rules := play(nil)
	for _, f := range rules.Functions {
		if s := f.Score; s.OverCapacityShare() > 0.01 || s.Actions > 20 {
			t.Errorf("%s: %.2f %% of the load over capacity (at most 1), %d actions (at most 20): %v",
				f.Name, 100*s.OverCapacityShare(), s.Actions, f.Decisions)
		}
	}
	ours, theirs := replicaSeconds(rules), replicaSeconds(play(rehearse.HPA{Window: time.Minute}))
	if median := len(ours) / 2; ours[median] > 1.15*theirs[median] {
		t.Errorf("%.0f replica-seconds in the median, more than 1.15 times HPA's %.0f", ours[median], theirs[median])
	}
}
