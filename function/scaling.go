package function

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ScalingLabelPrefix starts every label that ParseScaling reads.
const ScalingLabelPrefix = "com.openfaas.scale."

// ScalingType names the signal that a function's replicas follow.
type ScalingType string

// The signals. Targets are per replica.
const (
	// ScalingRPS counts arrivals per second.
	ScalingRPS ScalingType = "rps"
	// ScalingCapacity is the mean number of requests in flight.
	ScalingCapacity ScalingType = "capacity"
	// ScalingCustom is a recording rule of the user's, function:load:custom.
	ScalingCustom ScalingType = "custom"
)

// defaultTargets are the loads that one replica should carry where the user says nothing. The 5 of rps
// is the ancestor's alert threshold, here per replica.
var defaultTargets = map[ScalingType]float64{
	ScalingRPS: 5, ScalingCapacity: 10, ScalingCustom: 10,
}

// downWindows are the stabilisation windows for which the rules have a recording: PromQL's ranges
// cannot vary per series.
var downWindows = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// MaxReplicas bounds what a label or a user may ask for, far above what one machine or swarm carries.
const MaxReplicas = 10_000

// Scaling says how a function's replica count follows its load.
type Scaling struct {
	// Min and Max bound the count that rules and alerts may order.
	Min, Max int
	// Type is the signal, Target the load that one replica should carry and Proportion the share of it
	// to plan for, so that Target·Proportion is the load at which the next replica is wanted.
	Type       ScalingType
	Target     float64
	Proportion float64
	// DownWindow is the time over which the largest recommendation holds before replicas go.
	DownWindow time.Duration
	// Zero lets the function go to no replicas after ZeroDuration without an arrival.
	Zero         bool
	ZeroDuration time.Duration
	// Factor is the step of classic alerts in percent of Max; 0 turns step scaling off.
	Factor int
}

// DefaultScaling is what a function without scaling labels gets.
func DefaultScaling() Scaling {
	return Scaling{
		Min: 1, Max: 20,
		Type: ScalingRPS, Target: defaultTargets[ScalingRPS], Proportion: 0.9,
		DownWindow: 30 * time.Second, ZeroDuration: 15 * time.Minute,
		Factor: 20,
	}
}

// Clamp bounds n to [Min, Max].
func (s Scaling) Clamp(n int) int { return max(s.Min, min(n, s.Max)) }

// Step is the number of replicas that one classic step alert adds: ceil(Max·Factor/100).
func (s Scaling) Step() int { return (s.Max*s.Factor + 99) / 100 }

// ParseScaling reads the scaling labels (ScalingLabelPrefix + min, max, type, target,
// target-proportion, down.window, zero, zero-duration, factor). Labels that are not there keep their
// defaults; labels that cannot be read, and unknown ones under the prefix, are reported all at once
// with kind ErrInvalid, and the Scaling returned beside the error has defaults in their place.
func ParseScaling(labels map[string]string) (Scaling, error) {
	p := scalingParser{s: DefaultScaling()}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if setting, ok := strings.CutPrefix(key, ScalingLabelPrefix); ok {
			p.read(setting, key, strings.TrimSpace(labels[key]))
		}
	}
	p.finish()
	return p.s, p.errs.err()
}

type scalingParser struct {
	s         Scaling
	hasTarget bool
	hasMax    bool
	errs      errorList
}

func (p *scalingParser) read(setting, key, value string) {
	switch setting {
	case "min":
		p.integer(&p.s.Min, key, value, 0, MaxReplicas)
	case "max":
		p.hasMax = p.integer(&p.s.Max, key, value, 1, MaxReplicas)
	case "factor":
		p.integer(&p.s.Factor, key, value, 0, 100)
	case "type":
		if t := ScalingType(value); defaultTargets[t] > 0 {
			p.s.Type = t
			return
		}
		p.errs.add(Invalidf("label %s=%q: use rps, capacity or custom", key, value))
	case "target":
		p.hasTarget = p.float(&p.s.Target, key, value, math.MaxFloat64)
	case "target-proportion":
		p.float(&p.s.Proportion, key, value, 1)
	case "down.window":
		p.window(key, value)
	case "zero":
		v, err := strconv.ParseBool(value)
		if err != nil {
			p.errs.add(Invalidf("label %s=%q: use true or false", key, value))
			return
		}
		p.s.Zero = v
	case "zero-duration":
		v, err := parseDuration(value)
		if err != nil || v < time.Second {
			p.errs.add(Invalidf("label %s=%q: use a duration of at least 1s, such as 15m", key, value))
			return
		}
		p.s.ZeroDuration = v
	default:
		p.errs.add(Invalidf("label %s: unknown; there are min, max, type, target, target-proportion, "+
			"down.window, zero, zero-duration and factor", key))
	}
}

func (p *scalingParser) integer(to *int, key, value string, low, high int) bool {
	v, err := strconv.Atoi(value)
	if err != nil || v < low || v > high {
		p.errs.add(Invalidf("label %s=%q: use a whole number from %d to %d", key, value, low, high))
		return false
	}
	*to = v
	return true
}

func (p *scalingParser) float(to *float64, key, value string, high float64) bool {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || !(v > 0) || v > high {
		bound := "above 0"
		if high == 1 {
			bound = "above 0 and at most 1"
		}
		p.errs.add(Invalidf("label %s=%q: use a number %s", key, value, bound))
		return false
	}
	*to = v
	return true
}

func (p *scalingParser) window(key, value string) {
	v, err := parseDuration(value)
	if err != nil || !slices.Contains(downWindows, v) {
		p.errs.add(Invalidf("label %s=%q: use 10s, 30s, 1m, 5m or 15m", key, value))
		return
	}
	p.s.DownWindow = v
}

// finish checks what concerns more than one label.
func (p *scalingParser) finish() {
	if !p.hasTarget {
		p.s.Target = defaultTargets[p.s.Type]
	}
	if p.s.Min <= p.s.Max {
		return
	}
	if !p.hasMax { // a larger minimum alone is a plain wish, not a contradiction
		p.s.Max = p.s.Min
		return
	}
	p.errs.add(Invalidf("label %smin=%d is above %smax=%d", ScalingLabelPrefix, p.s.Min, ScalingLabelPrefix, p.s.Max))
	p.s.Min = p.s.Max
}

// parseDuration reads a Go duration, or a bare number as seconds as the ancestor's variables have it.
func parseDuration(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	return time.ParseDuration(s)
}
