package past

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestGaps holds what is played where there are no values: nothing while Prometheus did not run, else the value before.
func TestGaps(t *testing.T) {
	type values = []any
	on := "1"
	nothing := `{"resultType":"matrix","result":[]}`
	for _, tt := range []struct {
		name       string
		alive      Alive
		step       time.Duration
		load, up   values
		upAnswer   string // in place of up
		want       []float64
		wantedGaps Gaps
	}{
		{
			"it did not run", Gateway, time.Second,
			values{"50", "50", nil, nil, nil, nil, "5"},
			values{on, on, on, nil, nil, on, on},
			"",
			[]float64{50, 50, 0, 0, 0, 0, 5},
			Gaps{Repeated: 1, Asleep: 3},
		},
		{
			"it ran", Gateway, time.Second,
			values{"50", nil, nil, "5"},
			values{on, on, on, on},
			"",
			[]float64{50, 50, 50, 5},
			Gaps{Repeated: 2},
		},
		{
			"it did not run before the first value", Gateway, time.Second,
			values{nil, nil, "5", nil, "6"},
			values{nil, nil, on, on, on},
			"",
			[]float64{5, 5, 6},
			Gaps{Repeated: 1},
		},
		{
			"one that looks once a minute", Anything, time.Minute,
			values{"50", nil, nil, nil, "5"},
			values{on, on, on, nil, on},
			"",
			[]float64{50, 50, 0, 0, 5},
			Gaps{Repeated: 1, Asleep: 2},
		},
		{"it has no such series", Anything, time.Minute, values{"50", nil, "5"}, nil, nothing, []float64{50, 50, 5}, Gaps{Repeated: 1}},
		{"it does not tell", Anything, time.Minute, values{"50", nil, "5"}, nil, "", []float64{50, 50, 5}, Gaps{Repeated: 1}},
		{"nothing is missing", Gateway, time.Second, values{"50", "5"}, nil, "", []float64{50, 5}, Gaps{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{results: map[string]string{"rate": matrix(t, tt.step, tt.load...)}}
			if tt.up != nil {
				f.results["count_over_time(up"] = matrix(t, tt.step, tt.up...)
			} else if tt.upAnswer != "" {
				f.results["count_over_time(up"] = tt.upAnswer
			}
			span := Span{Start: noon, End: noon.Add(time.Duration(len(tt.load)) * tt.step), Step: tt.step}
			c, gaps, err := f.client(t).Load(t.Context(), "rate", tt.alive, span)
			if err != nil {
				t.Fatal(err)
			}
			var got []float64
			for at := time.Duration(0); at < c.Length(); at += tt.step {
				got = append(got, c.Rate(at))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || gaps != tt.wantedGaps {
				t.Errorf("%+v, want %+v %s", gaps, tt.wantedGaps, diff)
			}
		})
	}
}
