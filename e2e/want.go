package e2e

import (
	"fmt"
	"slices"
	"time"
)

// Want is something about a recording that should be true over a span of it.
type Want struct {
	name, function string

	met func(r *Recording, from, to time.Duration) error
}

// Reaches wants that function comes to be asked for low to high replicas within the span, and had not
// been before it.
func Reaches(function string, low, high int) Want {
	return Want{
		name:     fmt.Sprintf("%s reaches %d to %d replicas", function, low, high),
		function: function,
		met: func(r *Recording, from, to time.Duration) error {
			counts := r.between(function, from, to)
			within := func(c Count) bool { return low <= c.Desired && c.Desired <= high }
			switch i := slices.IndexFunc(counts, within); {
			case i < 0:
				return fmt.Errorf("it had %s", describe(counts))
			case i == 0 && counts[0].At < from:
				return fmt.Errorf("it was there at %s already", counts[0].At.Round(time.Millisecond))
			}
			return nil
		},
	}
}

// Serves wants that function comes to have low or more ready replicas within the span.
func Serves(function string, low int) Want {
	return Want{
		name:     fmt.Sprintf("%s has %d ready replicas", function, low),
		function: function,
		met: func(r *Recording, from, to time.Duration) error {
			counts := r.between(function, from, to)
			if !slices.ContainsFunc(counts, func(c Count) bool { return c.Ready >= low }) {
				return fmt.Errorf("it had %s", describe(counts))
			}
			return nil
		},
	}
}

// Recovers wants that function loses ready replicas within the span, so that it has fewer than low, and comes to have
// low or more again.
func Recovers(function string, low int) Want {
	return Want{
		name:     fmt.Sprintf("%s recovers to %d ready replicas", function, low),
		function: function,
		met: func(r *Recording, from, to time.Duration) error {
			counts := r.between(function, from, to)
			lost := slices.IndexFunc(counts, func(c Count) bool { return c.Ready < low })
			if lost < 0 {
				return fmt.Errorf("it lost none")
			}
			if last := counts[len(counts)-1]; last.Ready < low {
				return fmt.Errorf("it has %d", last.Ready)
			}
			return nil
		},
	}
}

// Stays wants that function is asked for low to high replicas at every moment of the span.
func Stays(function string, low, high int) Want {
	return Want{
		name:     fmt.Sprintf("%s stays at %d to %d replicas", function, low, high),
		function: function,
		met: func(r *Recording, from, to time.Duration) error {
			counts := r.between(function, from, to)
			if len(counts) == 0 {
				return fmt.Errorf("nothing was seen of it")
			}
			if slices.ContainsFunc(counts, func(c Count) bool { return c.Desired < low || c.Desired > high }) {
				return fmt.Errorf("it had %s", describe(counts))
			}
			return nil
		},
	}
}

// Holds wants that the count of function, whatever it is, does not change within the span.
func Holds(function string) Want {
	return Want{
		name:     fmt.Sprintf("%s holds its count", function),
		function: function,
		met: func(r *Recording, from, to time.Duration) error {
			counts := r.between(function, from, to)
			if len(counts) == 0 {
				return fmt.Errorf("nothing was seen of it")
			}
			if slices.ContainsFunc(counts, func(c Count) bool { return c.Desired != counts[0].Desired }) {
				return fmt.Errorf("it had %s", describe(counts))
			}
			return nil
		},
	}
}

// Turns wants at most n changes of direction (a raise after a lowering, or the other way) in the span.
func Turns(function string, n int) Want {
	return Want{
		name:     fmt.Sprintf("%s turns at most %d times", function, n),
		function: function,
		met: func(r *Recording, from, to time.Duration) error {
			counts := r.between(function, from, to)
			if got := turns(counts); got > n {
				return fmt.Errorf("it turned %d times: %s", got, describe(counts))
			}
			return nil
		},
	}
}

// NoFailedRequest wants that every request sent to function in the span was answered with 2xx, and that
// there was one.
func NoFailedRequest(function string) Want {
	return Want{
		name:     "no failed request to " + function,
		function: function,
		met: func(r *Recording, from, to time.Duration) error {
			failed, all := r.Failures(function, from, to)
			if all == 0 {
				return fmt.Errorf("no request was sent")
			}
			if len(failed) > 0 {
				f := failed[0]
				return fmt.Errorf("%d of %d failed, the first at %s: status %d %s", len(failed), all,
					f.At.Round(time.Millisecond), f.Code, f.Err)
			}
			return nil
		},
	}
}

// turns counts the changes of direction of the desired count.
func turns(counts []Count) int {
	n, last := 0, 0
	for i := 1; i < len(counts); i++ {
		d := counts[i].Desired - counts[i-1].Desired
		if d == 0 {
			continue
		}
		direction := 1
		if d < 0 {
			direction = -1
		}
		if last != 0 && direction != last {
			n++
		}
		last = direction
	}
	return n
}

// describe lists the desired counts with their times.
func describe(counts []Count) string {
	text, last := "", -1
	for _, c := range counts {
		if c.Desired != last {
			text += fmt.Sprintf(" %d at %.2fs", c.Desired, c.At.Seconds())
			last = c.Desired
		}
	}
	if text == "" {
		return "no counts"
	}
	return text[1:]
}
