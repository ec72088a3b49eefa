package scaler

import (
	"testing"
	"testing/quick"
	"time"

	"faas/function"
	"faas/internal/alerting"
)

// noon is the moment of most decisions here.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

// bounds gives a Scaling with the default factor, so a step is a fifth of high.
func bounds(low, high int) function.Scaling {
	s := function.DefaultScaling()
	s.Min, s.Max = low, high
	return s
}

func toZero(s function.Scaling) function.Scaling {
	s.Zero = true
	return s
}

func withoutSteps(s function.Scaling) function.Scaling {
	s.Factor = 0
	return s
}

func TestDecide(t *testing.T) {
	firing := func(n int) Alert { return Alert{Firing: true, Replicas: n, StartsAt: ago(time.Second)} }
	resolved := func(n int) Alert { return Alert{Replicas: n, StartsAt: ago(time.Minute), EndsAt: ago(time.Second)} }
	up := func(a Alert) Alert { a.Direction = Up; return a }
	down := func(a Alert) Alert { a.Direction = Down; return a }
	step := func(a Alert) Alert { a.Step, a.Replicas = true, 0; return a }
	since := func(d time.Duration, a Alert) Alert { a.StartsAt = ago(d); return a }
	at := func(n int, s function.Scaling) State { return State{Scaling: s, Desired: n} }
	// after gives a state whose last order was given and applied so long ago.
	after := func(d time.Duration, st State) State { st.OrderedAt, st.AppliedAt = ago(d), ago(d); return st }

	raised := func(d time.Duration, st State) State { st.RaisedAt = ago(d); return st }
	blocked := func(st State) State { st.Blocked = "exit status 1"; return st }
	freeze := func(st State, f ...alerting.Freeze) State { st.Frozen = f; return st }
	upward := alerting.Freeze{Silence: "u", Until: noon, Comment: "load test", Up: true}
	downward := alerting.Freeze{Silence: "d", Until: noon, Down: true, Zero: true}
	both := alerting.Freeze{Silence: "b", Until: noon, Up: true, Down: true, Zero: true}
	idle := alerting.Freeze{Silence: "i", Until: noon, Zero: true}

	tests := []struct {
		name   string
		state  State
		alert  Alert
		to     int
		code   Code
		reason string
	}{
		{"a firing alert sets exactly its count", at(4, bounds(1, 20)), firing(12), 12, CodeScaled, "ordered 12"},
		{"down as well as up", at(12, bounds(1, 20)), firing(4), 4, CodeScaled, "ordered 4"},
		{"the same again changes nothing", at(12, bounds(1, 20)), firing(12), 12, CodeUnchanged, "already at 12"},
		{"above max is clamped", at(4, bounds(1, 20)), firing(30), 20, CodeScaled, "ordered 30 (clamped from 30 to max 20)"},
		{"at max, more is ordered", at(20, bounds(1, 20)), firing(30), 20, CodeUnchanged, "already at 20 (clamped from 30 to max 20)"},
		{"below min is clamped", at(9, bounds(3, 20)), firing(2), 3, CodeScaled, "ordered 2 (clamped from 2 to min 3)"},
		{
			"0 without leave to scale to zero is min", at(9, bounds(3, 20)), firing(0), 3, CodeScaled,
			"ordered 0 (clamped from 0 to min 3: com.openfaas.scale.zero is not true)",
		},
		{"0 with leave is 0", at(9, toZero(bounds(3, 20))), firing(0), 0, CodeScaled, "ordered 0"},
		{"leave to scale to zero does not lower min", at(9, toZero(bounds(3, 20))), firing(1), 3, CodeScaled, "ordered 1 (clamped from 1 to min 3)"},
		{
			"min 0 is no leave", at(9, bounds(0, 20)), firing(0), 1, CodeScaled,
			"ordered 0 (clamped from 0 to 1: com.openfaas.scale.zero is not true)",
		},
		{"min 0 with leave is 0", at(9, toZero(bounds(0, 20))), firing(0), 0, CodeScaled, "ordered 0"},
		{
			"a resolved step does not go below 1 without leave", at(9, bounds(0, 20)), step(resolved(0)), 1, CodeScaled,
			"step alert resolved: back to the minimum (clamped from 0 to 1: com.openfaas.scale.zero is not true)",
		},

		{"resolved means converged", at(12, bounds(1, 20)), resolved(12), 12, CodeConverged, "resolved: already converged, nothing to do"},
		{"resolved elsewhere than its count still does nothing", at(4, bounds(1, 20)), resolved(12), 4, CodeConverged, "resolved: already converged, nothing to do"},

		{"an up order raises", at(4, bounds(1, 20)), up(firing(12)), 12, CodeScaled, "ordered 12"},
		{"an up order never lowers", at(15, bounds(1, 20)), up(firing(12)), 15, CodeDirection, "at 15: an order up to 12 never lowers"},
		{"nor does clamping it", at(25, bounds(1, 20)), up(firing(30)), 25, CodeDirection, "at 25: an order up to 20 never lowers (clamped from 30 to max 20)"},
		{"a down order lowers", at(12, bounds(1, 20)), down(firing(4)), 4, CodeScaled, "ordered 4"},
		{"a down order never raises", at(3, bounds(1, 20)), down(firing(4)), 3, CodeDirection, "at 3: an order down to 4 never raises"},
		{"a down order does not wake", at(0, toZero(bounds(1, 20))), down(firing(1)), 0, CodeDirection, "at 0: an order down to 1 never raises"},

		{"older than the last decision is dropped", after(time.Second, at(15, bounds(1, 20))), since(2*time.Second, firing(12)), 15, CodeStale, "older than the last decision"},
		{"as old as the last decision is not", after(time.Second, at(15, bounds(1, 20))), since(time.Second, firing(12)), 12, CodeScaled, "ordered 12"},
		{"a repetition long after the decision is evidence of the present", after(Settle, at(5, bounds(1, 20))), since(time.Minute, firing(12)), 12, CodeScaled, "ordered 12"},
		{"a start in the future counts as now", after(-time.Hour, at(5, bounds(1, 20))), since(-2*time.Hour, firing(12)), 5, CodeStale, "older than the last decision"},

		{"an older order up for less is passed", after(time.Second, at(15, bounds(1, 20))), since(2*time.Second, up(firing(12))), 15, CodePassed, "at 15: past the 12 that this order up wants"},
		{"and one as old", after(time.Second, at(15, bounds(1, 20))), up(firing(12)), 15, CodePassed, "at 15: past the 12 that this order up wants"},
		{"an older order up for more is stale", after(time.Second, at(15, bounds(1, 20))), since(2*time.Second, up(firing(16))), 15, CodeStale, "older than the last decision"},
		{"an older order down for more is passed", after(time.Second, at(5, bounds(1, 20))), since(2*time.Second, down(firing(12))), 5, CodePassed, "at 5: past the 12 that this order down wants"},
		{"long after the decision it is a rule at odds with itself", after(Settle, at(15, bounds(1, 20))), since(time.Minute, up(firing(12))), 15, CodeDirection, "at 15: an order up to 12 never lowers"},
		{"a new order up for less than was just raised to is passed", raised(time.Second, at(15, bounds(1, 20))), up(firing(12)), 15, CodePassed, "at 15: past the 12 that this order up wants"},

		{"an order down right after a raise is put off", raised(400*time.Millisecond, at(15, bounds(1, 20))), since(0, down(firing(3))), 15, CodeCalm, "at 15: raised 0.4 s ago, which this order could not know"},
		{"after a while it is not", raised(Calm, at(15, bounds(1, 20))), since(0, down(firing(3))), 3, CodeScaled, "ordered 3"},
		{"an order of any direction is not", raised(time.Second, at(15, bounds(1, 20))), since(0, firing(3)), 3, CodeScaled, "ordered 3"},
		{"nor the end of a step, which comes once", raised(2*time.Second, at(15, bounds(1, 20))), step(resolved(0)), 1, CodeScaled, "step alert resolved: back to the minimum"},

		{"frozen, no order raises", freeze(at(4, bounds(1, 20)), both), firing(12), 4, CodeFrozen, both.String()},
		{"nor lowers", freeze(at(12, bounds(1, 20)), both), down(firing(4)), 12, CodeFrozen, both.String()},
		{"nor steps", freeze(at(4, bounds(1, 20)), both), step(firing(0)), 4, CodeFrozen, both.String()},
		{"nor ends a step", freeze(at(4, bounds(1, 20)), both), step(resolved(0)), 4, CodeFrozen, both.String()},
		{"clamping is told of", freeze(at(4, bounds(1, 20)), both), firing(30), 4, CodeFrozen, both.String() + " (clamped from 30 to max 20)"},
		{"what stands is confirmed", freeze(at(4, bounds(1, 20)), both), firing(4), 4, CodeUnchanged, "already at 4"},
		{"frozen upwards, an order lowers", freeze(at(12, bounds(1, 20)), upward), firing(4), 4, CodeScaled, "ordered 4"},
		{"and none raises", freeze(at(4, bounds(1, 20)), upward), firing(12), 4, CodeFrozen, upward.String()},
		{"frozen downwards, an order raises", freeze(at(4, bounds(1, 20)), downward), firing(12), 12, CodeScaled, "ordered 12"},
		{"and none lowers", freeze(at(12, bounds(1, 20)), upward, downward), firing(4), 12, CodeFrozen, downward.String()},
		{"frozen above zero, an order lowers", freeze(at(12, toZero(bounds(1, 20))), idle), firing(4), 4, CodeScaled, "ordered 4"},
		{"and none lowers to zero", freeze(at(12, toZero(bounds(1, 20))), idle), down(firing(0)), 12, CodeFrozen, idle.String()},
		{"frozen comes before blocked", freeze(blocked(at(4, bounds(1, 20))), both), firing(12), 4, CodeFrozen, both.String()},

		{"a step adds a fifth of max", at(4, bounds(1, 20)), step(firing(0)), 8, CodeScaled, "step of 4"},
		{"a step stops at max", at(18, bounds(1, 20)), step(firing(0)), 20, CodeScaled, "step of 4 (clamped from 22 to max 20)"},
		{"a step at max", at(20, bounds(1, 20)), step(firing(0)), 20, CodeUnchanged, "already at 20 (clamped from 24 to max 20)"},
		{
			"a step never lowers what a user set above max", at(30, bounds(1, 20)), step(firing(0)), 30, CodeDirection,
			"at 30: an order up to 20 never lowers (clamped from 34 to max 20)",
		},
		{"a resolved step goes back to min", at(16, bounds(2, 20)), step(resolved(0)), 2, CodeScaled, "step alert resolved: back to the minimum"},
		{"a resolved step at min", at(2, bounds(2, 20)), step(resolved(0)), 2, CodeUnchanged, "already at 2"},
		{"a resolved step does not wake", at(0, bounds(2, 20)), step(resolved(0)), 0, CodeDirection, "at 0: an order down to 2 never raises"},
		{"a step that resolved before the last decision", after(0, at(7, bounds(1, 20))), step(resolved(0)), 7, CodeStale, "older than the last decision"},
		{
			"a step that resolved after it, though it began before", after(30*time.Second, at(7, bounds(1, 20))), step(resolved(0)), 1, CodeScaled,
			"step alert resolved: back to the minimum",
		},
		{"factor 0 turns steps off", at(4, withoutSteps(bounds(1, 20))), step(firing(0)), 4, CodeOff, "step scaling is off: com.openfaas.scale.factor is 0"},
		{"factor 0 turns their end off", at(4, withoutSteps(bounds(1, 20))), step(resolved(0)), 4, CodeOff, "step scaling is off: com.openfaas.scale.factor is 0"},
		{"factor 0 does not concern counts", at(4, withoutSteps(bounds(1, 20))), firing(12), 12, CodeScaled, "ordered 12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Decide(noon, tt.state, tt.alert)
			if got.To != tt.to || got.Code != tt.code || got.Reason != tt.reason {
				t.Errorf("to %d, %s, %q; want %d, %s, %q", got.To, got.Code, got.Reason, tt.to, tt.code, tt.reason)
			}
			if got.From != tt.state.Desired {
				t.Errorf("from %d, want %d", got.From, tt.state.Desired)
			}
			if got.OrderedAt.After(noon) {
				t.Errorf("ordered at %v, in the future", got.OrderedAt)
			}
		})
	}
}

