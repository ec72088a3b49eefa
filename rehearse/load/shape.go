package load

import (
	"maps"
	"slices"
	"time"
)

// shape is a built-in load. All are written NAME:LOW..HIGH@TIME, with a meaning of TIME of their own.
type shape struct {
	defaults arguments
	// length is how long it takes to show itself.
	length func(arguments) time.Duration
	rate   func(a arguments, seed uint64) func(time.Duration) float64
}

// shapes by name. A user who gives a length gets as much of them.
var shapes = map[string]shape{
	// LOW for TIME, then HIGH.
	"step": {
		defaults: arguments{low: 5, high: 50, time: time.Minute},
		length:   func(a arguments) time.Duration { return 5 * a.time },
		rate: func(a arguments, _ uint64) func(time.Duration) float64 {
			return func(t time.Duration) float64 {
				if t < a.time {
					return a.low
				}
				return a.high
			}
		},
	},
	// From LOW to HIGH within TIME, then HIGH.
	"ramp": {
		defaults: arguments{low: 5, high: 50, time: 5 * time.Minute},
		length:   func(a arguments) time.Duration { return 2 * a.time },
		rate: func(a arguments, _ uint64) func(time.Duration) float64 {
			return rising(a.low, a.high, a.time)
		},
	},
	// LOW, and HIGH for TIME of every so long.
	"spike": {
		defaults: arguments{low: 5, high: 50, time: 10 * time.Second},
		length:   func(a arguments) time.Duration { return 5 * a.between() },
		rate: func(a arguments, _ uint64) func(time.Duration) float64 {
			return spikes(a.low, a.high, a.time, a.between())
		},
	},
	// A day that takes TIME: least at its beginning, most in its middle.
	"diurnal": {
		defaults: arguments{low: 5, high: 50, time: time.Hour},
		length:   func(a arguments) time.Duration { return a.time },
		rate: func(a arguments, _ uint64) func(time.Duration) float64 {
			return wave(a.low, a.high, a.time)
		},
	},
	// Another random rate between LOW and HIGH every TIME.
	"noisy": {
		defaults: arguments{low: 5, high: 50, time: 10 * time.Second},
		length:   func(a arguments) time.Duration { return 60 * a.time },
		rate: func(a arguments, seed uint64) func(time.Duration) float64 {
			return noise(a.low, a.high, a.time, seed)
		},
	},
}

// Shapes are the names of the built-in shapes, in their order.
func Shapes() []string { return slices.Sorted(maps.Keys(shapes)) }

// between is the time from one spike to the next: twelve times as long as one takes, if nothing else is said.
func (a arguments) between() time.Duration {
	if a.every > 0 {
		return a.every
	}
	return 12 * a.time
}
