package top

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
	"faas/function"
)

var inf = math.Inf(1)

func TestQuantile(t *testing.T) {
	three := Histogram{{0.1, 10}, {0.2, 30}, {inf, 40}}
	for _, test := range []struct {
		name string
		h    Histogram
		q    float64
		want string
	}{
		{"nothing observed", Histogram{{0.1, 0}, {inf, 0}}, 0.5, "-"},
		{"no buckets", nil, 0.5, "-"},
		{"within the first bucket", three, 0.125, "≤100ms"},
		{"on a bound", three, 0.25, "≤100ms"},
		{"not interpolated", three, 0.5, "≤200ms"},
		{"beyond the last bound", three, 0.99, ">200ms"},
		{"least", three, 0, "≤100ms"},
		{"empty buckets below", Histogram{{0.1, 0}, {0.2, 4}, {inf, 4}}, 0.5, "≤200ms"},
		{"only +Inf", Histogram{{inf, 4}}, 0.5, ">0.0ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.h.Quantile(test.q).seconds(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestHistogramSince(t *testing.T) {
	before := Histogram{{0.1, 3}, {inf, 5}}
	for _, test := range []struct {
		name       string
		now, since Histogram
	}{
		{"grown", Histogram{{0.1, 4}, {inf, 9}}, Histogram{{0.1, 1}, {inf, 4}}},
		{"reset", Histogram{{0.1, 1}, {inf, 2}}, Histogram{{0.1, 1}, {inf, 2}}},
		{"a new bound", Histogram{{0.1, 3}, {0.2, 1}, {inf, 6}}, Histogram{{0.1, 0}, {0.2, 1}, {inf, 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.since, test.now.Since(before)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRows(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	status := api.FunctionStatus{Name: "echo", Replicas: 4, AvailableReplicas: 4}
	before := Counters{
		Started: 100, Ended: 90, Failed: 1, InflightSeconds: 50, Min: 1, Max: 20, Signals: []function.Signal{{Type: function.ScalingRPS, Target: 5}},
		Seconds: Histogram{{0.1, 90}, {inf, 90}},
	}
	after := before
	after.Started, after.Ended, after.Failed, after.InflightSeconds = 120, 110, 3, 54
	after.Seconds = Histogram{{0.1, 110}, {inf, 110}}
	after.SecondsSum = before.SecondsSum + 1.5
	decision := Decision{Function: "echo", From: 2, To: 4, Applied: true, Reason: "ordered 4"}

	for _, test := range []struct {
		name   string
		change func(before, after *Sample)
		want   map[string]any
	}{
		{"two samples", nil, map[string]any{
			"requests_per_second": 10.0, "in_flight": 2.0, "average_seconds": 0.075, "p50_seconds": 0.1, "p99_seconds": 0.1, "error_rate": 0.1,
			"target": "5 rps", "state": "failing",
		}},
		{"a function that is new", func(before, _ *Sample) { before.Counters = nil }, map[string]any{
			"requests_per_second": nil, "in_flight": nil, "average_seconds": nil, "p50_seconds": nil, "p99_seconds": nil, "error_rate": nil,
			"target": "5 rps", "state": "steady",
		}},
		{"several signals", func(_, after *Sample) {
			c := after.Counters["echo"]
			c.Signals = append(slices.Clone(c.Signals), function.Signal{Type: function.ScalingMemory, Target: 256 << 20})
			after.Counters["echo"] = c
		}, map[string]any{
			"requests_per_second": 10.0, "in_flight": 2.0, "average_seconds": 0.075, "p50_seconds": 0.1, "p99_seconds": 0.1, "error_rate": 0.1,
			"target": "5 rps, 256Mi memory", "state": "failing",
		}},
		{"a function that two silences freeze", func(_, after *Sample) {
			after.Frozen = []api.FrozenFunction{
				{Function: "other", Silence: "x"},
				{Function: "echo", Silence: "5f3b2b0e-6c3f", Until: at.Add(6 * time.Hour), Up: true, Down: true, Zero: true},
				{Function: "echo", Silence: "y", Until: at, Down: true},
			}
		}, map[string]any{
			"state": "frozen until " + at.Add(6*time.Hour).Local().Format("15:04") + " (silence 5f3b…), failing",
			"frozen": map[string]any{
				"function": "echo", "silence": "5f3b2b0e-6c3f", "until": "2026-11-01T18:00:00Z", "createdBy": "", "comment": "",
				"up": true, "down": true, "zero": true,
			},
		}},
		{"a gateway that started over", func(_, after *Sample) {
			after.Counters["echo"] = Counters{Started: 6, Ended: 4, InflightSeconds: 1}
		}, map[string]any{
			"requests_per_second": 3.0, "in_flight": 0.5, "average_seconds": nil, "p50_seconds": nil, "p99_seconds": nil, "error_rate": 0.0,
			"target": "-", "state": "steady",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := Sample{At: at, Counters: map[string]Counters{"echo": before}}
			second := Sample{
				At: at.Add(2 * time.Second), Functions: []api.FunctionStatus{status},
				Counters: map[string]Counters{"echo": after}, Decisions: []Decision{decision},
			}
			if test.change != nil {
				test.change(&first, &second)
			}
			rows := Rows(first, second)
			text, err := json.Marshal(rows[0])
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			for key := range got {
				if _, ok := test.want[key]; !ok {
					delete(got, key)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if rows[0].Last == nil || *rows[0].Last != decision {
				t.Errorf("last decision %v, want %v", rows[0].Last, decision)
			}
		})
	}
}

func TestState(t *testing.T) {
	for _, test := range []struct {
		row     Row
		blocked string
		want    string
	}{
		{Row{Desired: 1}, "crash loop", "blocked: crash loop"},
		{Row{}, "", "asleep"},
		{Row{Queued: 2}, "", "waking"},
		{Row{Desired: 1, Queued: 2}, "", "starting, 2 waiting"},
		{Row{Desired: 1, Ready: 1, Queued: 2}, "", "full, 2 waiting"},
		{Row{Desired: 3, Ready: 1}, "", "starting 2"},
		{Row{Desired: 1, Ready: 3}, "", "draining 2"},
		{Row{Desired: 1, Ready: 1, Errors: 0.5}, "", "failing"},
		{Row{Desired: 5, Ready: 5, Min: 1, Max: 5, Rate: 9}, "", "at maximum"},
		{Row{Desired: 5, Ready: 5, Min: 1, Max: 5}, "", "idle, 5 held by the down window"},
		{Row{Desired: 1, Ready: 1, Max: 5}, "", "idle"},
		{Row{Desired: 1, Ready: 1, Max: 5, Rate: 1}, "", "steady"},
	} {
		t.Run(test.want, func(t *testing.T) {
			if got := test.row.state(test.blocked); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFrozenState(t *testing.T) {
	for _, test := range []struct {
		frozen api.FrozenFunction
		want   string
	}{
		{api.FrozenFunction{Silence: "a", Until: at, Up: true, Down: true}, "frozen until 12:00 (silence a)"},
		{api.FrozenFunction{Silence: "abcde", Until: at, Up: true, Zero: true}, "frozen upwards until 12:00 (silence abcde)"},
		{api.FrozenFunction{Silence: "abcdef", Until: at.AddDate(0, 0, 1), Down: true}, "frozen downwards until 2 Nov 12:00 (silence abcd…)"},
		{api.FrozenFunction{Silence: "a", Until: at.AddDate(1, 0, 0), Zero: true}, "frozen above zero until 1 Nov 12:00 (silence a)"},
	} {
		if got := frozenState(at, test.frozen); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestSort(t *testing.T) {
	rows := func() []Row {
		return []Row{
			{Name: "c", Rate: 5, P99: unknownBound(), Desired: 2}, {Name: "a", Rate: 1, P99: Bound{0.05, 0.1}, Desired: 2}, {Name: "b", Rate: 9, P99: Bound{0.1, 0.2}},
		}
	}
	for key, want := range map[SortKey]string{SortName: "abc", SortRate: "bca", SortP99: "bac", SortReplicas: "acb"} {
		t.Run(string(key), func(t *testing.T) {
			sorted, got := rows(), ""
			Sort(sorted, key)
			for _, r := range sorted {
				got += r.Name
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestLastDecision(t *testing.T) {
	s := Sample{Decisions: []Decision{
		{ID: 1, Function: "a", Applied: true}, {ID: 2, Function: "a"}, {ID: 3, Function: "b"}, {ID: 4, Function: "b"},
	}}
	last := s.lastDecisions()
	if last["a"].ID != 1 || last["b"].ID != 4 {
		t.Errorf("got %d and %d, want the applied one and the newest", last["a"].ID, last["b"].ID)
	}
}

func TestParseMetrics(t *testing.T) {
	file, err := os.Open("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	got, err := ParseMetrics(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Counters{"echo": {
		Started: 12, Ended: 11, Failed: 1, InflightSeconds: 3.5, Queued: 2, Min: 1, Max: 20, Signals: []function.Signal{{Type: function.ScalingRPS, Target: 5}},
		Seconds: Histogram{{0.001, 7}, {0.01, 10}, {inf, 11}}, SecondsSum: 0.055,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseMetrics(f *testing.F) {
	text, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("gateway_functions_seconds_count{function_name=\"a\"} NaN\n")
	f.Fuzz(func(t *testing.T, text string) {
		counters, err := ParseMetrics(strings.NewReader(text))
		if err != nil {
			return
		}
		for name, c := range counters {
			c.Seconds.Quantile(0.99)
			s := Sample{At: time.Unix(1, 0), Counters: counters, Functions: []api.FunctionStatus{{Name: name}}}
			if _, err := json.Marshal(Rows(Sample{At: time.Unix(0, 0), Counters: counters}, s)); err != nil {
				t.Error(err)
			}
		}
	})
}
