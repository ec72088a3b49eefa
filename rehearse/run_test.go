package rehearse

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faas"
	"faas/function"
	"faas/scaler"
)

// curve is a load that a test writes down.
type curve struct {
	length time.Duration
	rate   func(t time.Duration) float64
}

func (c curve) Rate(t time.Duration) float64 { return c.rate(t) }
func (c curve) Length() time.Duration        { return c.length }

// flat is a load that stays.
func flat(length time.Duration, rate float64) curve {
	return curve{length, func(time.Duration) float64 { return rate }}
}

// jump is a load that changes once.
func jump(length time.Duration, from float64, at time.Duration, to float64) curve {
	return curve{length, func(t time.Duration) float64 {
		if t < at {
			return from
		}
		return to
	}}
}

// signals is the default scaling with others than rps.
func signals(list ...function.Signal) function.Scaling {
	s := function.DefaultScaling()
	s.Signals = list
	return s
}

func run(t *testing.T, o Options) *Result {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStepUp(t *testing.T) {
	r := run(t, Options{
		WarmUp: 35 * time.Second,
		Functions: []Function{{
			Name: "echo", Scaling: function.DefaultScaling(), Curve: jump(15*time.Second, 5, 5*time.Second, 50), Even: true,
		}},
	})
	f := r.Functions[0]
	if f.Score.Reaction <= 0 || f.Score.Reaction >= time.Second {
		t.Errorf("the count was raised after %s, want within a second: %v", f.Score.Reaction, f.Decisions)
	}
	if n := f.Points[9].Desired; n < 11 || n > 13 {
		t.Errorf("five seconds after the step there are %d replicas, want 12, give or take one: %v", n, f.Decisions)
	}
	if f.Score.DirectionChanges != 0 {
		t.Errorf("the count turned: %v", f.Decisions)
	}
	if d := f.Decisions[0]; d.Alert != "FunctionScale" || !strings.Contains(d.Reason, "ordered") {
		t.Errorf("decision %+v does not say what called for it", d)
	}
	if p := f.Points[4]; math.Abs(p.Arrivals-5) > 1 || p.Ready != p.Desired || math.IsNaN(p.Wanted) {
		t.Errorf("point %+v, want some 5 arrivals, all replicas ready, and what is wanted", p)
	}
}

func TestSameSeedSameResult(t *testing.T) {
	o := Options{
		Seed: 3, WarmUp: 10 * time.Second, Gateways: 2,
		Functions: []Function{
			{Name: "a", Scaling: function.DefaultScaling(), Curve: jump(10*time.Second, 5, time.Second, 60)},
			{Name: "b", Scaling: signals(function.Signal{Type: function.ScalingCapacity, Target: 2}), Curve: flat(10*time.Second, 30), ServiceTime: time.Second},
			{Name: "c", Scaling: signals(function.Signal{Type: function.ScalingCPU, Target: 500}), Curve: flat(10*time.Second, 30), CPUPerRequest: 1000},
		},
	}
	same := cmp.Options{cmpopts.EquateNaNs()}
	first := run(t, o)
	if diff := cmp.Diff(first, run(t, o), same); diff != "" {
		t.Errorf("the same seed gave another result:\n%s", diff)
	}
	o.Seed++
	if cmp.Equal(first, run(t, o), same) {
		t.Error("another seed gave the same result")
	}
}

func TestSignalsRaise(t *testing.T) {
	for _, c := range []struct {
		name string
		f    Function
		want int
	}{
		{"capacity", Function{Scaling: signals(function.Signal{Type: function.ScalingCapacity, Target: 5}), ServiceTime: time.Second}, 9},
		{"cpu", Function{Scaling: signals(function.Signal{Type: function.ScalingCPU, Target: 1000}), ServiceTime: 500 * ms, CPUPerRequest: 500}, 12},
		{"the largest of two", Function{
			Scaling: signals(function.Signal{Type: function.ScalingRPS, Target: 100}, function.Signal{Type: function.ScalingCapacity, Target: 5}), ServiceTime: time.Second,
		}, 9},
		{"queue", Function{Scaling: signals(function.Signal{Type: function.ScalingQueue, Target: 10}), Queued: jump(20*time.Second, 0, 2*time.Second, 80)}, 9},
		{"custom", Function{Scaling: signals(function.Signal{Type: function.ScalingCustom, Target: 10}), Custom: jump(20*time.Second, 0, 2*time.Second, 80)}, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.f.Name, c.f.Even, c.f.Start, c.f.Curve = "f", true, 1, flat(20*time.Second, 40)
			if c.name == "cpu" {
				c.f.Curve = flat(20*time.Second, 42)
			}
			r := run(t, Options{WarmUp: 10 * time.Second, Functions: []Function{c.f}})
			if n := r.Functions[0].Points[19].Desired; n < c.want-1 || n > c.want+1 {
				t.Errorf("%d replicas at the end, want %d, give or take one: %v", n, c.want, r.Functions[0].Decisions)
			}
		})
	}
}

func TestWake(t *testing.T) {
	s := function.DefaultScaling()
	s.Zero, s.ZeroDuration, s.DownWindow = true, 15*time.Second, 10*time.Second
	r := run(t, Options{
		WarmUp: -1,
		Functions: []Function{{
			Name: "f", Scaling: s, Even: true, StartUp: 300 * ms,
			Curve: curve{time.Minute, func(t time.Duration) float64 {
				if t < 2*time.Second || t >= 50*time.Second {
					return 1
				}
				return 0
			}},
		}},
	})
	f := r.Functions[0]
	if n := len(f.Decisions); n != 2 {
		t.Fatalf("%d decisions, want one to 0 and one back: %+v", n, f.Decisions)
	}
	if d := f.Decisions[0]; d.To != 0 || d.At < 15*time.Second || d.At > 35*time.Second {
		t.Errorf("decision %+v, want 0 after the zero duration", d)
	}
	if d := f.Decisions[1]; d.From != 0 || d.To != 1 || d.Reason != "woken by a request" {
		t.Errorf("decision %+v, want a wake", d)
	}
	if f.Score.Waited != 1 || math.Abs(f.Score.WaitedSeconds-0.303) > 1e-6 {
		t.Errorf("%d requests waited, %.4f s in all, want one for the wake and the start-up", f.Score.Waited, f.Score.WaitedSeconds)
	}
}

