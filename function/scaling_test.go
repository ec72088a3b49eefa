package function

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scalingLabels prefixes every key of labels.
func scalingLabels(labels map[string]string) map[string]string {
	full := make(map[string]string, len(labels))
	for key, value := range labels {
		full[ScalingLabelPrefix+key] = value
	}
	return full
}

func TestParseScaling(t *testing.T) {
	tests := []struct {
		name   string
		labels map[string]string
		// want changes the defaults to what is expected.
		want func(*Scaling)
	}{
		{"no labels", nil, func(*Scaling) {}},
		{
			"every label",
			map[string]string{
				"min": "2", "max": "50", "type": "capacity", "target": "7.5", "target-proportion": "1",
				"down.window": "5m", "zero": "true", "zero-duration": "90s", "factor": "10",
			},
			func(s *Scaling) {
				*s = Scaling{
					Min: 2, Max: 50, Type: ScalingCapacity, Target: 7.5, Proportion: 1,
					DownWindow: 5 * time.Minute, Zero: true, ZeroDuration: 90 * time.Second, Factor: 10,
				}
			},
		},
		{"durations as seconds", map[string]string{"down.window": "60", "zero-duration": "300"}, func(s *Scaling) {
			s.DownWindow, s.ZeroDuration = time.Minute, 5*time.Minute
		}},
		{"space around a value", map[string]string{"min": " 3 "}, func(s *Scaling) { s.Min = 3 }},
		{"the type's own target", map[string]string{"type": "capacity"}, func(s *Scaling) {
			s.Type, s.Target = ScalingCapacity, 10
		}},
		{"a minimum above the default maximum lifts it", map[string]string{"min": "30"}, func(s *Scaling) {
			s.Min, s.Max = 30, 30
		}},
		{"a minimum of none", map[string]string{"min": "0"}, func(s *Scaling) { s.Min = 0 }},
		{"no step scaling", map[string]string{"factor": "0"}, func(s *Scaling) { s.Factor = 0 }},
		{"the shortest idle time", map[string]string{"zero-duration": "1s"}, func(s *Scaling) { s.ZeroDuration = time.Second }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := DefaultScaling()
			tt.want(&want)
			labels := scalingLabels(tt.labels)
			labels["com.openfaas.scalex"], labels["team"] = "not ours", "a"
			got, err := ParseScaling(labels)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("scaling (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseScalingErrors(t *testing.T) {
	tests := []struct {
		name   string
		labels map[string]string
		// want has a piece of each error, in the order of their labels.
		want []string
	}{
		{"not a number", map[string]string{"min": "two"}, []string{`min="two": use a whole number from 0 to 10000`}},
		{"a negative minimum", map[string]string{"min": "-1"}, []string{`min="-1"`}},
		{"a maximum of none", map[string]string{"max": "0"}, []string{`max="0": use a whole number from 1 to 10000`}},
		{"too many", map[string]string{"max": "10001"}, []string{`max="10001"`}},
		{"a minimum above the maximum", map[string]string{"min": "5", "max": "4"}, []string{"min=5 is above " + ScalingLabelPrefix + "max=4"}},
		{
			"a bad maximum is not compared with the minimum",
			map[string]string{"min": "50", "max": "lots"},
			[]string{`max="lots"`},
		},
		{"an unknown type", map[string]string{"type": "RPS"}, []string{"use rps, capacity or custom"}},
		{"a target of none", map[string]string{"target": "0"}, []string{"use a number above 0"}},
		{"an endless target", map[string]string{"target": "Inf"}, []string{`target="Inf"`}},
		{"a target that is no number", map[string]string{"target": "NaN"}, []string{`target="NaN"`}},
		{"a proportion above 1", map[string]string{"target-proportion": "1.1"}, []string{"above 0 and at most 1"}},
		{"a window without a rule", map[string]string{"down.window": "45s"}, []string{"use 10s, 30s, 1m, 5m or 15m"}},
		{"an empty window", map[string]string{"down.window": ""}, []string{"down.window"}},
		{"neither true nor false", map[string]string{"zero": "yes"}, []string{"use true or false"}},
		{"too short an idle time", map[string]string{"zero-duration": "999ms"}, []string{"at least 1s"}},
		{"a step above everything", map[string]string{"factor": "101"}, []string{"from 0 to 100"}},
		{"an unknown setting", map[string]string{"maximum": "9"}, []string{"label com.openfaas.scale.maximum: unknown"}},
		{
			"all of them at once",
			map[string]string{"target": "x", "max": "x", "zero": "x"},
			[]string{`max="x"`, `target="x"`, `zero="x"`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseScaling(scalingLabels(tt.labels))
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want one of kind invalid", err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d errors, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("error %q, want one with %q", lines[i], want)
				}
			}
			checkScaling(t, got)
		})
	}
}

// checkScaling fails unless s can be scaled by, whatever the labels were.
func checkScaling(t *testing.T, s Scaling) {
	t.Helper()
	if s.Min < 0 || s.Max < 1 || s.Min > s.Max || s.Max > MaxReplicas {
		t.Errorf("bounds %d to %d", s.Min, s.Max)
	}
	if !(s.Target > 0) || math.IsInf(s.Target, 0) || !(s.Proportion > 0) || s.Proportion > 1 {
		t.Errorf("target %g times %g", s.Target, s.Proportion)
	}
	if !slices.Contains(downWindows, s.DownWindow) || s.ZeroDuration < time.Second {
		t.Errorf("down window %v, zero duration %v", s.DownWindow, s.ZeroDuration)
	}
	if defaultTargets[s.Type] == 0 || s.Factor < 0 || s.Factor > 100 {
		t.Errorf("type %q, factor %d", s.Type, s.Factor)
	}
}

func TestScalingClampAndStep(t *testing.T) {
	s := Scaling{Min: 2, Max: 15, Factor: 10}
	for n, want := range map[int]int{-1: 2, 0: 2, 2: 2, 9: 9, 15: 15, 16: 15} {
		if got := s.Clamp(n); got != want {
			t.Errorf("Clamp(%d) = %d, want %d", n, got, want)
		}
	}
	for factor, want := range map[int]int{0: 0, 1: 1, 10: 2, 20: 3, 100: 15} {
		s.Factor = factor
		if got := s.Step(); got != want {
			t.Errorf("Step() with factor %d = %d, want %d", factor, got, want)
		}
	}
}

func FuzzScalingLabels(f *testing.F) {
	for _, setting := range []string{"min", "max", "type", "target", "target-proportion", "down.window", "zero", "zero-duration", "factor", "other"} {
		for _, value := range []string{"1", "0.5", "15m", "true", "cpu", "-3", "1e309", ""} {
			f.Add(setting, value, "5", "9")
		}
	}
	f.Fuzz(func(t *testing.T, setting, value, low, high string) {
		labels := scalingLabels(map[string]string{"min": low, "max": high, setting: value})
		s, err := ParseScaling(labels)
		checkScaling(t, s)
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("error of another kind: %v", err)
		}
		again, errAgain := ParseScaling(labels)
		if s != again || (err == nil) != (errAgain == nil) {
			t.Errorf("not the same twice: %+v, then %+v", s, again)
		}
		for _, n := range []int{math.MinInt, 0, s.Min, s.Max, math.MaxInt} {
			if c := s.Clamp(n); c < s.Min || c > s.Max {
				t.Errorf("Clamp(%d) = %d, outside %d to %d", n, c, s.Min, s.Max)
			}
		}
	})
}
