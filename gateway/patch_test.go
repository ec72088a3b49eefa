package gateway

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// prefixed are scaling labels.
func prefixed(labels map[string]string) map[string]string {
	all := map[string]string{}
	for key, value := range labels {
		all[function.ScalingLabelPrefix+key] = value
	}
	return all
}

type texts = map[string]string

func TestScalingPatch(t *testing.T) {
	tests := []struct {
		name         string
		before       texts
		patch        string
		want         texts
		wantMistakes []string // of what is refused
	}{
		{"nothing", texts{"max": "7"}, `{}`, texts{"max": "7"}, nil},
		{
			"each", nil,
			`{"type":"rps,cpu","target":100,"targets":{"cpu":700},"min":1,"max":30,"window":"1m","zero":true,
			  "zeroDuration":"5m","proportion":0.85,"slots":4,"factor":20}`,
			texts{
				"type": "rps,cpu", "target": "100", "target.cpu": "700", "min": "1", "max": "30", "down.window": "1m", "zero": "true",
				"zero-duration": "5m", "target-proportion": "0.85", "slots": "4", "factor": "20",
			},
			nil,
		},
		{"one", texts{"max": "7", "target": "50"}, `{"max":30}`, texts{"max": "30", "target": "50"}, nil},
		{"back to the default", texts{"max": "7", "min": "2"}, `{"max":null,"factor":null}`, texts{"min": "2"}, nil},
		{"a target", texts{"target": "50"}, `{"target":60}`, texts{"target": "60"}, nil},
		{"a target as a text", texts{"type": "memory", "target": "128Mi"}, `{"target":"256Mi"}`, texts{"type": "memory", "target": "256Mi"}, nil},
		{"a target that stood by its type", texts{"target.rps": "50"}, `{"target":60}`, texts{"target": "60"}, nil},
		{"no target any more", texts{"target.rps": "50", "max": "9"}, `{"target":null}`, texts{"max": "9"}, nil},
		{"a target that comes twice and agrees", nil, `{"target":60,"targets":{"rps":60}}`, texts{"target": "60"}, nil},
		{"another type forgets the old one's target", texts{"target": "50"}, `{"type":"cpu"}`, texts{"type": "cpu"}, nil},
		{"another type and its target", texts{"target": "50"}, `{"type":"cpu","target":"700m"}`, texts{"type": "cpu", "target": "700m"}, nil},
		{
			"another order keeps the targets",
			texts{"type": "rps,cpu", "target": "50", "target.cpu": "700"},
			`{"type":"cpu,rps"}`,
			texts{"type": "cpu,rps", "target": "700", "target.rps": "50"},
			nil,
		},
		{
			"one more type",
			texts{"target": "50"},
			`{"type":"rps,cpu","targets":{"cpu":700}}`,
			texts{"type": "rps,cpu", "target": "50", "target.cpu": "700"},
			nil,
		},
		{
			"one type less",
			texts{"type": "rps,cpu", "target": "50", "target.cpu": "700"},
			`{"type":"rps"}`,
			texts{"type": "rps", "target": "50"},
			nil,
		},
		{
			"the type of the default", texts{"type": "cpu", "target": "700"}, `{"type":null}`, texts{}, nil,
		},
		{
			"one of the targets goes",
			texts{"type": "rps,cpu", "target": "50", "target.cpu": "700"},
			`{"targets":{"cpu":null}}`,
			texts{"type": "rps,cpu", "target": "50"},
			nil,
		},
		{
			"all targets go",
			texts{"type": "rps,cpu", "target": "50", "target.cpu": "700"},
			`{"targets":null}`,
			texts{"type": "rps,cpu"},
			nil,
		},
		{
			"mistakes", nil, `{"max":"many","min":1.5,"zero":"yes","targets":[1],"window":60,"speed":1,"type":7,"target":true}`, nil,
			[]string{
				"max: use a whole number", "min: use a whole number", "zero: use true or false", "targets: use an object",
				`window: use a text such as "1m"`, "speed: unknown; there are type", `type: use a text such as "rps,cpu"`,
				"target: use a number, or a quantity",
			},
		},
		{
			"no texts", nil, `{"window":"","zeroDuration":900,"type":["rps","cpu"]}`, nil,
			[]string{
				`window: use a text such as "1m", or null for the default`, `zeroDuration: use a text such as "15m", or null`,
				`type: use a text such as "rps,cpu", or null`,
			},
		},
		{
			"mistakes in labels", nil, `{"max":0,"window":"7s","type":"rps,speed","targets":{"cpu":700}}`, nil,
			[]string{
				`scale.max="0": use a whole number from 1`, `scale.down.window="7s": use 10s`, `scale.type="rps,speed": use rps`,
			},
		},
		{"a target of no type", nil, `{"targets":{"cpu":700}}`, nil, []string{`scale.target.cpu="700"`}},
		{"two targets", nil, `{"target":1,"targets":{"rps":2}}`, nil, []string{"target and targets.rps are of the same signal"}},
		{"a target that is there and not", nil, `{"target":1,"targets":{"rps":null}}`, nil, []string{"target and targets.rps are of the same signal"}},
		{"min above max", texts{"max": "7"}, `{"min":8}`, nil, []string{"min=8 is above"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(tt.patch), &fields); err != nil {
				t.Fatal(err)
			}
			patch, err := parseScalingPatch(fields)
			f, applyErr := function.Function{Name: "a", Image: "b", Labels: prefixed(tt.before)}.Tuned(patch.apply)
			if err = errors.Join(err, applyErr); tt.wantMistakes == nil {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(prefixed(tt.want), f.Labels); diff != "" {
					t.Errorf("labels (-want +got):\n%s", diff)
				}
				return
			}
			if !errors.Is(function.Kind(err), function.ErrInvalid) {
				t.Fatalf("error %v, want an invalid one", err)
			}
			for _, want := range tt.wantMistakes {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

// FuzzScalingPatch holds that whatever is sent, what is accepted are labels that can be read.
func FuzzScalingPatch(f *testing.F) {
	f.Add(`{"type":"rps,cpu","target":100,"targets":{"cpu":700}}`)
	f.Add(`{"targets":null,"max":null}`)
	f.Add(`{"target":"256Mi","type":"memory"}`)
	before := function.Function{Name: "a", Image: "b", Labels: prefixed(texts{"type": "cpu,rps", "target": "700", "max": "9"})}
	f.Fuzz(func(t *testing.T, text string) {
		var fields map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &fields) != nil {
			return
		}
		patch, err := parseScalingPatch(fields)
		if err != nil && !errors.Is(function.Kind(err), function.ErrInvalid) {
			t.Fatalf("error %v of another kind", err)
		}
		after, err := before.Tuned(patch.apply)
		if err != nil {
			return
		}
		if _, err := after.ParseScaling(); err != nil {
			t.Errorf("labels %v: %v", after.Labels, err)
		}
	})
}
