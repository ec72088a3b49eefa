package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"faas/function"
	"faas/rehearse"
	"faas/rehearse/load"
)

// trace is the load that tells policies apart: a step, a fall, a wave, and the end.
const trace = "trace:20@2m,160@3m,40@2m,sine(40..120,3m)@6m,0@2m"

// traceScore is what one policy did with the trace, medians over several seeds of chance.
type traceScore struct {
	policy                             string
	over, replicaSeconds, least        float64
	actions, turns, worstActions, took float64
}

// rehearseTrace plays the trace with a target of 10 through the shipped rules, and through rivals, several times each.
func rehearseTrace(ctx context.Context, runs int) ([]traceScore, error) {
	curve, err := load.Parse(trace, load.Options{})
	if err != nil {
		return nil, err
	}
	scaling := function.DefaultScaling()
	scaling.Signals = []function.Signal{{Type: function.ScalingRPS, Target: 10}}
	var scores []traceScore
	for _, p := range []rehearse.Policy{nil, rehearse.HPA{Window: time.Minute}, rehearse.HPA{}, rehearse.KPA{}} {
		o := rehearse.Options{Seed: 1, Policy: p}
		for i := range runs { // each has chance of its own
			o.Functions = append(o.Functions, rehearse.Function{Name: fmt.Sprintf("trace-%d", i), Scaling: scaling, Curve: curve})
		}
		began := time.Now()
		result, err := rehearse.Run(ctx, o)
		if err != nil {
			return nil, err
		}
		s := score(result)
		s.took = time.Since(began).Seconds()
		scores = append(scores, s)
	}
	return scores, nil
}

func score(result *rehearse.Result) traceScore {
	pick := func(of func(rehearse.Score) float64) []float64 {
		var all []float64
		for _, f := range result.Functions {
			all = append(all, of(f.Score))
		}
		slices.Sort(all)
		return all
	}
	median := func(all []float64) float64 { return all[len(all)/2] }
	actions := pick(func(s rehearse.Score) float64 { return float64(s.Actions) })
	return traceScore{
		policy:         result.Policy,
		over:           100 * median(pick(rehearse.Score.OverCapacityShare)),
		replicaSeconds: median(pick(func(s rehearse.Score) float64 { return s.ReplicaSeconds })),
		least:          median(pick(func(s rehearse.Score) float64 { return s.LeastReplicaSeconds })),
		turns:          median(pick(func(s rehearse.Score) float64 { return float64(s.DirectionChanges) })),
		actions:        median(actions), worstActions: actions[len(actions)-1],
	}
}

// traces shows the policies beside each other. The second is the one that the first is measured against.
func (r *report) traces(runs int, scores []traceScore) {
	r.line("\n## The same load through the rules and through others' policies, in virtual time\n")
	r.line("`faas rehearse --load '%s' --target 10`, %d seeds, medians.\n", trace, runs)
	r.line("| policy | load over capacity | replica-seconds | × least | actions | direction changes |")
	r.line("|---|---|---|---|---|---|")
	for _, s := range scores {
		r.line("| %s | %.2f %% | %.0f | %.2f | %.0f | %.0f |", s.policy, s.over, s.replicaSeconds, s.replicaSeconds/s.least, s.actions, s.turns)
	}
	r.line("")
	r.line("    result: trace_over_capacity_pct %.2f %%", scores[0].over)
	r.line("    result: trace_replica_seconds_ratio %.3f ratio", scores[0].replicaSeconds/scores[1].replicaSeconds)
	r.line("    result: trace_actions %.0f actions", scores[0].actions)
	r.line("    result: trace_actions_most %.0f actions", scores[0].worstActions)
}

// rehearseSteady plays n steady loads for ten minutes, each at a random fraction of what one to 15 replicas carry, with
// arrivals by chance, and counts those whose replicas went up and down, or down and up.
func rehearseSteady(ctx context.Context, n int) (turned, actions int, err error) {
	chance := rand.New(rand.NewPCG(1, 2))
	o := rehearse.Options{Seed: 1, Length: 10 * time.Minute}
	for i := range n {
		s := function.DefaultScaling()
		s.Signals[0].Target = []float64{5, 10, 50}[i%3]
		rate := s.Signals[0].Target * s.Proportion * (0.2 + 15*math.Pow(chance.Float64(), 2))
		curve, err := load.Parse(fmt.Sprintf("trace:%g@10m", rate), load.Options{})
		if err != nil {
			return 0, 0, err
		}
		o.Functions = append(o.Functions, rehearse.Function{Name: fmt.Sprintf("steady-%d", i), Scaling: s, Curve: curve})
	}
	result, err := rehearse.Run(ctx, o)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range result.Functions {
		actions += f.Score.Actions
		if f.Score.DirectionChanges > 0 {
			turned++
		}
	}
	return turned, actions, nil
}