func TestOverload(t *testing.T) {
	s := function.DefaultScaling()
	s.Slots = 2
	r := run(t, Options{
		WarmUp:    5 * time.Second,
		Functions: []Function{{Name: "f", Scaling: s, ServiceTime: 500 * ms, StartUp: 100 * ms, Curve: jump(10*time.Second, 2, time.Second, 30), Even: true}},
	})
	f := r.Functions[0]
	d := f.Decisions[0]
	if d.Alert != "FunctionOverload" || d.Signal != "overload" || d.To <= d.From {
		t.Errorf("the first decision is %+v, want the overload path's", d)
	}
	if n := f.Points[9].Ready; n < 8 {
		t.Errorf("%d replicas at the end, want at least 8 for 15 requests at once", n)
	}
	if f.Score.Waited == 0 || f.Points[9].Waiting != 0 {
		t.Errorf("%d requests waited, %d still do, want some and none", f.Score.Waited, f.Points[9].Waiting)
	}
}

func TestConfigErrors(t *testing.T) {
	change := func(path, text string) fs.FS {
		files := fstest.MapFS{}
		for _, p := range []string{"prometheus/prometheus.yml", "prometheus/rules/scaling.yml", "alertmanager/alertmanager.yml"} {
			data, err := fs.ReadFile(faas.ControlLoop, p)
			if err != nil {
				t.Fatal(err)
			}
			files[p] = &fstest.MapFile{Data: data}
		}
		if files[path].Data = []byte(text); text == "" {
			delete(files, path)
		}
		return files
	}
	for _, c := range []struct {
		name, path, text, want string
	}{
		{"no prometheus.yml", "prometheus/prometheus.yml", "", "prometheus/prometheus.yml"},
		{"no rules", "prometheus/rules/scaling.yml", "", "rules/*.yml"},
		{"no alertmanager.yml", "alertmanager/alertmanager.yml", "", "alertmanager/alertmanager.yml"},
		{"prometheus.yml is no YAML", "prometheus/prometheus.yml", "{", "prometheus/prometheus.yml"},
		{"alertmanager.yml has no route", "alertmanager/alertmanager.yml", "global: {}", "alertmanager/alertmanager.yml"},
		{"rules are no PromQL", "prometheus/rules/scaling.yml", "groups: [{name: g, rules: [{record: a, expr: 'sum('}]}]", "prometheus/rules/scaling.yml"},
		{
			"a rule cannot be evaluated", "prometheus/rules/scaling.yml",
			"groups: [{name: g, rules: [{record: a, expr: 'label_replace({job=~\"gateway.*\"}, \"__name__\", \"x\", \"\", \"\")'}]}]", "prometheus/rules/scaling.yml: group g: rule a",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Run(t.Context(), Options{
				Config: change(c.path, c.text), WarmUp: -1, Functions: []Function{{Name: "f", Scaling: function.DefaultScaling(), Curve: flat(2*time.Second, 1)}},
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that names %s", err, c.want)
			}
		})
	}
}

func TestOptionErrors(t *testing.T) {
	good := Function{Name: "f", Scaling: function.DefaultScaling(), Curve: flat(time.Second, 1)}
	bad := func(change func(*Function)) Function {
		f := good
		change(&f)
		return f
	}
	for name, functions := range map[string][]Function{
		"there is no function":           nil,
		"there are two functions f":      {good, good},
		"it has no load":                 {bad(func(f *Function) { f.Curve = nil })},
		"it has no scaling":              {bad(func(f *Function) { f.Scaling = function.Scaling{} })},
		"the load has no length":         {bad(func(f *Function) { f.Curve = flat(0, 1) })},
		"rehearse: function 0: function": {bad(func(f *Function) { f.Name = "Bad Name" })},
	} {
		_, err := Run(t.Context(), Options{Functions: functions})
		if !errors.Is(err, function.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want an invalid one with %q", err, name)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var seen []time.Duration
	_, err := Run(ctx, Options{
		WarmUp: -1, Functions: []Function{{Name: "f", Scaling: function.DefaultScaling(), Curve: flat(10*time.Hour, 1)}},
		Progress: func(done, of time.Duration) {
			if seen = append(seen, done); of != 10*time.Hour {
				t.Errorf("of %s, want the length", of)
			}
			if done > time.Second {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if len(seen) < 2 || seen[len(seen)-1] < seen[0] {
		t.Errorf("progress %v, want it to go on", seen)
	}
}

func TestClassicSteps(t *testing.T) {
	r := run(t, Classic(Options{
		WarmUp: -1, Functions: []Function{{Name: "f", Scaling: function.DefaultScaling(), Start: 1, Curve: jump(3*time.Minute, 50, 90*time.Second, 0), Even: true}},
	}))
	var counts []int
	for _, d := range r.Functions[0].Decisions {
		counts = append(counts, d.To)
	}
	// It fires after half a minute, and steps again 40 s later: the first flush after 30 s have passed.
	if diff := cmp.Diff([]int{5, 9, 1}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if r.Functions[0].Held[scaler.CodeScaled] != 0 {
		t.Error("what was applied counts as held")
	}
}
