package function

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// ScalingLabelPrefix starts every label that ParseScaling reads.
const ScalingLabelPrefix = "com.openfaas.scale."

// ScalingType names a signal that a function's replicas can follow.
type ScalingType string

// The signals. Targets are per replica.
const (
	// ScalingRPS counts arrivals per second.
	ScalingRPS ScalingType = "rps"
	// ScalingCapacity is the mean number of requests in flight.
	ScalingCapacity ScalingType = "capacity"
	// ScalingCPU is the processor time that the replicas use, in millicores.
	ScalingCPU ScalingType = "cpu"
	// ScalingMemory is the memory that the replicas use, in bytes.
	ScalingMemory ScalingType = "memory"
	// ScalingQueue is the number of asynchronous calls that are queued or being made.
	ScalingQueue ScalingType = "queue"
	// ScalingCustom is a recording rule of the user's, function:load:custom.
	ScalingCustom ScalingType = "custom"
)

// scalingTypes are all of them, in the order that messages name them.
var scalingTypes = []ScalingType{ScalingRPS, ScalingCapacity, ScalingCPU, ScalingMemory, ScalingQueue, ScalingCustom}

// defaultTargets are the loads that one replica should carry where the user says nothing. The 5 of rps is the
// ancestor's alert threshold, here per replica. Memory has none: what a replica uses at rest is the program's own matter.
var defaultTargets = map[ScalingType]float64{
	ScalingRPS: 5, ScalingCapacity: 10, ScalingCPU: 500, ScalingQueue: 10, ScalingCustom: 10,
}

// downWindows are the stabilisation windows for which the rules have a recording: PromQL's ranges
// cannot vary per series.
var downWindows = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// MaxReplicas bounds what a label or a user may ask for, far above what one machine or swarm carries.
const MaxReplicas = 10_000

// maxSlots bounds the label slots and the variable max_inflight alike.
const maxSlots = 1_000_000

// Signal is one load that replicas follow, and how much of it one replica should carry, in the unit of its type.
type Signal struct {
	Type   ScalingType
	Target float64
}

// String writes a signal as labels would, "cpu 500".
func (s Signal) String() string { return fmt.Sprintf("%s %g", s.Type, s.Target) }

// Scaling says how a function's replica count follows its load. Copies share Signals, which nobody may change.
type Scaling struct {
	// Min and Max bound the count that rules and alerts may order.
	Min, Max int
	// Signals are at least one, each of another type. Where there are several, the largest wish wins.
	Signals []Signal
	// Proportion is the share of each target to plan for, so that Target·Proportion is the load at which the next
	// replica is wanted.
	Proportion float64
	// Slots is how many requests one replica takes at once. 0: no bound is known.
	Slots int
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
		Signals:    []Signal{{ScalingRPS, defaultTargets[ScalingRPS]}},
		Proportion: 0.9,
		DownWindow: 30 * time.Second, ZeroDuration: 15 * time.Minute,
		Factor: 20,
	}
}

// Target returns the target of the signal of a type. False: replicas do not follow that type.
func (s Scaling) Target(t ScalingType) (float64, bool) {
	for _, signal := range s.Signals {
		if signal.Type == t {
			return signal.Target, true
		}
	}
	return 0, false
}

// Equal reports whether s and other say the same.
func (s Scaling) Equal(other Scaling) bool { return reflect.DeepEqual(s, other) }

// Clamp bounds n to [Min, Max].
func (s Scaling) Clamp(n int) int { return max(s.Min, min(n, s.Max)) }

// Step is the number of replicas that one classic step alert adds: ceil(Max·Factor/100).
func (s Scaling) Step() int { return (s.Max*s.Factor + 99) / 100 }

// orTypes lists types for a message, "rps, capacity or custom".
func orTypes(types []ScalingType) string {
	var b strings.Builder
	for i, t := range types {
		switch {
		case i > 0 && i == len(types)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(t))
	}
	return b.String()
}
