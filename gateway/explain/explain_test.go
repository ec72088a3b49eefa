package explain

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"faas/function"
)

// at is the moment of every test.
var at = time.Date(2026, 11, 22, 18, 4, 0, 0, time.UTC)

// facts are those of a function of type rps with the target 5, of which a replica carries 4.5, that has so many replicas
// and so much load.
func facts(replicas int, rps float64, change ...func(*Facts)) Facts {
	s := function.DefaultScaling()
	f := Facts{
		Now: at, Status: function.Status{Scaling: s, Desired: replicas},
		Readings: Readings{Loads: map[function.ScalingType]float64{function.ScalingRPS: rps}, Wanted: &replicas},
	}
	for range replicas {
		f.Status.Replicas = append(f.Status.Replicas, function.Replica{State: function.ReplicaReady})
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

func frozen(up, down bool) func(*Facts) {
	return func(f *Facts) {
		f.Frozen = append(f.Frozen, Frozen{Silence: "5bd1", Until: at.Add(time.Hour), Comment: "a release", Up: up, Down: down})
	}
}

func unknown(f *Facts) {
	f.Readings, f.Unknown = Readings{}, "Prometheus does not answer: http://127.0.0.1:9090: connection refused"
}

func loopLost(f *Facts) {
	f.ControlLoop = errors.New("control loop lost: no Heartbeat alert since 18:00")
}

// starting leaves only some replicas ready.
func starting(ready int, ago time.Duration) func(*Facts) {
	return func(f *Facts) {
		for i := range f.Status.Replicas[ready:] {
			f.Status.Replicas[ready+i].State = function.ReplicaStarting
		}
		if ago > 0 {
			f.Ordered = at.Add(-ago)
		}
	}
}

func blocked(f *Facts) { f.Status.Blocked = "no suitable node" }

func bounds(least, most int) func(*Facts) {
	return func(f *Facts) { f.Status.Scaling.Min, f.Status.Scaling.Max = least, most }
}

// signals replaces what the function follows.
func signals(all ...function.Signal) func(*Facts) {
	return func(f *Facts) { f.Status.Scaling.Signals = all }
}

func load(t function.ScalingType, v float64) func(*Facts) {
	return func(f *Facts) { f.Readings.Loads[t] = v }
}

func ordered(ago time.Duration) func(*Facts) { return func(f *Facts) { f.Ordered = at.Add(-ago) } }

// need is what is needed now, and the most of the down window.
func need(now, hold int, before ...Need) func(*Facts) {
	return func(f *Facts) { f.Readings.Need, f.Readings.Hold, f.Readings.Needs = &now, &hold, before }
}

func toZero(after time.Duration) func(*Facts) {
	return func(f *Facts) { f.Status.Scaling.Zero, f.Status.Scaling.ZeroDuration = true, after }
}

func invoked(ago time.Duration) func(*Facts) {
	return func(f *Facts) { f.LastInvocation = at.Add(-ago) }
}

// atRest is a function of which the rules have recorded nothing, since nothing arrived for so long.
func atRest(ago time.Duration) func(*Facts) {
	return func(f *Facts) { f.AtRest, f.Readings, f.LastInvocation = true, Readings{}, at.Add(-ago) }
}

func slots(n int) func(*Facts) { return func(f *Facts) { f.Status.Scaling.Slots = n } }

func wanted(n int) func(*Facts) { return func(f *Facts) { f.Readings.Wanted = &n } }

func overload(n int) func(*Facts) { return func(f *Facts) { f.Readings.Overload = n } }

func TestMore(t *testing.T) {
	cpu := function.Signal{Type: function.ScalingCPU, Target: 500}
	rps := function.Signal{Type: function.ScalingRPS, Target: 5}
	memory := function.Signal{Type: function.ScalingMemory, Target: 256 << 20}
	tests := []struct {
		name  string
		facts Facts
		want  string
	}{
		{"enough", facts(3, 12.3), "no: load 12.3 rps is within what 3 replicas carry (13.5)"},
		{"enough of one", facts(1, 4.44), "no: load 4.4 rps is within what 1 replica carries (4.5)"},
		{"no load", facts(3, 0), "no: there is no load"},
		{"asleep", facts(0, 0), "at 0: the next request wakes it, and rules raise nothing from there"},
		{"at the maximum", facts(20, 139), "at max 20: load wants 31"},
		{"at the maximum, and enough", facts(20, 50), "no: load 50 rps is within what 20 replicas carry (90)"},
		{"at rest", facts(1, 0, atRest(12*time.Minute)), "no: nothing arrived for 12m"},
		{"at rest with slots", facts(1, 0, atRest(12*time.Minute), slots(4)), "no: nothing arrived for 12m"},
		{"at rest and asleep", facts(0, 0, atRest(time.Hour)), "at 0: the next request wakes it, and rules raise nothing from there"},
		{
			"at rest, but not at another gateway", facts(1, 0, atRest(12*time.Minute), func(f *Facts) {
				f.Readings.Loads = map[function.ScalingType]float64{function.ScalingRPS: 3}
			}), "no: load 3 rps is within what 1 replica carries (4.5)",
		},
		{
			"at rest, as far as is known", facts(1, 0, atRest(12*time.Minute), unknown),
			"not known: Prometheus does not answer: http://127.0.0.1:9090: connection refused",
		},
		{
			"slots", facts(3, 12.3, slots(4), load(Slots, 7)),
			"no: load 12.3 rps is within what 3 replicas carry (13.5), 7 slots within 10.8",
		},
		{
			"slots that are taken", facts(3, 12.3, slots(4), load(Slots, 30), wanted(9)),
			"on its way: the rules want 9: 30 slots is more than what 3 replicas carry (10.8)",
		},
		{"slots without figures", facts(3, 12.3, slots(4)), "no: load 12.3 rps is within what 3 replicas carry (13.5); there are no figures of slots"},
		{"by chance", facts(1, 4.8), "not yet: 4.8 rps is more than what 1 replica carries (4.5), but chance alone does that: " +
			"it takes 5.7 over 30s, or 9.1 over 5s, and less while it rises"},
		{"for certain", facts(1, 9.2), "on its way: 9.2 rps is more than what 1 replica carries (4.5), and is ordered within seconds"},
		{"wanted", facts(2, 40, wanted(9)), "on its way: the rules want 9: 40 rps is more than what 2 replicas carry (9)"},
		{"ordered", facts(9, 40, starting(7, 8*time.Second)), "load wants 9, ordered 8s ago, 7 ready"},
		{"ordered by somebody else", facts(9, 40, starting(7, 0)), "load wants 9, ordered, 7 ready"},
		{"more was ordered", facts(9, 12, starting(7, 8*time.Second)), "load wants 3, 9 ordered 8s ago, 7 ready"},
		{"overload", facts(2, 5, overload(12)), "on its way: requests found all slots taken, and want 12"},
		{"overload at the maximum", facts(2, 5, overload(12), bounds(1, 2)), "at max 2: load wants 12"},
		{"blocked", facts(9, 40, starting(7, 8*time.Second), blocked), "replicas cannot start: no suitable node"},
		{"blocked and more wanted", facts(8, 40, starting(7, 8*time.Second), blocked), "replicas cannot start: no suitable node; load wants 9"},
		{"frozen", facts(3, 12.3, frozen(true, true)), "frozen by silence 5bd1 until 19:04:00 UTC (a release)"},
		{"frozen and more wanted", facts(3, 40, frozen(true, true)), "frozen by silence 5bd1 until 19:04:00 UTC (a release); load wants 9"},
		{"frozen this way", facts(3, 12.3, frozen(true, false)), "frozen upwards by silence 5bd1 until 19:04:00 UTC (a release)"},
		{
			"frozen twice", facts(3, 40, frozen(true, false), frozen(false, true), frozen(true, true)),
			"frozen upwards by silence 5bd1 until 19:04:00 UTC (a release); frozen by silence 5bd1 until 19:04:00 UTC (a release); load wants 9",
		},
		{"frozen the other way", facts(3, 12.3, frozen(false, true)), "no: load 12.3 rps is within what 3 replicas carry (13.5)"},
		{"the loop is lost", facts(3, 40, loopLost), "no orders arrive: control loop lost: no Heartbeat alert since 18:00; load wants 9"},
		{"not known", facts(3, 0, unknown), "not known: Prometheus does not answer: http://127.0.0.1:9090: connection refused"},
		{"not known at the maximum", facts(20, 0, unknown), "at max 20: Prometheus does not answer: http://127.0.0.1:9090: connection refused"},
		{"not known, but starting", facts(3, 0, unknown, starting(1, 2*time.Second)), "3 ordered 2s ago, 1 ready"},
		{"no figures", facts(1, 0, signals(cpu)), "no figures of cpu: no number, no order"},
		{
			"several", facts(3, 12.3, signals(rps, cpu, memory), load(function.ScalingCPU, 800), load(function.ScalingMemory, 300<<20)),
			"no: load 12.3 rps is within what 3 replicas carry (13.5), 800m cpu within 1350m, 300Mi memory within 691Mi",
		},
		{
			"one of several without figures", facts(3, 12.3, signals(rps, cpu)),
			"no: load 12.3 rps is within what 3 replicas carry (13.5); there are no figures of cpu",
		},
		{
			"the largest of several", facts(3, 12.3, signals(rps, cpu), load(function.ScalingCPU, 1400)),
			"not yet: 1400m cpu is more than what 3 replicas carry (1350m), but by less than 10 %",
		},
		{
			"a level for certain", facts(3, 12.3, signals(rps, cpu), load(function.ScalingCPU, 1600)),
			"on its way: 1600m cpu is more than what 3 replicas carry (1350m), and is ordered within seconds",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.facts.More(); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestFewer(t *testing.T) {
	seen := []Need{{at.Add(-50 * time.Second), 14}, {at.Add(-26 * time.Second), 12}, {at.Add(-20 * time.Second), 4}, {at, 3}}
	tests := []struct {
		name  string
		facts Facts
		want  string
	}{
		{"asleep", facts(0, 0), "at 0 already"},
		{"at the minimum", facts(1, 0), "at min 1"},
		{"at a greater minimum", facts(3, 0, bounds(3, 20)), "at min 3"},
		{"at the last one", facts(1, 0, bounds(0, 20)), "the last one stays: zero is false"},
		{"above the maximum", facts(9, 40, bounds(1, 5)), "on its way: max is 5"},
		{"needed", facts(9, 38, need(9, 9)), "to go down, 38 rps count as 9 replicas, with room for chance"},
		{
			"needed by a level", facts(2, 0, need(2, 2), signals(function.Signal{Type: function.ScalingCPU, Target: 300}), load(function.ScalingCPU, 470)),
			"load needs them: 470m cpu need 2",
		},
		{"just ordered", facts(9, 10, need(9, 9), ordered(2*time.Second)), "ordered 2s ago: what was just ordered counts as needed"},
		{"needed for another reason", facts(9, 0, need(9, 9)), "9 count as needed"},
		{
			"held", facts(12, 10, need(3, 12, seen...)),
			"down window holds 12 until about 18:04:10 UTC, in 10s (window 30s), then 4 by what was needed since",
		},
		{"held by what nobody saw", facts(12, 10, need(3, 12)), "down window holds 12 (30s)"},
		{"on its way", facts(12, 10, need(3, 4)), "on its way to 4: no more were needed for 30s, and 6s more are waited"},
		{"on its way to the minimum", facts(12, 10, need(3, 4), bounds(5, 20)), "on its way to 5: no more were needed for 30s, and 6s more are waited"},
		{"ordered down", facts(12, 10, need(3, 4), wanted(4)), "on its way: the rules want 4, as no more were needed for 30s"},
		{"less than a tenth", facts(12, 10, need(3, 11)), "11 would do, but steps of less than a tenth are not taken"},
		{"a tenth", facts(10, 10, need(3, 9)), "on its way to 9: no more were needed for 30s, and 6s more are waited"},
		{
			"less than a tenth, but the minimum", facts(12, 10, need(3, 4), bounds(11, 20)),
			"on its way to 11: no more were needed for 30s, and 6s more are waited",
		},
		{
			"held, and less than a tenth", facts(12, 10, need(11, 12, Need{at.Add(-26 * time.Second), 12}, Need{at, 11})),
			"down window holds 12 until about 18:04:10 UTC, in 10s (window 30s); 11 were needed since, and steps of less than a tenth are not taken",
		},
		{
			"held, and just ordered", facts(12, 10, need(3, 12, seen...), ordered(10*time.Second)),
			"down window holds 12 until about 18:04:20 UTC, in 20s (window 30s), then 4 by what was needed since",
		},
		{
			"just changed", facts(12, 10, need(3, 4), ordered(8*time.Second)),
			"on its way to 4: no more were needed for 30s, but steps down wait until the count stood for 30s, and it was ordered 8s ago",
		},
		{
			"changed a short window ago", facts(12, 10, need(3, 4), ordered(11*time.Second), func(f *Facts) { f.Status.Scaling.DownWindow = 10 * time.Second }),
			"on its way to 4: no more were needed for 10s, and 6s more are waited",
		},
		{"needed for an overload", facts(9, 10, need(9, 9), overload(9)), "requests found all slots taken, and want 9"},
		{"frozen", facts(3, 12.3, frozen(true, true)), "frozen by silence 5bd1 until 19:04:00 UTC (a release)"},
		{"frozen this way", facts(3, 12.3, frozen(false, true)), "frozen downwards by silence 5bd1 until 19:04:00 UTC (a release)"},
		{"frozen the other way", facts(1, 0, frozen(true, false)), "at min 1"},
		{"the loop is lost", facts(3, 0, loopLost), "no orders arrive: control loop lost: no Heartbeat alert since 18:00"},
		{"at rest", facts(1, 0, atRest(12*time.Minute)), "at min 1"},
		{"at rest and asleep", facts(0, 0, atRest(12*time.Minute)), "at 0 already"},
		{"needed for their slots", facts(9, 0, need(9, 9), slots(4), load(Slots, 30)), "to go down, 30 slots count as 9 replicas, with room for chance"},
		{"not known", facts(3, 0, unknown), "not known: Prometheus does not answer: http://127.0.0.1:9090: connection refused"},
		{"not known at the minimum", facts(1, 0, unknown), "at min 1"},
		{"no figures", facts(3, 0, signals(function.Signal{Type: function.ScalingCPU, Target: 500})), "no figures of cpu: no number, no order"},
		{"nothing recorded", facts(3, 0), "not known yet: the rules have recorded no need"},
		{"to zero", facts(1, 0, toZero(15*time.Minute), invoked(3*time.Minute)), "to 0 after 15m without a request: none came for 3m"},
		{"to zero, never called", facts(1, 0, toZero(15*time.Minute)), "to 0 after 15m without a request"},
		{"frozen at the last one", facts(1, 0, toZero(time.Minute), func(f *Facts) {
			f.Frozen = []Frozen{{Silence: "7", Until: at.Add(time.Hour), Zero: true}}
		}), "frozen above zero by silence 7 until 19:04:00 UTC"},
		{"frozen, but at the minimum", facts(1, 0, frozen(true, true)), "at min 1"},
		{
			"in use", facts(1, 0, toZero(time.Hour), invoked(3*time.Minute), func(f *Facts) { f.InFlight = 2 }),
			"to 0 after 1h without a request: there are 2 under way",
		},
		{
			"zero is due", facts(1, 0, toZero(time.Minute), invoked(90*time.Second)),
			"to 0 is due, with no request for 1m30s: it waits for evidence that nothing is queued, needed or under way at any gateway",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.facts.Fewer(); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestAmounts(t *testing.T) {
	for _, tt := range []struct {
		signal function.ScalingType
		v      float64
		want   string
	}{
		{function.ScalingRPS, 0, "0 rps"},
		{function.ScalingRPS, 0.004, "0.004 rps"},
		{function.ScalingRPS, 1234.5, "1235 rps"},
		{function.ScalingCapacity, 8.25, "8.3 in flight"},
		{function.ScalingCPU, 1349.6, "1350m cpu"},
		{function.ScalingMemory, 20 << 30, "20Gi memory"},
		{function.ScalingQueue, 12, "12 queued"},
		{function.ScalingCustom, 99.96, "100 custom"},
	} {
		if got := amount(tt.signal, tt.v); got != tt.want {
			t.Errorf("%s %g: got %q, want %q", tt.signal, tt.v, got, tt.want)
		}
	}
}

func TestMoments(t *testing.T) {
	for _, tt := range []struct {
		t    time.Time
		want string
	}{
		{at.Add(time.Minute), "18:05:00 UTC"},
		{at.Add(time.Minute).In(time.FixedZone("X", 3600)), "18:05:00 UTC"},
		{at.Add(24 * time.Hour), "2026-11-23 18:04 UTC"},
	} {
		if got := moment(at, tt.t); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestHugeTarget checks that all numbers are some that JSON has.
func TestHugeTarget(t *testing.T) {
	f := facts(12, 50, signals(function.Signal{Type: function.ScalingRPS, Target: math.MaxFloat64}))
	f.Status.Scaling.Proportion = 1
	if _, err := json.Marshal(f.Signals()); err != nil {
		t.Error(err)
	}
}
