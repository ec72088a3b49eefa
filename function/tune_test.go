package function

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTuned(t *testing.T) {
	refused := Conflictf("not now")
	tests := []struct {
		name   string
		before map[string]string
		change func(labels map[string]string) error
		want   map[string]string
		err    error
	}{
		{
			"set",
			map[string]string{"team": "a", ScalingLabelPrefix + "min": "2"},
			func(l map[string]string) error { l[ScalingLabelPrefix+"max"] = "30"; return nil },
			map[string]string{"team": "a", ScalingLabelPrefix + "min": "2", ScalingLabelPrefix + "max": "30"},
			nil,
		},
		{
			"taken away",
			map[string]string{"team": "a", ScalingLabelPrefix + "min": "2"},
			func(l map[string]string) error { delete(l, ScalingLabelPrefix+"min"); return nil },
			map[string]string{"team": "a"},
			nil,
		},
		{
			"of a function without labels", nil,
			func(l map[string]string) error { l[ScalingLabelPrefix+"max"] = "30"; return nil },
			map[string]string{ScalingLabelPrefix + "max": "30"},
			nil,
		},
		{"nothing", nil, func(map[string]string) error { return nil }, nil, nil},
		{
			"it sees no other labels",
			map[string]string{"team": "a"},
			func(l map[string]string) error {
				if len(l) != 0 {
					return errors.New("it does")
				}
				return nil
			},
			map[string]string{"team": "a"},
			nil,
		},
		{
			"what cannot be read", nil,
			func(l map[string]string) error { l[ScalingLabelPrefix+"max"] = "many"; return nil }, nil, ErrInvalid,
		},
		{"another label", nil, func(l map[string]string) error { l["team"] = "b"; return nil }, nil, ErrInvalid},
		{"refused", nil, func(map[string]string) error { return refused }, nil, ErrConflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := maps.Clone(tt.before)
			f := Function{Name: "a", Image: "b", Labels: tt.before}
			got, err := f.Tuned(tt.change)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(before, f.Labels); diff != "" {
				t.Errorf("it changed the labels before:\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, got.Labels); err == nil && diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTunedSlots holds that what is checked beside labels is checked here as well.
func TestTunedSlots(t *testing.T) {
	f := Function{Name: "a", Image: "b", Env: map[string]string{"max_inflight": "4"}}
	_, err := f.Tuned(func(l map[string]string) error { l[ScalingLabelPrefix+"slots"] = "5"; return nil })
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("more slots than max_inflight: %v, want invalid", err)
	}
}