func TestDecideManual(t *testing.T) {
	for _, tt := range []struct {
		name               string
		desired, order, to int
		code               Code
	}{
		{"any count", 4, 7, 7, CodeScaled},
		{"to zero without leave", 4, 0, 0, CodeScaled},
		{"beyond max", 4, 50, 50, CodeScaled},
		{"the present count", 4, 4, 4, CodeUnchanged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := decideManual(noon, State{Scaling: bounds(1, 20), Desired: tt.desired}, tt.order)
			if got.To != tt.to || got.Code != tt.code {
				t.Errorf("to %d, %s; want %d, %s", got.To, got.Code, tt.to, tt.code)
			}
		})
	}
}

func TestDecideWake(t *testing.T) {
	for _, tt := range []struct {
		name             string
		low, desired, to int
		code             Code
	}{
		{"from zero to one", 0, 0, 1, CodeScaled},
		{"from zero to min", 3, 0, 3, CodeScaled},
		{"awake already", 3, 1, 1, CodeAwake},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := decideWake(noon, State{Scaling: bounds(tt.low, 20), Desired: tt.desired})
			if got.To != tt.to || got.Code != tt.code {
				t.Errorf("to %d, %s; want %d, %s", got.To, got.Code, tt.to, tt.code)
			}
		})
	}
}

