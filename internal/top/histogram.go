package top

import (
	"cmp"
	"math"
	"slices"
)

// Bucket is one of a cumulative histogram: how many observations were at most Upper.
type Bucket struct {
	Upper float64
	Count float64
}

// Histogram is the buckets of a histogram in the order of their bounds, the last one +Inf.
type Histogram []Bucket

// add sums o into h. Bounds that only one of them has are kept as they are.
func (h Histogram) add(o Histogram) Histogram {
	for _, b := range o {
		i, found := slices.BinarySearchFunc(h, b, func(a, b Bucket) int { return cmp.Compare(a.Upper, b.Upper) })
		if found {
			h[i].Count += b.Count
		} else {
			h = slices.Insert(h, i, b)
		}
	}
	return h
}

// Since returns what was observed after h was as before. A histogram that shrank was reset between
// the two and counts whole, as in Prometheus.
func (h Histogram) Since(before Histogram) Histogram {
	if h.total() < before.total() {
		return h
	}
	diff := make(Histogram, len(h))
	for i, b := range h {
		j, found := slices.BinarySearchFunc(before, b, func(a, b Bucket) int { return cmp.Compare(a.Upper, b.Upper) })
		if found {
			b.Count = max(0, b.Count-before[j].Count)
		}
		diff[i] = b
	}
	return diff
}

func (h Histogram) total() float64 {
	if len(h) == 0 {
		return 0
	}
	return h[len(h)-1].Count
}

// Quantile returns the bounds of the bucket with the q-quantile in it, 0 ≤ q ≤ 1. Nothing is interpolated:
// buckets are wide, and a guess would look exact. Unknown without observations.
func (h Histogram) Quantile(q float64) Bound {
	total := h.total()
	if total == 0 {
		return unknownBound()
	}
	i := slices.IndexFunc(h, func(b Bucket) bool { return b.Count >= q*total && b.Count > 0 })
	if i < 0 {
		return unknownBound() // counts that are no numbers
	}
	bound := Bound{Upper: Measure(h[i].Upper)}
	if i > 0 {
		bound.Lower = Measure(h[i-1].Upper)
	}
	return bound
}

// Bound is what is known of a quantile: it is more than Lower and at most Upper.
type Bound struct{ Lower, Upper Measure }

func unknownBound() Bound { return Bound{unknown(), unknown()} }

// MarshalJSON implements json.Marshaler: it writes Upper, null where that is unknown or infinite.
func (b Bound) MarshalJSON() ([]byte, error) { return b.Upper.MarshalJSON() }

// seconds writes b as durations are written, after what it bounds: "≤2.5s", or ">60.0s" beyond the last bucket.
func (b Bound) seconds() string {
	switch {
	case !b.Upper.Known():
		return "-"
	case math.IsInf(float64(b.Upper), 1):
		return ">" + b.Lower.seconds()
	}
	return "≤" + b.Upper.seconds()
}
