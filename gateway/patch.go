package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"faas/function"
)

// scalingPatch is a JSON merge patch of how a function scales, by the texts that its labels get. A nil text takes a label
// away, so that its default counts again.
type scalingPatch struct {
	// labels are by what stands behind function.ScalingLabelPrefix: all that concern one label.
	labels map[string]*string
	// types and target are nil where the patch has none of them, and point to nil for null.
	types, target **string
	// targets are by type; resetTargets is set where all of them go.
	targets      map[string]*string
	resetTargets bool
}

// scalingFields are those of a patch that stand in one label each: its name, and what may be in it.
var scalingFields = map[string]struct {
	label string
	read  func(json.RawMessage) (string, error)
}{
	"min":          {"min", readWhole},
	"max":          {"max", readWhole},
	"window":       {"down.window", textSuchAs("1m")},
	"zero":         {"zero", readBool},
	"zeroDuration": {"zero-duration", textSuchAs("15m")},
	"proportion":   {"target-proportion", readAmount},
	"slots":        {"slots", readWhole},
	"factor":       {"factor", readWhole},
}

// parseScalingPatch reads a patch. It returns what can be read beside an error, of kind ErrInvalid, that names each field
// which cannot, and each that there is not.
func parseScalingPatch(fields map[string]json.RawMessage) (scalingPatch, error) {
	p := scalingPatch{labels: map[string]*string{}, targets: map[string]*string{}}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var err error
		switch value := fields[name]; name {
		case "type":
			p.types, err = optional(value, textSuchAs("rps,cpu"))
		case "target":
			p.target, err = optional(value, readAmount)
		case "targets":
			err = p.readTargets(value)
		default:
			field, ok := scalingFields[name]
			if !ok {
				errs = append(errs, function.Invalidf("%s: unknown; there are type, target, targets, min, max, window, zero, "+
					"zeroDuration, proportion, slots and factor", name))
				continue
			}
			var text **string
			if text, err = optional(value, field.read); err == nil {
				p.labels[field.label] = *text
			}
		}
		if err != nil {
			errs = append(errs, function.Invalidf("%s: %w", name, err))
		}
	}
	return p, errors.Join(errs...)
}

func (p *scalingPatch) readTargets(value json.RawMessage) error {
	if isNull(value) {
		p.resetTargets = true
		return nil
	}
	var targets map[string]json.RawMessage
	if json.Unmarshal(value, &targets) != nil {
		return errors.New(`use an object of types and their targets, such as {"cpu":700}`)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		text, err := optional(targets[name], readAmount)
		if err != nil {
			errs = append(errs, function.Invalidf("%s: %w", name, err))
			continue
		}
		p.targets[name] = *text
	}
	return errors.Join(errs...)
}

// apply makes the patch of a function's scaling labels. Errors are of kind ErrInvalid.
func (p scalingPatch) apply(labels map[string]string) error {
	for name, text := range p.labels {
		if key := function.ScalingLabelPrefix + name; text == nil {
			delete(labels, key)
		} else {
			labels[key] = *text
		}
	}
	if p.types == nil && p.target == nil && len(p.targets) == 0 && !p.resetTargets {
		return nil
	}
	return p.applyTargets(labels)
}

// applyTargets writes type and targets anew. The label target is of the first type, so it would mean another thing once that
// is another.
func (p scalingPatch) applyTargets(labels map[string]string) error {
	const typeLabel, targetLabel = function.ScalingLabelPrefix + "type", function.ScalingLabelPrefix + "target"
	targets := takeTargets(labels)
	if p.types != nil {
		delete(labels, typeLabel)
		if *p.types != nil {
			labels[typeLabel] = **p.types
		}
	}
	types := typesOf(labels[typeLabel])
	if p.resetTargets {
		clear(targets)
	}
	maps.DeleteFunc(targets, func(t, _ string) bool { return !slices.Contains(types, t) })
	for t, text := range p.targets {
		if delete(targets, t); text != nil {
			targets[t] = *text
		}
	}
	if p.target != nil {
		both, named := p.targets[types[0]]
		if named && (both == nil) != (*p.target == nil) || named && both != nil && *both != **p.target {
			return function.Invalidf("target and targets.%s are of the same signal: leave one of the two out", types[0])
		}
		if delete(targets, types[0]); *p.target != nil {
			targets[types[0]] = **p.target
		}
	}
	for t, text := range targets {
		key := targetLabel + "." + t
		if t == types[0] {
			key = targetLabel
		}
		labels[key] = text
	}
	return nil
}

// takeTargets takes the targets out of labels, by type.
func takeTargets(labels map[string]string) map[string]string {
	const key = function.ScalingLabelPrefix + "target"
	targets := map[string]string{}
	for label, text := range labels {
		if t, ok := strings.CutPrefix(label, key+"."); ok {
			targets[t] = text
			delete(labels, label)
		}
	}
	if text, ok := labels[key]; ok {
		targets[typesOf(labels[function.ScalingLabelPrefix+"type"])[0]] = text
		delete(labels, key)
	}
	return targets
}

// typesOf are the types that a label names, which may be none that there are.
func typesOf(label string) []string {
	if strings.TrimSpace(label) == "" {
		return []string{string(function.ScalingRPS)}
	}
	var types []string
	for t := range strings.SplitSeq(label, ",") {
		types = append(types, strings.TrimSpace(t))
	}
	return types
}

// optional reads a value that may be null.
func optional(value json.RawMessage, read func(json.RawMessage) (string, error)) (**string, error) {
	var text *string
	if isNull(value) {
		return &text, nil
	}
	v, err := read(value)
	if err != nil {
		return nil, err
	}
	text = &v
	return &text, nil
}

func isNull(value json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(value), []byte("null")) }

func readWhole(value json.RawMessage) (string, error) {
	var n int64
	if json.Unmarshal(value, &n) != nil {
		return "", errors.New("use a whole number")
	}
	return strconv.FormatInt(n, 10), nil
}

func readBool(value json.RawMessage) (string, error) {
	var v bool
	if json.Unmarshal(value, &v) != nil {
		return "", errors.New("use true or false")
	}
	return strconv.FormatBool(v), nil
}

// textSuchAs reads a text that is not empty. The example is for those who sent something else.
func textSuchAs(example string) func(json.RawMessage) (string, error) {
	return func(value json.RawMessage) (string, error) {
		var text string
		if json.Unmarshal(value, &text) != nil || text == "" {
			return "", fmt.Errorf("use a text such as %q, or null for the default", example)
		}
		return text, nil
	}
}

// readAmount reads a number, or a text as labels have it, such as 256Mi.
func readAmount(value json.RawMessage) (string, error) {
	var v float64
	if json.Unmarshal(value, &v) == nil {
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	var text string
	if json.Unmarshal(value, &text) != nil || text == "" {
		return "", errors.New(`use a number, or a quantity such as "256Mi"`)
	}
	return text, nil
}
