package function

import (
	"maps"
	"strings"
)

// ScalingLabels returns those of labels that ParseScaling reads, as a map of its own that is never nil.
func ScalingLabels(labels map[string]string) map[string]string {
	found := map[string]string{}
	for key, value := range labels {
		if strings.HasPrefix(key, ScalingLabelPrefix) {
			found[key] = value
		}
	}
	return found
}

// Tuned returns f with the scaling labels that change makes of those that it has; f stays as it is. Errors: change's own,
// and ErrInvalid where the labels would not be valid or one of them is no scaling label.
func (f Function) Tuned(change func(labels map[string]string) error) (Function, error) {
	labels := ScalingLabels(f.Labels)
	if err := change(labels); err != nil {
		return Function{}, err
	}
	for key := range labels {
		if !strings.HasPrefix(key, ScalingLabelPrefix) {
			return Function{}, Invalidf("label %s: only labels that begin with %s can be changed without a deployment", key, ScalingLabelPrefix)
		}
	}
	tuned := f
	tuned.Labels = maps.Clone(f.Labels)
	maps.DeleteFunc(tuned.Labels, func(key, _ string) bool { return strings.HasPrefix(key, ScalingLabelPrefix) })
	if tuned.Labels == nil && len(labels) > 0 {
		tuned.Labels = map[string]string{}
	}
	maps.Copy(tuned.Labels, labels)
	if _, err := tuned.ParseScaling(); err != nil {
		return Function{}, err
	}
	return tuned, nil
}
