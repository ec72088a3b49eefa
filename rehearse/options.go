package rehearse

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"faas"
	"faas/function"
)

// Options say what to rehearse.
type Options struct {
	// Config holds the files of the control loop, laid out as `faas up --config-dir` and the repository have them:
	// Prometheus's configuration, the rule files that it names, and Alertmanager's. Nil: those of this version.
	Config fs.FS
	// Prometheus and Alertmanager are the files to begin with. Empty: prometheus/prometheus.yml and
	// alertmanager/alertmanager.yml.
	Prometheus, Alertmanager string
	// Lookback and ResendDelay are flags of Prometheus. 0: 12 s and 900 ms, with which `faas up` starts it.
	Lookback, ResendDelay time.Duration
	// Policy decides instead of the rules. Nil: the rules do.
	Policy Policy

	// Functions are rehearsed side by side.
	Functions []Function
	// Seed is where chance comes from: arrivals, and at which moments of their intervals things are scraped and
	// evaluated. The same seed gives the same result.
	Seed uint64
	// Length is the time that is rehearsed. 0: the longest curve and Tail after it.
	Length, Tail time.Duration
	// WarmUp is played before, with the load of the beginning, and does not count. 0: a minute, after which the rules
	// have seen all they want to see to go up. Negative: none.
	WarmUp time.Duration
	// Gateways take the arrivals at random. 0: one.
	Gateways int
	// Delivery is what each of the ways takes from Prometheus to Alertmanager to the gateway to the backend. 0: 2 ms.
	Delivery time.Duration
	// Every is the distance of the points in the result. 0: 1 s.
	Every time.Duration
	// Progress is told now and then how far it is. May be nil.
	Progress func(done, of time.Duration)
}

// Function is a function and its load.
type Function struct {
	Name    string
	Scaling function.Scaling
	// Curve is the arrivals.
	Curve Curve
	// Even arrivals have equal distances. Else they come by chance, as a Poisson process.
	Even bool
	// Start is the count to begin with. 0: what the load of the beginning needs. Negative: none.
	Start int
	// StartUp is the time from an order to a replica that takes requests. 0: 200 ms. Negative: none.
	StartUp time.Duration
	// ServiceTime is what a request takes. 0: 50 ms.
	ServiceTime time.Duration
	// CPUPerRequest is the processor time that a request uses while it is served, in millicores.
	CPUPerRequest float64
	// MemoryPerReplica is what a replica needs at rest, MemoryPerRequest what each request that it serves adds, in bytes.
	MemoryPerReplica, MemoryPerRequest float64
	// Queued is the number of asynchronous calls that wait, and Custom the user's own load. Rates are levels here.
	// Nil: 0, and no such load.
	Queued, Custom Curve
	// Skew is the share of the requests, from 0 to 1, that come to the first gateway in any case. The others come to all
	// alike.
	Skew float64
}

// fill sets what is not said.
func (o *Options) fill() {
	if o.Config == nil {
		o.Config = faas.ControlLoop
	}
	setText := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	setText(&o.Prometheus, "prometheus/prometheus.yml")
	setText(&o.Alertmanager, "alertmanager/alertmanager.yml")
	setTime(&o.Lookback, 12*time.Second)
	setTime(&o.ResendDelay, 900*time.Millisecond)
	setTime(&o.WarmUp, time.Minute)
	setTime(&o.Delivery, 2*time.Millisecond)
	setTime(&o.Every, time.Second)
	o.Gateways = max(o.Gateways, 1)
	o.Functions = append([]Function(nil), o.Functions...)
	for i := range o.Functions {
		f := &o.Functions[i]
		setTime(&f.StartUp, 200*time.Millisecond)
		setTime(&f.ServiceTime, 50*time.Millisecond)
	}
	if o.Length == 0 {
		for _, f := range o.Functions {
			if f.Curve != nil {
				o.Length = max(o.Length, f.Curve.Length())
			}
		}
		o.Length += o.Tail
	}
}

// setTime sets a time that is not said; a negative one is 0.
func setTime(d *time.Duration, to time.Duration) {
	if *d == 0 {
		*d = to
	}
	*d = max(*d, 0)
}

// check says all that is wrong at once.
func (o *Options) check() error {
	var errs []error
	if len(o.Functions) == 0 {
		errs = append(errs, function.Invalidf("rehearse: there is no function"))
	}
	names := map[string]bool{}
	for i, f := range o.Functions {
		switch {
		case function.ValidateName(f.Name) != nil:
			errs = append(errs, fmt.Errorf("rehearse: function %d: %w", i, function.ValidateName(f.Name)))
		case names[f.Name]:
			errs = append(errs, function.Invalidf("rehearse: there are two functions %s", f.Name))
		case f.Curve == nil:
			errs = append(errs, function.Invalidf("rehearse %s: it has no load", f.Name))
		case len(f.Scaling.Signals) == 0:
			errs = append(errs, function.Invalidf("rehearse %s: it has no scaling: begin with function.DefaultScaling", f.Name))
		}
		names[f.Name] = true
	}
	if o.Length <= 0 {
		errs = append(errs, function.Invalidf("rehearse: the load has no length"))
	}
	return errors.Join(errs...)
}

// load is the function's load of a type when so many requests arrive per second, none of which waits.
func (f *Function) load(t function.ScalingType, rate float64, at time.Duration, replicas int) float64 {
	inService := rate * f.ServiceTime.Seconds()
	switch t {
	case function.ScalingCapacity:
		return inService
	case function.ScalingCPU:
		return inService * f.CPUPerRequest
	case function.ScalingMemory:
		return inService*f.MemoryPerRequest + float64(replicas)*f.MemoryPerReplica
	case function.ScalingQueue:
		return level(f.Queued, at)
	case function.ScalingCustom:
		return level(f.Custom, at)
	}
	return rate
}

// level is a curve's value, or 0 where there is no curve.
func level(c Curve, at time.Duration) float64 {
	if c == nil {
		return 0
	}
	return c.Rate(max(at, 0))
}

// least is the smallest count that carries these loads to the planned share of the targets, within the bounds.
func (f *Function) least(rate float64, at time.Duration) int {
	need := 0
	for _, s := range f.Scaling.Signals {
		// Memory at rest comes with each replica: what a replica is left with carries the requests.
		room := s.Target * f.Scaling.Proportion
		if s.Type == function.ScalingMemory {
			room -= f.MemoryPerReplica
		}
		if load := f.load(s.Type, rate, at, 0); load > 0 {
			if room <= 0 {
				need = function.MaxReplicas
				continue
			}
			need = max(need, int(math.Min(math.Ceil(load/room-1e-9), function.MaxReplicas)))
		}
	}
	return f.bound(need)
}

// overload is the share of the load that so many replicas carry only beyond their targets.
func (f *Function) overload(rate float64, at time.Duration, ready int) float64 {
	worst := 0.0
	for _, s := range f.Scaling.Signals {
		load, capacity := f.load(s.Type, rate, at, ready), s.Target*float64(ready)
		if load > capacity {
			worst = math.Max(worst, (load-capacity)/load)
		}
	}
	return worst
}
