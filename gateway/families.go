package gateway

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/function"
)

// family is one metric of every function, read from its route at the moment of the scrape. A threshold is a metric so
// that one rule serves every function and a changed label needs no reload.
type family struct {
	name, help string
	kind       prometheus.ValueType
	// typed says that a series has the label scaling_type, beside function_name that all have.
	typed bool
	// read gives each value that a function has to emit, with its scaling type where the family is typed.
	read func(r reading, emit func(scalingType string, v float64))
}

// reading is what a family reads.
type reading struct {
	route  *route
	status *function.Status
	now    time.Time
	awake  waking
	depth  func(function string) (int, bool) // of the queue
}

// plain is the read of a family with one value of every function.
func plain(value func(r reading) float64) func(reading, func(string, float64)) {
	return func(r reading, emit func(string, float64)) { emit("", value(r)) }
}

// onlyZero is read, for functions that may go to zero alone.
func onlyZero(read func(reading, func(string, float64))) func(reading, func(string, float64)) {
	return func(r reading, emit func(string, float64)) {
		if r.status.Scaling.Zero {
			read(r, emit)
		}
	}
}

var (
	familyCount = family{
		name: "gateway_service_count", help: "Replicas asked for.", kind: prometheus.GaugeValue,
		read: plain(func(r reading) float64 { return float64(r.status.Desired) }),
	}
	familyLoad = family{
		name: "gateway_function_load_total", kind: prometheus.CounterValue, typed: true,
		help: "Load of the signals rps, as invocations that arrived, and of capacity and slots, as invocations in flight integrated " +
			"over time: the rate is the load. Only of signals that the function scales by. It begins at 0 whenever the function " +
			"ends a rest.",
		read: readLoad,
	}
	familySquares = family{
		name: "gateway_function_inflight_squares_total", kind: prometheus.CounterValue,
		help: "Square of the number of invocations in flight, integrated over time: its rate, less the square of their mean number, is " +
			"how much that number varies. Only of functions with slots.",
		read: func(r reading, emit func(string, float64)) {
			if r.status.Scaling.Slots > 0 {
				emit("", r.route.series.load.readSquares(r.now))
			}
		},
	}
	familySlotsShared = family{
		name: "gateway_function_slots_shared", kind: prometheus.GaugeValue,
		help: "A replica's slots, divided by the part of them that this gateway lends: 2 where two gateways share them. Only of " +
			"functions with slots.",
		read: func(r reading, emit func(string, float64)) {
			if part := r.route.balancer.Slots(); part > 0 {
				emit("", float64(r.status.Scaling.Slots)/float64(part))
			}
		},
	}
	familyOverload = family{
		name: "gateway_function_overload_replicas", kind: prometheus.GaugeValue,
		help: "Replicas that invocations would have needed which found all slots taken. Absent when that was not so for 10 s.",
		read: func(r reading, emit func(string, float64)) {
			if n, ok := r.route.series.overload.Read(r.now); ok {
				emit("", float64(n))
			}
		},
	}

	familyAwake = family{
		name: "gateway_function_awake_seconds", kind: prometheus.GaugeValue,
		help: "Time since the function was new or ended a rest, when gateway_function_load_total began at 0. Absent after a minute.",
		read: func(r reading, emit func(string, float64)) {
			if age := r.now.Sub(r.awake.since); age < time.Minute {
				emit("", max(0, age.Seconds()))
			}
		},
	}

	familyMin = family{
		name: "gateway_service_min", help: "Fewest replicas that a rule may order.", kind: prometheus.GaugeValue,
		read: plain(func(r reading) float64 { return float64(r.status.Scaling.Min) }),
	}
	familyMax = family{
		name: "gateway_service_max", help: "Most replicas that a rule may order.", kind: prometheus.GaugeValue,
		read: plain(func(r reading) float64 { return float64(r.status.Scaling.Max) }),
	}
	familyTarget = family{
		name: "gateway_service_target_load", kind: prometheus.GaugeValue, typed: true,
		help: "Load that one replica should carry, in the unit of its scaling type; one for each signal.",
		read: func(r reading, emit func(string, float64)) {
			for _, s := range r.status.Scaling.Signals {
				emit(string(s.Type), s.Target)
			}
			if n := r.status.Scaling.Slots; n > 0 {
				emit(slotsType, float64(n))
			}
		},
	}
	familyProportion = family{
		name: "gateway_service_target_proportion", kind: prometheus.GaugeValue,
		help: "Share of the target to plan for, above 0 and at most 1.",
		read: plain(func(r reading) float64 { return r.status.Scaling.Proportion }),
	}
	familyWindow = family{
		name: "gateway_service_down_window_seconds", kind: prometheus.GaugeValue,
		help: "Time over which the largest recommendation holds before replicas go.",
		read: plain(func(r reading) float64 { return r.status.Scaling.DownWindow.Seconds() }),
	}
	familyZero = family{
		name: "gateway_service_zero_duration_seconds", kind: prometheus.GaugeValue,
		help: "Time without arrivals after which the function goes to zero. Absent where it never does.",
		read: onlyZero(plain(func(r reading) float64 { return r.status.Scaling.ZeroDuration.Seconds() })),
	}
	familyLast = family{
		name: "gateway_function_last_invocation_timestamp_seconds", kind: prometheus.GaugeValue,
		help: "When the last invocation arrived, at first when the gateway began to serve the function.",
		read: plain(func(r reading) float64 { return float64(r.route.series.lastArrival.Load()) / 1e9 }),
	}
	familyInflight = family{
		name: "gateway_function_invocation_inflight", kind: prometheus.GaugeValue,
		help: "Invocations that arrived and are not answered yet, held ones included.",
		read: plain(func(r reading) float64 { n, _ := r.route.series.load.read(r.now); return float64(n) }),
	}
	familyQueued = family{
		name: "gateway_function_queued", kind: prometheus.GaugeValue,
		help: "Asynchronous calls that wait, are being made or wait for their callback. Of all gateways that share the queue, and " +
			"reported by each: take the maximum, not the sum. Absent while the queue is away.",
		read: func(r reading, emit func(string, float64)) {
			if n, known := r.depth(r.route.name); known {
				emit("", float64(n))
			}
		},
	}

	familyReady = family{
		name: "gateway_service_ready_count", help: "Replicas that can take requests.", kind: prometheus.GaugeValue,
		read: plain(func(r reading) float64 { return float64(r.status.Available()) }),
	}
	familyHeld = family{
		name: "gateway_function_held", kind: prometheus.GaugeValue,
		help: "Invocations held because no replica has room. They count as in flight as well.",
		read: plain(func(r reading) float64 { return float64(r.route.gate.Held()) }),
	}
	familyStarted = family{
		name: "gateway_function_invocation_started", kind: prometheus.CounterValue,
		help: "Invocations that arrived, whether or not they were answered.",
		read: plain(func(r reading) float64 { return float64(r.route.series.arrivals.Load()) }),
	}
	familyInflightSeconds = family{
		name: "gateway_function_inflight_seconds_total", kind: prometheus.CounterValue,
		help: "Invocations in flight integrated over time; its rate is their mean number.",
		read: plain(func(r reading) float64 { _, integral := r.route.series.load.read(r.now); return integral }),
	}
)

