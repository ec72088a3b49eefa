package live

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"faas/api"
	"faas/function"
)

func TestStates(t *testing.T) {
	nan := api.Unknown()
	for _, tt := range []struct {
		row         api.PortalRow
		state, text string
	}{
		{api.PortalRow{Blocked: "exit status 1", Desired: 1}, "blocked", "blocked: exit status 1"},
		{api.PortalRow{Held: 2}, "waking", "waking, 2 waiting"},
		{api.PortalRow{}, "zero", "asleep"},
		{api.PortalRow{Desired: 1, Held: 2}, "starting", "starting, 2 waiting"},
		{api.PortalRow{Desired: 1, Ready: 1, Held: 2}, "full", "full, 2 waiting"},
		{api.PortalRow{Desired: 2}, "starting", "starting 2"},
		{api.PortalRow{Desired: 8, Ready: 3}, "starting", "scaling 3→8"},
		{api.PortalRow{Desired: 3, Ready: 8}, "draining", "scaling 8→3"},
		{api.PortalRow{Desired: 1, Ready: 1, Errors: 0.25, RPS: 9}, "failing", "failing, 25 % errors"},
		{api.PortalRow{Desired: 1, Ready: 1, Errors: 0.001, RPS: 9}, "ready", "steady"},
		{api.PortalRow{Desired: 5, Ready: 5, Min: 1, Errors: nan}, "ready", "idle, 5 held by the down window"},
		{api.PortalRow{Desired: 1, Ready: 1, Min: 1, Errors: nan}, "ready", "idle"},
		{api.PortalRow{Desired: 5, Ready: 5, Min: 1, Max: 5, RPS: 9}, "ready", "at maximum"},
		{api.PortalRow{Desired: 5, Ready: 5, Min: 1, Max: 9, RPS: nan, InFlight: nan, Errors: nan}, "ready", "steady"},
	} {
		if state, text := state(tt.row); state != tt.state || text != tt.text {
			t.Errorf("%+v: %s, %q", tt.row, state, text)
		}
	}
}

func TestMeasures(t *testing.T) {
	at := time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	nan := math.NaN()
	cpu, capacity := ready("cpu", 1, 1), ready("capacity", 1, 1)
	cpu.Status.Scaling.Signals = []function.Signal{{Type: function.ScalingCPU, Target: 500}}
	capacity.Status.Scaling.Signals = []function.Signal{{Type: function.ScalingCapacity, Target: 5}}
	tab := newTable()
	tab.loads, tab.loadsAt = map[string]Load{"capacity": {nan, 3}}, at
	tab.answers, tab.answersAt = map[string]Answers{
		"cpu": {0.1, 0.2, 0, Load{12, 1.5}}, "capacity": {nan, nan, nan, Load{8, 2}}, "rps": {nan, nan, nan, Load{8, 2}},
	}, at
	for _, tt := range []struct {
		f             Function
		after         time.Duration
		rps, inFlight float64
	}{
		{cpu, 0, 12, 1.5},
		{capacity, 0, 8, 3},
		{ready("rps", 1, 1), 0, 8, 2},
		{ready("new", 1, 1), 0, 0, nan},
		{capacity, maxLoadsAge + 1, nan, nan},
	} {
		m := tab.measure(tt.f, Load{99, 99}, at.Add(tt.after)) // its own counters count where it is alone only
		want := measures{api.Number(tt.rps), api.Number(tt.inFlight), m.p50, m.p99, m.errors}
		if !m.same(want) {
			t.Errorf("%s after %s: %+v", tt.f.Status.Name, tt.after, m)
		}
	}
	tab.alone = true
	for _, tt := range []struct {
		own           Load
		rps, inFlight float64
	}{{Load{7, 0.5}, 7, 3}, {Load{nan, nan}, 8, 3}} {
		if m := tab.measure(capacity, tt.own, at); m.rps != api.Number(tt.rps) || m.inFlight != api.Number(tt.inFlight) {
			t.Errorf("alone, with %+v of its own: %+v", tt.own, m)
		}
	}
}

func TestSpark(t *testing.T) {
	at := time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	s := newSpark(at)
	read := func(now time.Time) (list []api.Number) {
		if err := json.Unmarshal(s.append(nil, now), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	for i := range 20 { // of 4 slots: 0, 5, 10 and 15 to 4, 9, 14 and 19
		s.add(at.Add(time.Duration(i)*time.Second), float64(i))
	}
	list := read(at.Add(20 * time.Second))
	if len(list) != sparkPoints || list[sparkPoints-1] != 17 || list[sparkPoints-4] != 2 || list[sparkPoints-5].Known() {
		t.Errorf("it is %v", list)
	}
	s.fill(at, []float64{100, 101})
	if list = read(at.Add(20 * time.Second)); list[sparkPoints-5] != 101 || list[sparkPoints-6] != 100 || list[sparkPoints-4] != 2 {
		t.Errorf("with its past it is %v", list)
	}
	if list = read(at.Add(time.Hour)); list[0].Known() || list[sparkPoints-1].Known() {
		t.Errorf("an hour later it is %v", list)
	}
}

// BenchmarkTick looks at 500 functions, of which all, a tenth or none have a load that changes.
func BenchmarkTick(b *testing.B) {
	const functions = 500
	for _, busy := range []int{0, functions / 10, functions} {
		b.Run(fmt.Sprintf("busy=%d", busy), func(b *testing.B) {
			now := time.Now()
			var list []Function
			loads := map[string]Load{}
			for i := range functions {
				list = append(list, ready(fmt.Sprintf("function-%03d", i), 3, 3))
			}
			tab := newTable()
			tab.tick(list, now)
			sent := 0
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				now = now.Add(time.Second)
				for i := range busy {
					loads[list[i].Status.Name] = Load{float64(n%100) + 0.5, float64(n % 7)}
					list[i].Invocations++
				}
				tab.loads, tab.loadsAt = loads, now
				sent = len(tab.tick(list, now))
			}
			b.ReportMetric(float64(sent), "B/event")
		})
	}
}

// BenchmarkFull makes what a page gets first.
func BenchmarkFull(b *testing.B) {
	now := time.Now()
	var list []Function
	for i := range 500 {
		list = append(list, ready(fmt.Sprintf("function-%03d", i), 3, 3))
	}
	tab := newTable()
	tab.tick(list, now)
	b.ReportAllocs()
	sent := 0
	for b.Loop() {
		sent = len(tab.full(now))
	}
	b.ReportMetric(float64(sent), "B/event")
}
