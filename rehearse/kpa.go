package rehearse

import (
	"math"
	"time"
)

// KPA is Knative's pod autoscaler with its defaults: every 2 s the mean load of the stable window of 60 s, divided by 70 % of
// the target. When the mean of 6 s wants twice what is ready or more it panics: the greater of the two counts, and
// nothing goes down until 60 s after the last such moment. A step multiplies the ready pods by at most 1000 and halves them at most.
//
// Sources: https://knative.dev/docs/serving/autoscaling/kpa-specific/ and knative/serving,
// pkg/autoscaler/scaling/autoscaler.go (Scale) and config/core/configmaps/autoscaler.yaml.
type KPA struct{}

// The defaults of its ConfigMap.
const (
	kpaTick        = 2 * time.Second
	kpaStable      = time.Minute
	kpaPanic       = 6 * time.Second
	kpaUtilisation = 0.7
	kpaThreshold   = 2
	kpaUpRate      = 1000
	kpaDownRate    = 2
)

// Name implements Policy.
func (KPA) Name() string { return "Knative KPA" }

// Interval implements Policy.
func (KPA) Interval() time.Duration { return kpaTick }

// For implements Policy.
func (KPA) For(Function) func(time.Duration, Seen) int {
	panicking, since, most := false, time.Duration(0), 0
	return func(now time.Duration, seen Seen) int {
		ready := math.Max(1, float64(seen.Ready))
		within := func(n float64) int {
			return int(math.Min(math.Max(n, math.Floor(ready/kpaDownRate)), math.Ceil(kpaUpRate*ready)))
		}
		wants := func(window time.Duration) float64 { return math.Ceil(seen.Load(window)/kpaUtilisation - 1e-9) }
		stable, sudden := wants(kpaStable), wants(kpaPanic)
		switch over := sudden/ready >= kpaThreshold; {
		case over:
			panicking, since = true, now
		case panicking && now-since > kpaStable:
			panicking, most = false, 0
		}
		n := within(stable)
		if panicking {
			most = max(most, n, within(sudden))
			n = most
		}
		return n
	}
}