// slotsType is the signal of every function with slots, whatever others it has: what is in flight needs a slot each. Without
// it, what an overload asked for would be given up after a down window in which the same load went on.
const slotsType = "slots"

func readLoad(r reading, emit func(string, float64)) {
	_, integral := r.route.series.load.read(r.now)
	integral = max(0, integral-r.awake.integral)
	if r.status.Scaling.Slots > 0 {
		emit(slotsType, integral)
	}
	for _, s := range r.status.Scaling.Signals {
		switch s.Type {
		case function.ScalingRPS:
			emit(string(s.Type), float64(r.route.series.arrivals.Load()-r.awake.arrivals))
		case function.ScalingCapacity:
			emit(string(s.Type), integral)
		case function.ScalingCPU, function.ScalingMemory, function.ScalingQueue, function.ScalingCustom: // not known here
		}
	}
}

// scalingFamilies are what /metrics/scaling shows: counts and loads, what the functions' labels say, and what going to zero
// needs to know of those that may.
func scalingFamilies() []family {
	last, inflight, queued := familyLast, familyInflight, familyQueued
	last.read, inflight.read = onlyZero(last.read), onlyZero(inflight.read)
	queued.read = func(r reading, emit func(string, float64)) {
		if _, follows := r.status.Scaling.Target(function.ScalingQueue); follows || r.status.Scaling.Zero {
			familyQueued.read(r, emit)
		}
	}
	return []family{
		familyCount, familyLoad, familyAwake, familySquares, familySlotsShared, familyOverload,
		familyMin, familyMax, familyTarget, familyProportion, familyWindow, familyZero, last, inflight, queued,
	}
}

