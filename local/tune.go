package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"faas/function"
)

// Tune changes the scaling labels of a function and nothing else; no replica notices. change gets the scaling labels that
// there are and changes them. Like a deployment it is kept across restarts; where the stack file has the function, until that
// is edited there. Errors: ErrNotFound, ErrInvalid for labels that would not be valid, and change's own.
func (b *Backend) Tune(ctx context.Context, name string, change func(labels map[string]string) error) error {
	return b.change(ctx, "tune", name, true, func(s *supervisor, _ time.Time) error {
		return s.tune(name, b.opts.StackFile, change)
	})
}

func (s *supervisor) tune(name, stackFile string, change func(labels map[string]string) error) error {
	d, err := s.get(name)
	if err != nil {
		return err
	}
	f, err := d.function.Tuned(change)
	if err != nil || maps.Equal(f.Labels, d.function.Labels) {
		return err
	}
	if d.fromStack {
		tuned := &keptTuning{Labels: function.ScalingLabels(f.Labels)} // never changed: what is kept has it too
		if d.tuned != nil {
			tuned.Of = d.tuned.Of
		} else {
			tuned.Of = definitionID(d.function)
		}
		d.tuned = tuned
		s.notice(name, fmt.Sprintf("%s until it is edited in %s", changedLabels(d.function.Labels, f.Labels), stackFile))
	}
	d.define(f, d.spec)
	s.changed = true
	return nil
}

// changedLabels says what a change of scaling labels is, "max=30, without target".
func changedLabels(before, after map[string]string) string {
	var set, gone []string
	for key, value := range after {
		if old, ok := before[key]; !ok || old != value {
			set = append(set, strings.TrimPrefix(key, function.ScalingLabelPrefix)+"="+value)
		}
	}
	for key := range before {
		if _, still := after[key]; !still {
			gone = append(gone, strings.TrimPrefix(key, function.ScalingLabelPrefix))
		}
	}
	slices.Sort(set)
	slices.Sort(gone)
	if len(gone) > 0 {
		set = append(set, "without "+strings.Join(gone, ", "))
	}
	return strings.Join(set, ", ")
}

// keptTuning is what Tune made of a function of the stack file.
type keptTuning struct {
	// Labels are all its scaling labels.
	Labels map[string]string `json:"labels,omitempty"`
	// Of is the definitionID of what the file had.
	Of string `json:"of"`
}

// apply returns f, as the stack file has it, with the labels that Tune gave it. False: it was edited since, or they cannot
// be used any more.
func (k *keptTuning) apply(f function.Function) (function.Function, bool) {
	if k.Of != definitionID(f) {
		return f, false
	}
	tuned, err := f.Tuned(func(labels map[string]string) error {
		clear(labels)
		maps.Copy(labels, k.Labels)
		return nil
	})
	if err != nil {
		return f, false
	}
	return tuned, true
}

// retune returns the function of e as an earlier run left it. What that run was told is dropped from kept where the file was
// edited since.
func (s *supervisor) retune(e entry, kept *keptFunction) function.Function {
	if kept.Tuned == nil {
		return e.function
	}
	f, ok := kept.Tuned.apply(e.function)
	if !ok {
		kept.Tuned = nil
		s.notice(f.Name, "was edited in the stack file, without what was set of its scaling")
	}
	return f
}

// definitionID is the same for the same definition, over restarts as well.
func definitionID(f function.Function) string {
	text, err := json.Marshal(keep(f))
	if err != nil {
		return "" // it has nothing that JSON cannot say
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
