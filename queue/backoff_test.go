package queue

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	const s = time.Second
	for _, test := range []struct {
		attempt int
		luck    float64
		want    time.Duration
	}{
		{0, 0, s},
		{1, 0, s},
		{2, 0, 2 * s},
		{3, 0, 4 * s},
		{7, 0, 64 * s},
		{8, 0, 120 * s},
		{9, 0, 120 * s},
		{1000, 0, 120 * s},
		{1, 1, 750 * time.Millisecond},
		{8, 0.5, 105 * s},
	} {
		if got := backoff(test.attempt, s, 2*time.Minute, test.luck); got != test.want {
			t.Errorf("after attempt %d with luck %v: %s, want %s", test.attempt, test.luck, got, test.want)
		}
	}
	if got := backoff(1, time.Minute, s, 0); got != s {
		t.Errorf("a first wait above the bound: %s", got)
	}
}

func TestPace(t *testing.T) {
	var p pace
	now := time.Unix(0, 0)
	want := func(at time.Time, n int) {
		t.Helper()
		if got, _ := p.room(at, 10); got != n {
			t.Errorf("after %s: room for %d, want %d", at.Sub(time.Unix(0, 0)), got, n)
		}
	}
	want(now, 10)
	for range 10 { // all that was under way fails together
		p.refused(now)
	}
	want(now, 0)
	now = now.Add(firstPause)
	want(now, 1)
	p.refused(now)
	want(now.Add(firstPause), 0) // it waits longer now
	now = now.Add(2 * firstPause)
	want(now, 1)
	for i := range 8 {
		p.answered(10)
		want(now, 2+i)
	}
	p.answered(10)
	if p != (pace{}) {
		t.Errorf("not open again: %+v", p)
	}
	for range 50 {
		p.refused(now)
		now = now.Add(maxPause)
	}
	p.refused(now)
	want(now.Add(maxPause-1), 0)
	want(now.Add(maxPause), 1)
}
