package e2e

import (
	"strings"
	"testing"
	"time"
)

func TestStepPacer(t *testing.T) {
	p := stepPacer{{0, 4}, {10 * second, 80}, {20 * second, 0}, {30 * second, 10}, {40 * second, 0}}
	for _, c := range []struct {
		hits uint64
		at   time.Duration
	}{
		{0, 250 * time.Millisecond},
		{39, 10 * second},
		{40, 10*second + 12500*time.Microsecond},
		{839, 20 * second},
		{840, 30*second + 100*time.Millisecond},
		{939, 40 * second},
	} {
		if wait, stop := p.Pace(0, c.hits); wait.Round(time.Microsecond) != c.at || stop {
			t.Errorf("after %d hits: due at %s (stop %v), want %s", c.hits, wait, stop, c.at)
		}
	}
	if _, stop := p.Pace(0, 940); !stop {
		t.Error("goes on after the last hit")
	}
	if wait, _ := p.Pace(11*second, 0); wait != 0 {
		t.Errorf("a late hit waits %s", wait)
	}
}

// recorded makes a recording of a function f with these counts.
func recorded(counts ...Count) *Recording {
	r := newRecording(time.Now())
	r.counts["f"] = counts
	return r
}

// A want that cannot fail is no want: each is shown a recording that meets it and one that does not.
func TestWants(t *testing.T) {
	up := recorded(Count{0, 1, 1}, Count{2 * second, 5, 1}, Count{3 * second, 5, 5}, Count{9 * second, 2, 2})
	lost := recorded(Count{0, 2, 2}, Count{second, 2, 1}, Count{2 * second, 2, 2})
	answered := recorded()
	answered.answers["f"] = []Answer{{At: second, Code: 200}, {At: 2 * second, Code: 502}}
	for _, c := range []struct {
		name     string
		want     Want
		rec      *Recording
		from, to time.Duration
		failure  string
	}{
		{"reached", Reaches("f", 4, 6), up, second, 3 * second, ""},
		{"reached too late", Reaches("f", 4, 6), up, 0, second, "1 at"},
		{"reached before", Reaches("f", 4, 6), up, 4 * second, 5 * second, "already"},
		{"too few", Reaches("f", 6, 9), up, 0, 10 * second, "5 at"},
		{"serves", Serves("f", 5), up, 2 * second, 3 * second, ""},
		{"serves too late", Serves("f", 5), up, 0, 2500 * time.Millisecond, "had"},
		{"recovers", Recovers("f", 2), lost, 0, 3 * second, ""},
		{"lost none", Recovers("f", 2), lost, 0, 500 * time.Millisecond, "none"},
		{"has not recovered", Recovers("f", 2), lost, 0, 1500 * time.Millisecond, "has 1"},
		{"stays", Stays("f", 5, 5), up, 2 * second, 8 * second, ""},
		{"moves", Stays("f", 5, 5), up, 2 * second, 9 * second, "2 at"},
		{"stays, nothing seen", Stays("g", 5, 5), up, 0, second, "nothing"},
		{"holds", Holds("f"), up, 3 * second, 8 * second, ""},
		{"does not hold", Holds("f"), up, 3 * second, 9 * second, "2 at"},
		{"holds, nothing seen", Holds("g"), up, 0, second, "nothing"},
		{"turns once", Turns("f", 1), up, 0, 10 * second, ""},
		{"turns too often", Turns("f", 0), up, 0, 10 * second, "1 times"},
		{"no failure", NoFailedRequest("f"), answered, 0, second, ""},
		{"a failure", NoFailedRequest("f"), answered, 0, 2 * second, "502"},
		{"no request", NoFailedRequest("f"), answered, 3 * second, 4 * second, "no request"},
	} {
		err := c.want.met(c.rec, c.from, c.to)
		if (err == nil) != (c.failure == "") || (err != nil && !strings.Contains(err.Error(), c.failure)) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.failure)
		}
	}
}
