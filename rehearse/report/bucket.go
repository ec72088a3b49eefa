package report

import (
	"slices"
	"time"
)

// bucket is what points of one column of a graph have together.
type bucket struct {
	// load is the arrivals per second that were to come, arrivals those that came, by chance more or less.
	load, arrivals float64
	// desired and ready are the largest, capacity is what the ready replicas carried at least.
	desired, ready int
	capacity       float64
}

// buckets spreads the points of a contender evenly over so many columns. A column without a point is as the one
// before it, and the first ones as the first with one.
func (r *Report) buckets(contender, columns int) []bucket {
	c := &r.Contenders[contender]
	all := make([]bucket, columns)
	counts := make([]float64, columns)
	for _, p := range c.Result.Points {
		i := int(int64(p.At) * int64(columns) / max(1, int64(r.Length)))
		if p.At == r.Length {
			i = columns - 1
		}
		if p.At < 0 || i >= columns {
			continue
		}
		b := &all[i]
		if capacity := float64(p.Ready) * c.PerReplica; counts[i] == 0 || capacity < b.capacity {
			b.capacity = capacity
		}
		b.arrivals += p.Arrivals
		b.desired, b.ready = max(b.desired, p.Desired), max(b.ready, p.Ready)
		counts[i]++
	}
	first := max(0, slices.IndexFunc(counts, func(n float64) bool { return n > 0 }))
	for i := first; i < columns; i++ {
		if counts[i] > 0 {
			all[i].arrivals /= counts[i]
			continue
		}
		all[i] = all[max(first, i-1)]
	}
	for i := range all {
		all[i] = all[max(first, i)]
		all[i].load = all[i].arrivals
		if r.Curve != nil {
			all[i].load = r.mean(i, columns)
		}
	}
	return all
}

// mean is the load of a column: that of a few moments in it, since a curve may be steep.
func (r *Report) mean(column, columns int) float64 {
	const moments = 4
	sum := 0.0
	for i := range moments {
		share := (float64(column) + (float64(i)+0.5)/moments) / float64(columns)
		sum += r.Curve.Rate(time.Duration(share * float64(r.Length)))
	}
	return sum / moments
}
