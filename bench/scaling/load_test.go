package main

import (
	"testing"
	"time"

	"faas/e2e"
)

func TestSummarize(t *testing.T) {
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	r := summarize([]e2e.Count{
		{At: at(0.01), Desired: 1, Ready: 1},
		{At: at(0.6), Desired: 5, Ready: 1},
		{At: at(1), Desired: 12, Ready: 5},
		{At: at(1.1), Desired: 12, Ready: 11},
		{At: at(1.2), Desired: 12, Ready: 12},
		{At: at(61), Desired: 1, Ready: 12},
	}, at(30))
	want := loadRun{firstChange: at(0.6), nearReady: at(1.1), fullReady: at(1.2), back: at(31), most: 12}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	if r := summarize([]e2e.Count{{Desired: 1, Ready: 1}}, at(30)); r.firstChange != never || r.back != never {
		t.Errorf("%+v of a run in which nothing happened", r)
	}
}

func TestReadHey(t *testing.T) {
	requests, failed, err := readHey("Status code distribution:\n  [200]\t1490 responses\n  [502]\t3 responses\n\n" +
		"Error distribution:\n  [7]\tGet \"http://127.0.0.1:1\": dial tcp: connection refused\n")
	if requests != 1500 || failed != 10 || err != nil {
		t.Errorf("%d requests, %d failed, %v; want 1500, 10", requests, failed, err)
	}
	if _, _, err := readHey("nothing"); err == nil {
		t.Error("no report is no error")
	}
}

func TestPercentile(t *testing.T) {
	ds := []time.Duration{5, never, 1, 4, 3}
	if p50, p95 := percentile(ds, 50), percentile(ds, 95); p50 != 4 || p95 != never {
		t.Errorf("p50 %d, p95 %d; want 4, never", p50, p95)
	}
}
