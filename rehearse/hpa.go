package rehearse

import (
	"fmt"
	"math"
	"time"
)

// HPA is Kubernetes' horizontal pod autoscaler, with a metric of pods and the defaults of autoscaling/v2: every 15 s
//
//	desired = ceil(current · metric / target), or the same where metric / target is within 0.1 of 1
//
// up at once, by at most 4 pods or 100 % in 15 s, whichever is more; down to the greatest recommendation of the window.
// Pods that are not ready yet count as if they had no load when that is a wish for more. It does not go to zero. Its target
// is the function's, all of it: it knows no proportion.
//
// Sources: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ ("Algorithm details", "Default
// behavior"), and pkg/controller/podautoscaler/replica_calculator.go.
type HPA struct {
	// Window is the stabilisation window for going down. 0: 5 m, its default.
	Window time.Duration
	// Metric is the time over which the metric is a mean. 0: 15 s, which is the shortest that is common.
	Metric time.Duration
}

// The defaults of its controller.
const (
	hpaSync      = 15 * time.Second
	hpaTolerance = 0.1
	hpaPods      = 4
)

// Name implements Policy.
func (h HPA) Name() string { return fmt.Sprintf("HPA, %s window", shortTime(h.window())) }

// Interval implements Policy.
func (HPA) Interval() time.Duration { return hpaSync }

func (h HPA) window() time.Duration {
	if h.Window == 0 {
		return 5 * time.Minute
	}
	return h.Window
}

// For implements Policy.
func (h HPA) For(Function) func(time.Duration, Seen) int {
	metric := h.Metric
	if metric == 0 {
		metric = hpaSync
	}
	type recommendation struct {
		at time.Duration
		n  int
	}
	var past []recommendation
	return func(now time.Duration, seen Seen) int {
		n := hpaReplicas(seen, seen.Load(metric))
		past = append(past, recommendation{now, n})
		for now-past[0].at > h.window() {
			past = past[1:]
		}
		if n < seen.Desired {
			highest := n
			for _, r := range past {
				highest = max(highest, r.n)
			}
			return min(highest, seen.Desired)
		}
		return min(n, max(2*seen.Desired, seen.Desired+hpaPods))
	}
}

// hpaReplicas is what the load, in replicas, recommends.
func hpaReplicas(seen Seen, load float64) int {
	ready := max(seen.Ready, 1)
	ratio := load / float64(ready)
	if seen.Ready < seen.Desired && ratio > 1 { // those to come take their share
		ready = seen.Desired
		if ratio = load / float64(ready); ratio < 1 {
			return seen.Desired
		}
	}
	if math.Abs(ratio-1) <= hpaTolerance {
		return seen.Desired
	}
	return max(int(math.Ceil(ratio*float64(ready)-1e-9)), 1)
}

// shortTime writes 1m0s as 1m.
func shortTime(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
