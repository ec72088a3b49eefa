package live

import (
	"math"
	"time"

	"faas/api"
)

const (
	// sparkEvery is how much time a point of a sparkline stands for, and sparkPoints how many there are.
	sparkEvery  = 5 * time.Second
	sparkPoints = 60
)

// spark is a sparkline: means of so much time each, of whole multiples of it since 1970.
type spark struct {
	means [sparkPoints]float64 // by number modulo their count
	slot  int64                // the one that is summed up
	sum   float64
	n     int
}

func newSpark(now time.Time) spark {
	s := spark{slot: slotOf(now)}
	for i := range s.means {
		s.means[i] = math.NaN()
	}
	return s
}

func slotOf(t time.Time) int64 { return t.UnixNano() / int64(sparkEvery) }

// advance ends the slots before now's.
func (s *spark) advance(now time.Time) {
	for slot := slotOf(now); s.slot < slot; s.slot++ {
		if slot-s.slot > sparkPoints {
			s.slot = slot - sparkPoints
		}
		mean := math.NaN()
		if s.n > 0 {
			mean = s.sum / float64(s.n)
		}
		s.means[s.slot%sparkPoints], s.sum, s.n = mean, 0, 0
	}
}

// add takes in what is known at now. NaN is nothing.
func (s *spark) add(now time.Time, v float64) {
	s.advance(now)
	if !math.IsNaN(v) {
		s.sum += v
		s.n++
	}
}

// fill takes in means up to the last slot that was over at then.
func (s *spark) fill(then time.Time, means []float64) {
	for i, v := range means {
		slot := slotOf(then) - int64(len(means)-i)
		if slot > s.slot-1-sparkPoints && slot < s.slot {
			s.means[slot%sparkPoints] = v
		}
	}
}

// append appends the means in JSON, the oldest first.
func (s *spark) append(dst []byte, now time.Time) []byte {
	s.advance(now)
	dst = append(dst, '[')
	for i := range int64(sparkPoints) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = api.Number(s.means[(s.slot-sparkPoints+i)%sparkPoints]).Append(dst)
	}
	return append(dst, ']')
}
