package explain

import (
	"fmt"
	"math"
	"slices"
	"time"

	"faas/function"
)

// Facts are what is known of a function at one moment.
type Facts struct {
	Now time.Time
	// Status is the backend's view.
	Status function.Status
	// Frozen are the silences that hold the function, the longest first.
	Frozen []Frozen
	// ControlLoop is nil while orders can arrive, else it says since when not.
	ControlLoop error
	// Ordered is when the present count was ordered, and Tuned when a setting last changed. Zero: not known.
	Ordered, Tuned time.Time
	// Readings are what the rules recorded. Unknown says why there are none; empty: there are.
	Readings Readings
	Unknown  string
	// LastInvocation is when the last one arrived at this gateway, and InFlight how many are under way there.
	LastInvocation time.Time
	InFlight       int
	// AtRest says that this gateway does not show the function to the rules, since there is nothing for them to decide. So
	// they record nothing of it, unless it has a load at another gateway.
	AtRest bool
}

// Frozen is a silence that holds a function.
type Frozen struct {
	Silence, Comment string
	Until            time.Time
	// Up, Down and Zero say which changes are held; Zero is the one from the last replica.
	Up, Down, Zero bool
}

// Readings are what Prometheus knows of a function. What is not recorded is nil, or not there.
type Readings struct {
	// At is when the rules were evaluated, by Prometheus's clock. Zero: they have recorded nothing.
	At time.Time
	// Wanted is the count that the rules ask for, Need what is needed now and Hold the most of the down window.
	Wanted, Need, Hold *int
	// Loads are those of the last 5 s, by signal.
	Loads map[function.ScalingType]float64
	// Overload is the count that requests need which found all slots taken. 0: none did.
	Overload int
	// Needs are what was needed in the down window, oldest first.
	Needs []Need
}

// Need is what was needed at one moment.
type Need struct {
	At       time.Time
	Replicas int
}

// Current is f without what the rules recorded for settings that it had before.
func (f Facts) Current() Facts {
	if f.pending() != "" {
		f.Readings.Wanted, f.Readings.Need, f.Readings.Hold, f.Readings.Needs = nil, nil, nil, nil
	}
	return f
}

// pending says that the rules have not evaluated the settings yet. Empty: they have, or there is another reason why they do not.
func (f Facts) pending() string {
	age := f.Now.Sub(f.Tuned)
	if f.Tuned.IsZero() || age > evaluatedWithin || !f.Readings.At.Before(f.Tuned.Add(taken)) {
		return ""
	}
	return fmt.Sprintf("the settings changed %s ago, and are not evaluated yet", span(age))
}

// Slots is the signal of a function with slots, beside those of its settings: its requests in flight need a slot each.
const Slots function.ScalingType = "slots"

// Signal is one of the loads that a function follows.
type Signal struct {
	function.Signal
	// PerReplica is what one replica should carry, Capacity what the desired ones do.
	PerReplica, Capacity float64
	// Known says that Load is known. Wanted is how many replicas carry it.
	Known  bool
	Load   float64
	Wanted int
}

// Signals are those of the function's settings, in their order, and at last its slots where it has some.
func (f Facts) Signals() []Signal {
	s := f.Status.Scaling
	follows := slices.Clone(s.Signals)
	if s.Slots > 0 {
		follows = append(follows, function.Signal{Type: Slots, Target: float64(s.Slots)})
	}
	all := make([]Signal, 0, len(follows))
	for _, one := range follows {
		signal := Signal{Signal: one, PerReplica: one.Target * s.Proportion}
		signal.Capacity = min(signal.PerReplica*float64(f.Status.Desired), math.MaxFloat64) // JSON has no infinity
		signal.Load, signal.Known = f.Readings.Loads[one.Type]
		if f.AtRest && f.Unknown == "" && counted(one.Type) {
			signal.Known = true // of nothing that arrives nothing is recorded
		}
		if signal.Known {
			signal.Wanted = replicas(math.Ceil(signal.Load / signal.PerReplica))
		}
		all = append(all, signal)
	}
	return all
}

// largest is the signal that wants the most. False: no load is known.
func largest(signals []Signal) (most Signal, known bool) {
	for _, s := range signals {
		if s.Known && (!known || s.Wanted > most.Wanted) {
			most, known = s, true
		}
	}
	return most, known
}

// replicas makes a number of Prometheus's a count.
func replicas(v float64) int {
	switch {
	case !(v > 0): // also what is no number
		return 0
	case v > math.MaxInt32:
		return math.MaxInt32
	}
	return int(v)
}
