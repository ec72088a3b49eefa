package load

import (
	"math"
	"slices"
	"time"
)

// Bounds of what is read. They are far above what one machine carries, and keep sums within their types.
const (
	maxRate   = 1e6
	maxLength = 31 * 24 * time.Hour
)

// Curve is a load over time, made of pieces, one after the other.
type Curve struct {
	pieces []piece
}

// piece is a part of a curve, from the end of the one before it to end.
type piece struct {
	end time.Duration
	// rate is the arrivals per second at t from the beginning of the piece.
	rate func(t time.Duration) float64
}

// Rate is the arrivals per second at t from the beginning: 0 before it and from the end on.
func (c *Curve) Rate(t time.Duration) float64 {
	if t < 0 || t >= c.Length() {
		return 0
	}
	i, found := slices.BinarySearchFunc(c.pieces, t, func(p piece, t time.Duration) int { return int(sign(p.end - t)) })
	if found { // the end of one is the beginning of the next
		i++
	}
	if i > 0 {
		t -= c.pieces[i-1].end
	}
	return c.pieces[i].rate(t)
}

// Length is how long the curve lasts.
func (c *Curve) Length() time.Duration {
	if len(c.pieces) == 0 {
		return 0
	}
	return c.pieces[len(c.pieces)-1].end
}

// Times returns the curve with all rates multiplied: what if there were twice as many users?
func (c *Curve) Times(factor float64) *Curve {
	out := &Curve{pieces: make([]piece, len(c.pieces))}
	for i, p := range c.pieces {
		out.pieces[i] = piece{end: p.end, rate: func(t time.Duration) float64 { return factor * p.rate(t) }}
	}
	return out
}

// add appends a piece of the given length.
func (c *Curve) add(length time.Duration, rate func(time.Duration) float64) {
	c.pieces = append(c.pieces, piece{end: c.Length() + length, rate: rate})
}

func sign(d time.Duration) time.Duration { return max(-1, min(1, d)) }

func constant(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

// rising goes in a straight line from one rate to the other, and stays there.
func rising(from, to float64, within time.Duration) func(time.Duration) float64 {
	return func(t time.Duration) float64 { return from + (to-from)*min(1, float64(t)/float64(within)) }
}

// wave is a sine that begins at its least.
func wave(low, high float64, period time.Duration) func(time.Duration) float64 {
	return func(t time.Duration) float64 {
		return low + (high-low)*(1-math.Cos(2*math.Pi*float64(t)/float64(period)))/2
	}
}

// spikes are as long as width, in the middle of every so long.
func spikes(low, high float64, width, every time.Duration) func(time.Duration) float64 {
	return func(t time.Duration) float64 {
		if t %= every; t >= (every-width)/2 && t < (every-width)/2+width {
			return high
		}
		return low
	}
}

// noise is another random rate for each so long. The same seed gives the same rates.
func noise(low, high float64, each time.Duration, seed uint64) func(time.Duration) float64 {
	return func(t time.Duration) float64 {
		return low + (high-low)*uniform(seed, uint64(t/each)) //nolint:gosec // G115: t is not negative
	}
}

// uniform is a number in [0, 1) for the n-th time of a seed: SplitMix64 (Steele, Lea and Flood 2014), since a curve is
// asked for any time in any order.
func uniform(seed, n uint64) float64 {
	x := (seed+1)*0xd1342543de82ef95 + n*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}