// TestContradictingRules has two rules that never resolve and want different counts: the newer wins, and the
// count does not swing with their repetitions.
func TestContradictingRules(t *testing.T) {
	older := Alert{Firing: true, Replicas: 15, StartsAt: ago(time.Hour)}
	newer := Alert{Firing: true, Replicas: 12, StartsAt: ago(time.Minute)}
	st := State{Scaling: bounds(1, 20), Desired: 15}
	changes := 0
	for i := range 100 {
		now := noon.Add(time.Duration(i) * 5 * time.Second)
		a := newer
		if i%2 == 1 {
			a = older
		}
		d := Decide(now, st, a)
		if d.Apply() {
			changes++
		}
		st = st.after(now, d)
	}
	if st.Desired != 12 || changes != 1 {
		t.Errorf("at %d after %d changes, want 12 after 1", st.Desired, changes)
	}
}

// scenario is what testing/quick fills in for the properties below.
type scenario struct {
	Low, Span, Desired, Replicas, Percent uint8
	Zero, Firing, Step                    bool
	Direction                             uint8
	Age, LastOrder, LastApplied           uint8 // seconds ago
	LastRaise                             uint8 // tenths of a second ago
	FrozenUp, FrozenDown, FrozenZero      bool
}

func (s scenario) state() State {
	scaling := bounds(int(s.Low), int(s.Low)+int(s.Span))
	scaling.Max = max(1, scaling.Max)
	scaling.Zero, scaling.Factor = s.Zero, int(s.Percent)%101
	return State{
		Scaling: scaling, Desired: int(s.Desired),
		OrderedAt: ago(time.Duration(s.LastOrder) * time.Second), AppliedAt: ago(time.Duration(s.LastApplied) * time.Second),
		RaisedAt: ago(time.Duration(s.LastRaise) * time.Second / 10),
		Frozen:   []alerting.Freeze{{Up: s.FrozenUp, Down: s.FrozenDown, Zero: s.FrozenZero}},
	}
}

