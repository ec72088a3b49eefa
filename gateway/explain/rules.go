package explain

import "time"

// What a load must be above what the replicas carry before the rules call it more than chance: the difference of the square
// roots, over 30 and over 5 s. A level, in which there is no chance, must be above it by a factor. As in the rules.
const (
	creep30s  = 0.27
	creep5s   = 0.9
	tolerance = 1.1
)

// What the rules wait for on the way down, beyond the down window: that a mean of 5 s drained, and that the count stood for
// a while, which is shorter for the shortest window. And what of the present count must suffice, unless that is the minimum.
const (
	settle      = 6 * time.Second
	calm        = 30 * time.Second
	shortWindow = 10 * time.Second
	worthwhile  = 0.9
)

// How long after a change of settings the rules record what follows from them: that takes a scrape and two evaluations. What they
// have not recorded after evaluatedWithin waits for something else, or the clocks differ.
const (
	taken           = time.Second
	evaluatedWithin = 30 * time.Second
)

// calmFor is how long a count must have stood before there are fewer.
func calmFor(window time.Duration) time.Duration {
	if window == shortWindow {
		return shortWindow
	}
	return calm
}

// tooSmall reports whether a step down to a count is not worth it, so that the rules do not take it.
func (f Facts) tooSmall(to int) bool {
	return to != f.Status.Scaling.Min && float64(to) > worthwhile*float64(f.Status.Desired)
}