// waking is when a function was new or ended a rest, and what its counters were then. From there its load is counted, so
// that rules know what the first sample of a series that comes anew means: a rate does not see the increment before it.
type waking struct {
	since    time.Time
	arrivals uint64
	integral float64 // request-seconds
}

// rests remembers whether a function is at rest, for scrapes that may come at the same time.
type rests struct {
	mu   sync.Mutex
	rest bool
	last waking // of the rest that goes on or, where there is none, of the one that ended
}

// look notes what a scrape at now sees, and returns from where its load counts.
func (s *rests) look(now time.Time, rest bool, arrivals uint64, integral float64) waking {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case rest:
		s.last.arrivals, s.last.integral = arrivals, integral // nothing arrives meanwhile
	case s.rest:
		s.last.since = now
	}
	s.rest = rest
	return s.last
}

// restAfter is how long nothing may have happened to a function at rest. It is longer than the rules look back at the
// load of a function that has no replicas to spare.
const restAfter = 90 * time.Second

// atRest reports whether there is nothing for rules to decide: no invocation and no change for restAfter, nothing in flight,
// no replica that could go, none missing, and no signal that is measured elsewhere. /metrics/scaling leaves such functions
// out, which most are where there are many, so that rules cost what the others cost. A gateway that has just started has
// seen no invocations either, and Prometheus hears of each function when its first one comes.
func (r reading) atRest() bool {
	s, c := r.status, r.route.series
	quiet := r.now.Add(-restAfter).UnixNano()
	if called := c.arrivals.Load() > 0; called && c.lastArrival.Load() > quiet || c.changed.Load() > quiet {
		return false
	}
	if s.Desired > s.Scaling.Min || s.Desired > 0 && (s.Scaling.Zero || s.Desired < s.Scaling.Min) {
		return false
	}
	if n, _ := c.load.read(r.now); n > 0 {
		return false
	}
	for _, signal := range s.Scaling.Signals {
		if signal.Type != function.ScalingRPS && signal.Type != function.ScalingCapacity && s.Desired > 0 {
			return false
		}
	}
	return true
}

// wake reports whether r's function is not at rest, and if so from where its load counts.
func (r *reading) wake() bool {
	c := r.route.series
	arrivals := c.arrivals.Load() // before it is asked whether any came: one in between belongs to what comes after the rest
	_, integral := c.load.read(r.now)
	rest := r.atRest()
	r.awake = c.rests.look(r.now, rest, arrivals, integral)
	return !rest
}

// allFamilies are those of /metrics.
func allFamilies() []family {
	return []family{
		familyCount, familyReady, familyOverload, familyMin, familyMax, familyTarget, familyProportion,
		familyWindow, familyZero, familyLast, familyInflight, familyHeld, familyQueued, familyStarted, familyInflightSeconds,
	}
}
