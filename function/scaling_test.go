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
				"down.window": "5m", "zero": "true", "zero-duration": "90s", "factor": "10", "slots": "8",
			},
			func(s *Scaling) {
				*s = Scaling{
					Min: 2, Max: 50, Signals: []Signal{{ScalingCapacity, 7.5}}, Proportion: 1, Slots: 8,
					DownWindow: 5 * time.Minute, Zero: true, ZeroDuration: 90 * time.Second, Factor: 10,
				}
			},
		},
		{"durations as seconds", map[string]string{"down.window": "60", "zero-duration": "300"}, func(s *Scaling) {
			s.DownWindow, s.ZeroDuration = time.Minute, 5*time.Minute
		}},
		{"space around a value", map[string]string{"min": " 3 "}, func(s *Scaling) { s.Min = 3 }},
		{"the type's own target", map[string]string{"type": "capacity"}, func(s *Scaling) {
			s.Signals = []Signal{{ScalingCapacity, 10}}
		}},
		{"several signals, the first with the plain target", map[string]string{
			"type": "capacity, cpu,memory,queue,custom", "target": "4", "target.cpu": "700m", "target.memory": "256Mi", "target.custom": "0.5",
		}, func(s *Scaling) {
			s.Signals = []Signal{
				{ScalingCapacity, 4},
				{ScalingCPU, 700},
				{ScalingMemory, 256 << 20},
				{ScalingQueue, 10},
				{ScalingCustom, 0.5},
			}
		}},
		{"a target by its type's name alone", map[string]string{"target.rps": "7"}, func(s *Scaling) {
			s.Signals = []Signal{{ScalingRPS, 7}}
		}},
		{"a target twice that agrees", map[string]string{"type": "cpu", "target": "500", "target.cpu": "500m"}, func(s *Scaling) {
			s.Signals = []Signal{{ScalingCPU, 500}}
		}},
		{"bytes of memory", map[string]string{"type": "memory", "target": "67108864"}, func(s *Scaling) {
			s.Signals = []Signal{{ScalingMemory, 64 << 20}}
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
		{"a minimum above the maximum", map[string]string{"min": "5", "max": "4"}, []string{"min=5 is above " + ScalingLabelPrefix + "max=4: lower the one or raise the other"}},
		{
			"a bad maximum is not compared with the minimum",
			map[string]string{"min": "50", "max": "lots"},
			[]string{`max="lots"`},
		},
		{"an unknown type", map[string]string{"type": "RPS"}, []string{"use rps, capacity, cpu, memory, queue or custom, or several with commas"}},
		{"an empty type", map[string]string{"type": ""}, []string{`type="": use rps`}},
		{"an unknown type among known ones", map[string]string{"type": "rps,disk", "target.cpu": "5"}, []string{`type="rps,disk"`}},
		{"a type twice", map[string]string{"type": "rps,cpu,rps"}, []string{"names rps twice"}},
		{"a target of an unknown type", map[string]string{"target.disk": "9"}, []string{"target.disk: unknown; after target. stands rps"}},
		{"a target of a type that is not named", map[string]string{"target.cpu": "9"}, []string{"type does not name cpu"}},
		{"two targets of one signal", map[string]string{"target": "9", "target.rps": "8"}, []string{`target.rps="8": ` + ScalingLabelPrefix + "target says 9"}},
		{"memory without a target", map[string]string{"type": "memory"}, []string{"target.memory is missing"}},
		{"memory with a target that cannot be read", map[string]string{"type": "rps,memory", "target.memory": "lots"}, []string{`target.memory="lots": use bytes`}},
		{"a target of memory in megabytes without the unit", map[string]string{"type": "memory", "target": "256"}, []string{"at least 1Mi"}},
		{"cores instead of millicores", map[string]string{"type": "cpu", "target": "0.5"}, []string{"use millicores of at least 1"}},
		{"negative slots", map[string]string{"slots": "-1"}, []string{`slots="-1": use a whole number from 0`}},

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
	if !(s.Proportion > 0) || s.Proportion > 1 || len(s.Signals) == 0 {
		t.Errorf("signals %v times %g", s.Signals, s.Proportion)
	}
	for _, signal := range s.Signals {
		target, ok := s.Target(signal.Type)
		if !ok || target != signal.Target || !(target > 0) || math.IsInf(target, 0) || !slices.Contains(scalingTypes, signal.Type) {
			t.Errorf("signals %v", s.Signals)
		}
	}
	if !slices.Contains(downWindows, s.DownWindow) || s.ZeroDuration < time.Second {
		t.Errorf("down window %v, zero duration %v", s.DownWindow, s.ZeroDuration)
	}
	if s.Slots < 0 || s.Factor < 0 || s.Factor > 100 {
		t.Errorf("slots %d, factor %d", s.Slots, s.Factor)
	}
}

func TestSlots(t *testing.T) {
	tests := []struct {
		name     string
		label    string // "": none
		variable string
		want     int
		fault    string
	}{
		{"nothing said", "", "", 0, ""},
		{"the watchdog's bound", "", "4", 4, ""},
		{"the label alone", "3", "", 3, ""},
		{"less than the watchdog's bound", "3", "4", 3, ""},
		{"the same", "4", "4", 4, ""},
		{"more than the watchdog's bound", "5", "4", 4, `slots="5": the function's environment has max_inflight=4`},
		{"no bound where the watchdog has one", "0", "4", 4, "use 1 to 4"},
		{"no bound anywhere", "0", "0", 0, ""},
		{"a variable that the watchdog refuses", "", "-1", 0, ""},
		{"a variable that is no number", "7", "many", 7, ""},
		{"a label that is no number", "many", "4", 4, `slots="many": use a whole number`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Function{Name: "f", Env: map[string]string{"max_inflight": tt.variable}}
			if tt.label != "" {
				f.Labels = map[string]string{ScalingLabelPrefix + "slots": tt.label}
			}
			s, err := f.ParseScaling()
			if s.Slots != tt.want {
				t.Errorf("%d slots, want %d", s.Slots, tt.want)
			}
			if valid := f.Validate(); (valid == nil) != (tt.fault == "") {
				t.Errorf("to deploy it: %v", valid)
			}
			if tt.fault == "" && err != nil || tt.fault != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.fault)) {
				t.Errorf("error %v, want %q", err, tt.fault)
			}
		})
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
	for _, setting := range []string{"min", "max", "type", "target", "target-proportion", "down.window", "zero", "zero-duration", "factor", "slots", "target.cpu", "other"} {
		for _, value := range []string{"1", "0.5", "15m", "true", "cpu", "rps,cpu", "memory", "-3", "1e309", ""} {
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
		if !s.Equal(again) || (err == nil) != (errAgain == nil) {
			t.Errorf("not the same twice: %+v, then %+v", s, again)
		}
		for _, n := range []int{math.MinInt, 0, s.Min, s.Max, math.MaxInt} {
			if c := s.Clamp(n); c < s.Min || c > s.Max {
				t.Errorf("Clamp(%d) = %d, outside %d to %d", n, c, s.Min, s.Max)
			}
		}
	})
}
