package rehearse

import (
	"math/rand/v2"
	"time"
)

// slice is for how long a curve's rate is taken to be the same.
const slice = 50 * time.Millisecond

// arrivals are the moments at which requests come, one after the other.
//
// A process whose rate changes with time is one of rate 1 in a time that passes as fast as the rate is high
// (Cinlar 1975, the time-change theorem): so the next request comes when the integral of the rate has grown by a
// number from the exponential distribution, or by 1 where they are even.
type arrivals struct {
	curve  Curve
	even   bool
	chance *rand.Rand

	rate     float64       // of the slice
	at, end  time.Duration // how far they are, and the slice's end
	missing  float64       // of the integral until the next
	next     time.Duration // when it comes if that is before end, else end
	arriving bool          // next is an arrival
}

func newArrivals(f *Function, chance *rand.Rand, begin time.Duration) *arrivals {
	a := &arrivals{curve: f.Curve, even: f.Even, chance: chance, at: begin, end: begin}
	a.missing = a.draw()
	a.advance()
	return a
}

func (a *arrivals) draw() float64 {
	if a.even {
		return 1
	}
	return a.chance.ExpFloat64()
}

// advance goes on to the next arrival or the end of a slice.
func (a *arrivals) advance() {
	switch {
	case a.arriving:
		a.missing = a.draw()
		a.at = a.next
	default:
		a.at = a.end
		a.end = a.at - (a.at%slice+slice)%slice + slice
		a.rate = max(a.curve.Rate(max(a.at, 0)), 0)
	}
	left := (a.end - a.at).Seconds()
	if a.arriving = a.rate*left > a.missing; a.arriving {
		a.next = a.at + time.Duration(a.missing/a.rate*float64(time.Second))
		return
	}
	a.missing -= a.rate * left
	a.next = a.end
}