func (s scenario) alert() Alert {
	a := Alert{
		Firing: s.Firing, Step: s.Step, Replicas: int(s.Replicas),
		Direction: []Direction{"", Up, Down}[s.Direction%3], StartsAt: ago(time.Duration(s.Age) * time.Second),
	}
	if a.Step {
		a.Replicas = 0
	}
	if !a.Firing {
		a.EndsAt = ago(time.Duration(s.Age/2) * time.Second)
	}
	return a
}

func TestDecideProperties(t *testing.T) {
	decide := func(s scenario) (State, Alert, Decision) {
		st, a := s.state(), s.alert()
		return st, a, Decide(noon, st, a)
	}
	properties := map[string]func(scenario) bool{
		"what is applied lies within the bounds, or is an allowed 0": func(s scenario) bool {
			st, a, d := decide(s)
			within := st.Scaling.Min <= d.To && d.To <= st.Scaling.Max
			if d.To == 0 {
				within = st.Scaling.Zero && (st.Scaling.Min == 0 || !a.Step)
			}
			return !d.Apply() || within
		},
		"what is applied changes the count, what is not leaves it": func(s scenario) bool {
			st, _, d := decide(s)
			return d.From == st.Desired && d.Apply() == (d.To != d.From) && d.Reason != ""
		},
		"the same count twice gives the same count": func(s scenario) bool {
			s.Step = false
			st, a, first := decide(s)
			second := Decide(noon, st.after(noon, first), a)
			return second.To == first.To && !second.Apply()
		},
		"resolved never raises": func(s scenario) bool {
			s.Firing = false
			st, _, d := decide(s)
			return d.To <= st.Desired
		},
		"a resolved count changes nothing": func(s scenario) bool {
			s.Firing, s.Step = false, false
			st, _, d := decide(s)
			return d.To == st.Desired
		},
		"up never lowers and down never raises": func(s scenario) bool {
			st, a, d := decide(s)
			return (a.allowed() != Up || d.To >= st.Desired) && (a.allowed() != Down || d.To <= st.Desired)
		},
		"what is frozen does not move": func(s scenario) bool {
			st, _, d := decide(s)
			return (!s.FrozenUp || d.To <= st.Desired) && (!s.FrozenDown || d.To >= st.Desired) && (!s.FrozenZero || d.To > 0 || !d.Apply())
		},
		"no order down takes back what was just raised": func(s scenario) bool {
			st, a, d := decide(s)
			return a.Direction != Down || a.Step || noon.Sub(st.RaisedAt) >= Calm || !d.Apply()
		},
		"an older order changes nothing until the last has settled": func(s scenario) bool {
			st, a, d := decide(s)
			fresh := !a.At().Before(st.OrderedAt) || noon.Sub(st.AppliedAt) >= Settle
			return fresh || !d.Apply()
		},
	}
	for name, property := range properties {
		t.Run(name, func(t *testing.T) {
			if err := quick.Check(property, &quick.Config{MaxCount: 20_000}); err != nil {
				t.Error(err)
			}
		})
	}
}
