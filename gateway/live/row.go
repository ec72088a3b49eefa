package live

import (
	"fmt"
	"strconv"
	"strings"

	"faas/api"
	"faas/function"
)

// Function is what the gateway itself knows of one.
type Function struct {
	Status *function.Status // not changed any more
	// Held is what waits for a replica, and Invocations what ended.
	Held        int
	Invocations int64
	// Arrivals have been so many, and InFlightSeconds is what was in flight, integrated over time.
	Arrivals        uint64
	InFlightSeconds float64
	// Frozen is the silence that freezes it. The zero value: none does.
	Frozen api.FrozenFunction
}

// Load is how busy a function is. Unknown is NaN.
type Load struct{ RPS, InFlight float64 }

// Answers is what a function's answers are like: quantiles of the time they took in seconds, and the share of those with a
// status of 500 and above. Unknown is NaN. Load is that of a longer time, for functions whose load is not looked at each second.
type Answers struct {
	P50, P99, Errors float64
	Load             Load
}

// failing is the share of errors from which on a function is called so.
const failing = 0.01

// measures are the numbers of a row that Prometheus knows.
type measures struct{ rps, inFlight, p50, p99, errors api.Number }

func unknownMeasures() measures {
	n := api.Unknown()
	return measures{n, n, n, n, n}
}

// same reports whether two are written alike.
func (m measures) same(o measures) bool {
	alike := func(a, b api.Number) bool { return a == b || !a.Known() && !b.Known() }
	return alike(m.rps, o.rps) && alike(m.inFlight, o.inFlight) && alike(m.p50, o.p50) && alike(m.p99, o.p99) && alike(m.errors, o.errors)
}

// describe makes the row of f.
func describe(f Function, m measures) api.PortalRow {
	s := f.Status
	row := api.PortalRow{
		Name: s.Name, Image: s.Image, Desired: s.Desired, Ready: s.Available(), Min: s.Scaling.Min, Max: s.Scaling.Max,
		Blocked: s.Blocked, RPS: m.rps, InFlight: m.inFlight, P50: m.p50, P99: m.p99, Errors: m.errors,
		Held: f.Held, Invocations: f.Invocations, Target: target(s.Scaling), Signals: []api.PortalSignal{},
	}
	if f.Frozen.Silence != "" {
		row.Frozen = &f.Frozen
	}
	for _, one := range s.Scaling.Signals {
		row.Signals = append(row.Signals, api.PortalSignal{
			Type: string(one.Type), Target: one.Target, PerReplica: one.Target * s.Scaling.Proportion,
		})
	}
	row.State, row.StateText = state(row)
	return row
}

// target is the load that one replica should carry, in words.
func target(s function.Scaling) string {
	texts := make([]string, len(s.Signals))
	for i, one := range s.Signals {
		v, unit := one.Target, ""
		switch one.Type {
		case function.ScalingMemory:
			v, unit = v/(1<<20), "Mi"
		case function.ScalingCPU:
			unit = "m"
		case function.ScalingRPS, function.ScalingCapacity, function.ScalingQueue, function.ScalingCustom: // plain numbers
		}
		texts[i] = strconv.FormatFloat(v, 'g', 6, 64) + unit + " " + string(one.Type)
	}
	return strings.Join(texts, ", ")
}

// state is the most telling thing about a function, as `faas top` says it.
func state(r api.PortalRow) (word, text string) {
	idle := r.RPS == 0 && r.InFlight == 0
	switch {
	case r.Blocked != "":
		return "blocked", "blocked: " + r.Blocked
	case r.Desired == 0 && r.Held > 0:
		return "waking", fmt.Sprintf("waking, %d waiting", r.Held)
	case r.Desired == 0:
		return "zero", "asleep"
	case r.Ready == 0 && r.Held > 0:
		return "starting", fmt.Sprintf("starting, %d waiting", r.Held)
	case r.Held > 0:
		return "full", fmt.Sprintf("full, %d waiting", r.Held)
	case r.Ready == 0:
		return "starting", fmt.Sprintf("starting %d", r.Desired)
	case r.Ready < r.Desired:
		return "starting", fmt.Sprintf("scaling %d→%d", r.Ready, r.Desired)
	case r.Ready > r.Desired:
		return "draining", fmt.Sprintf("scaling %d→%d", r.Ready, r.Desired)
	case r.Errors.Known() && r.Errors >= failing:
		return "failing", fmt.Sprintf("failing, %.0f %% errors", 100*float64(r.Errors))
	case idle && r.Desired > max(1, r.Min):
		return "ready", fmt.Sprintf("idle, %d held by the down window", r.Desired)
	case idle:
		return "ready", "idle"
	case r.Max > 0 && r.Desired >= r.Max && r.Max > r.Min:
		return "ready", "at maximum"
	}
	return "ready", "steady"
}
