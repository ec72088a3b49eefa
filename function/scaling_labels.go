package function

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxInflightVariable is the watchdog's own bound of requests at once, beyond which it answers 429.
const maxInflightVariable = "max_inflight"

// leastMemoryTarget is below what any process uses, so that a smaller number was meant in another unit.
const leastMemoryTarget = 1 << 20

// ParseScaling reads f's scaling labels as the function ParseScaling does. Slots that no label names are what the
// variable max_inflight allows; the label may say less than it, and not more.
func (f Function) ParseScaling() (Scaling, error) {
	s, err := ParseScaling(f.Labels)
	var errs errorList
	errs.add(err)
	bound, ok := f.maxInflight()
	if !ok {
		return s, errs.err()
	}
	if value, labelled := f.Labels[ScalingLabelPrefix+"slots"]; labelled {
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err == nil && n >= 0 && n <= maxSlots && (n == 0 || n > bound) {
			errs.add(Invalidf("label %sslots=%q: the function's environment has max_inflight=%d, beyond which its replicas "+
				"answer 429: use 1 to %d, or raise max_inflight", ScalingLabelPrefix, value, bound, bound))
		}
	}
	if s.Slots == 0 || s.Slots > bound {
		s.Slots = bound
	}
	return s, errs.err()
}

// maxInflight is the bound that f's watchdog has. False: none, or none that can be read; the watchdog says so then.
func (f Function) maxInflight() (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(f.Env[maxInflightVariable]))
	return min(n, maxSlots), err == nil && n > 0
}

// ParseScaling reads the scaling labels, those of scalingSettings. Labels that are not there keep their
// defaults; labels that cannot be read, and unknown ones under the prefix, are reported all at once
// with kind ErrInvalid, and the Scaling returned beside the error has defaults in their place.
func ParseScaling(labels map[string]string) (Scaling, error) {
	p := scalingParser{s: DefaultScaling(), settings: scalingSettings(), targets: map[ScalingType]float64{}}
	p.types, p.typesErr = parseTypes(labels[ScalingLabelPrefix+"type"], labels)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if setting, ok := strings.CutPrefix(key, ScalingLabelPrefix); ok {
			p.read(setting, key, strings.TrimSpace(labels[key]))
		}
	}
	p.finish()
	return p.s, p.errs.err()
}

type scalingParser struct {
	s        Scaling
	settings []scalingSetting
	hasMax   bool
	// types are those of the label, as far as they can be read; at least one.
	types    []ScalingType
	typesErr error
	// targets are those that labels name; failed are types with one that cannot be read.
	targets map[ScalingType]float64
	failed  []ScalingType
	errs    errorList
}

// parseTypes reads the label type. The types beside an error are those that can be used.
func parseTypes(value string, labels map[string]string) ([]ScalingType, error) {
	key := ScalingLabelPrefix + "type"
	if _, ok := labels[key]; !ok {
		return []ScalingType{ScalingRPS}, nil
	}
	var types []ScalingType
	var err error
	for one := range strings.SplitSeq(value, ",") {
		t := ScalingType(strings.TrimSpace(one))
		switch {
		case !slices.Contains(scalingTypes, t):
			err = Invalidf("label %s=%q: use %s, or several with commas between", key, value, orTypes(scalingTypes))
		case slices.Contains(types, t):
			err = Invalidf("label %s=%q: names %s twice", key, value, t)
		default:
			types = append(types, t)
		}
	}
	if len(types) == 0 {
		types = []ScalingType{ScalingRPS}
	}
	return types, err
}

func (p *scalingParser) read(setting, key, value string) {
	var names []string
	for _, known := range p.settings {
		if known.name == setting && known.read != nil {
			known.read(p, key, value)
			return
		}
		names = append(names, known.name)
	}
	if name, ok := strings.CutPrefix(setting, "target."); ok {
		p.targetOf(ScalingType(name), key, value)
		return
	}
	last := len(names) - 1
	p.errs.add(Invalidf("label %s: unknown; there are %s and %s", key, strings.Join(names[:last], ", "), names[last]))
}

