package main

import (
	"testing"
	"time"

	"faas/e2e"
)

func at(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

func TestSummarize(t *testing.T) {
	counts := []e2e.Count{
		{At: at(0.01), Desired: 1, Ready: 1},
		{At: at(0.6), Desired: 5, Ready: 1},
		{At: at(1), Desired: 10, Ready: 5},
		{At: at(3.5), Desired: 10, Ready: 10},
		{At: at(50), Desired: 1, Ready: 10},
		{At: at(52), Desired: 1, Ready: 1},
	}
	r := summarize(counts, at(20))
	want := loadRun{
		firstChange: at(0.6), allReady: at(3.5), order: at(2.9), back: at(30), orders: " 5 at 0.60 s 10 at 1.00 s",
	}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	if r := summarize(counts[:1], at(20)); r.firstChange != never || r.allReady != never || r.back != never || r.kept() {
		t.Errorf("%+v of a run in which nothing happened", r)
	}
	if r := summarize(append(counts, e2e.Count{At: at(55), Desired: 2, Ready: 1}), at(20)); r.back != never {
		t.Errorf("back after %s, though it went up again", r.back)
	}
}

func TestKept(t *testing.T) {
	for _, test := range []struct {
		floor, ready time.Duration
		want         bool
	}{
		{at(2), at(3.6), true},
		{at(2), at(3.7), false},
		{at(2), never, false},
	} {
		if got := (loadRun{floor: test.floor, allReady: test.ready}).kept(); got != test.want {
			t.Errorf("%s, where Swarm alone takes %s: kept %t", test.ready, test.floor, got)
		}
	}
}

func TestTask(t *testing.T) {
	var one task
	for _, test := range []struct {
		state, desired string
		alive, running bool
	}{
		{"preparing", "running", true, false},
		{"running", "running", true, true},
		{"running", "shutdown", true, false},
		{"failed", "shutdown", false, false},
	} {
		one.Status.State, one.DesiredState = test.state, test.desired
		if one.alive() != test.alive || one.running() != test.running {
			t.Errorf("%s, wanted %s: alive %t, running %t", test.state, test.desired, one.alive(), one.running())
		}
	}
}
