package rehearse

import (
	"testing"
	"time"
)

func TestTurns(t *testing.T) {
	type change struct {
		at       time.Duration
		from, to int
	}
	const sec = time.Second
	for _, c := range []struct {
		name           string
		changes        []change
		actions, turns int
	}{
		{"up and up", []change{{sec, 1, 2}, {2 * sec, 2, 3}}, 2, 0},
		{"up, down, up", []change{{sec, 1, 3}, {2 * sec, 3, 2}, {3 * sec, 2, 3}}, 3, 2},
		{"the warm-up's do not count", []change{{-2 * sec, 1, 3}, {-sec, 3, 2}}, 0, 0},
		{"down after the warm-up's raise", []change{{-sec, 1, 3}, {sec, 3, 2}}, 1, 1},
		{"up after the warm-up's raise", []change{{-sec, 1, 3}, {sec, 3, 4}}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			score := tally{overSince: never}
			for _, change := range c.changes {
				score.change(change.at, change.from, change.to)
			}
			if score.Actions != c.actions || score.DirectionChanges != c.turns {
				t.Errorf("%d actions and %d turns, want %d and %d", score.Actions, score.DirectionChanges, c.actions, c.turns)
			}
		})
	}
}