func (p *scalingParser) proportion(key, value string) {
	if v, err := strconv.ParseFloat(value, 64); err == nil && v > 0 && v <= 1 {
		p.s.Proportion = v
		return
	}
	p.errs.add(Invalidf("label %s=%q: use a number above 0 and at most 1", key, value))
}

func (p *scalingParser) zero(key, value string) {
	v, err := strconv.ParseBool(value)
	if err != nil {
		p.errs.add(Invalidf("label %s=%q: use true or false", key, value))
		return
	}
	p.s.Zero = v
}

func (p *scalingParser) zeroDuration(key, value string) {
	v, err := parseDuration(value)
	if err != nil || v < time.Second {
		p.errs.add(Invalidf("label %s=%q: use a duration of at least 1s, such as 15m", key, value))
		return
	}
	p.s.ZeroDuration = v
}

// targetOf reads target.TYPE.
func (p *scalingParser) targetOf(t ScalingType, key, value string) {
	switch {
	case !slices.Contains(scalingTypes, t):
		p.errs.add(Invalidf("label %s: unknown; after target. stands %s", key, orTypes(scalingTypes)))
	case p.typesErr == nil && !slices.Contains(p.types, t):
		p.errs.add(Invalidf("label %s=%q: %stype does not name %s: add it there, or leave this label out",
			key, value, ScalingLabelPrefix, t))
	default:
		p.target(t, key, value)
	}
}

// target takes a target of a type. One may stand in two labels, as long as they agree.
func (p *scalingParser) target(t ScalingType, key, value string) {
	v, err := parseTarget(t, value)
	if err != nil {
		p.errs.add(Invalidf("label %s=%q: %w", key, value, err))
		p.failed = append(p.failed, t)
		return
	}
	if before, ok := p.targets[t]; ok && before != v {
		p.errs.add(Invalidf("label %s=%q: %starget says %g for the same signal: leave one of the two out",
			key, value, ScalingLabelPrefix, before))
		return
	}
	p.targets[t] = v
}

// parseTarget reads a target in the unit of its type.
func parseTarget(t ScalingType, value string) (float64, error) {
	switch t {
	case ScalingCPU:
		v, err := strconv.ParseFloat(strings.TrimSuffix(value, "m"), 64)
		if err != nil || !(v >= 1) || math.IsInf(v, 0) {
			return 0, Invalidf("use millicores of at least 1, such as 500")
		}
		return v, nil
	case ScalingMemory:
		v, err := ParseMemory(value)
		if err != nil || v < leastMemoryTarget {
			return 0, Invalidf("use bytes, or a quantity such as 256Mi, of at least 1Mi")
		}
		return float64(v), nil
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0, Invalidf("use a number above 0")
	}
	return v, nil
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
	p.signals()
	if p.s.Min <= p.s.Max {
		return
	}
	if !p.hasMax { // a larger minimum alone is a plain wish, not a contradiction
		p.s.Max = p.s.Min
		return
	}
	p.errs.add(Invalidf("label %smin=%d is above %smax=%d: lower the one or raise the other", ScalingLabelPrefix, p.s.Min, ScalingLabelPrefix, p.s.Max))
	p.s.Min = p.s.Max
}

// signals gives each type its target. One without any is left out, and reported unless its own was.
func (p *scalingParser) signals() {
	var signals []Signal
	for _, t := range p.types {
		target, ok := p.targets[t]
		if !ok {
			target = defaultTargets[t]
		}
		if target > 0 {
			signals = append(signals, Signal{t, target})
			continue
		}
		if !slices.Contains(p.failed, t) {
			p.errs.add(Invalidf("label %starget.%s is missing: what a replica uses at rest is known to you alone, so there "+
				"is no default; use bytes or a quantity such as 256Mi", ScalingLabelPrefix, t))
		}
	}
	if len(signals) > 0 {
		p.s.Signals = signals
	}
}

// parseDuration reads a Go duration, or a bare number as seconds as the ancestor's variables have it.
func parseDuration(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	return time.ParseDuration(s)
}
