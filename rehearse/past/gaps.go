package past

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"

	"faas/rehearse/load"
)

// Gaps count the values of a load that are missing.
type Gaps struct {
	// Repeated are those for which the value before them holds on, Asleep those that count as 0 since Prometheus has no sample
	// of anything then: it did not run, and what it measures did not either where one program starts and stops both.
	Repeated, Asleep int
}

// Alive selects series of which Prometheus has samples while it runs.
type Alive string

// Gateway is for the Prometheus of a gateway, Anything for any other.
const (
	Gateway  Alive = `up{job="gateway-scaling"}`
	Anything Alive = "up"
)

// within is for how long a Prometheus that runs may have no sample. It looks at a gateway every 250 ms; elsewhere a minute is
// the longest from one look to the next that is usual.
func (a Alive) within() time.Duration {
	if a == Gateway {
		return 2 * time.Second
	}
	return 2 * time.Minute
}

// asleep are the ends of the steps, in Unix milliseconds, in which Prometheus has no sample. Where it cannot tell, which is
// where it has no such series at all too, there are none.
func (c *Client) asleep(ctx context.Context, alive Alive, s Span) map[int64]bool {
	within := max(alive.within(), s.Step)
	matrix, err := c.over(ctx, fmt.Sprintf("count(count_over_time(%s[%s]))", alive, promDuration(within)), s)
	if err != nil || len(matrix) != 1 {
		return nil
	}
	awake := make(map[int64]bool, len(matrix[0].Values))
	for _, v := range matrix[0].Values {
		awake[int64(v.Timestamp)] = true
	}
	asleep := map[int64]bool{}
	for at := s.Start.Add(s.Step); !at.After(s.End); at = at.Add(s.Step) {
		if awake[at.UnixMilli()] {
			continue
		}
		for before := time.Duration(0); before+s.Step <= within; before += s.Step { // it saw nothing in all of this time
			asleep[at.Add(-before).UnixMilli()] = true
		}
	}
	return asleep
}

// fill makes a rate for every step from the first value on.
func fill(values []model.SamplePair, asleep map[int64]bool, s Span) (samples []load.Sample, gaps Gaps) {
	known := make(map[int64]float64, len(values))
	for _, v := range values {
		if rate := float64(v.Value); rate >= 0 && !math.IsInf(rate, 0) {
			known[int64(v.Timestamp)] = rate
		}
	}
	for at := s.Start.Add(s.Step); !at.After(s.End); at = at.Add(s.Step) {
		rate, ok := known[at.UnixMilli()]
		switch {
		case ok:
		case len(samples) == 0:
			continue
		case asleep[at.UnixMilli()]:
			gaps.Asleep++
		default:
			rate = samples[len(samples)-1].Rate
			gaps.Repeated++
		}
		samples = append(samples, load.Sample{At: time.Duration(len(samples)) * s.Step, Rate: rate})
	}
	return samples, gaps
}
