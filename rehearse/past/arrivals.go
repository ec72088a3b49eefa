package past

import (
	"context"
	"errors"

	"faas/function"
	"faas/rehearse/load"
)

// Arrivals is the load that a function had, as finely as Prometheus knows it. It is exact where each second has as many
// requests as it had, to which chance would add its own a second time. Errors: ErrNotFound where there are no samples.
func (c *Client) Arrivals(ctx context.Context, name string, s Span) (curve *load.Curve, gaps Gaps, exact bool, err error) {
	if fine, ok := s.Fine(); ok {
		curve, gaps, err = c.Load(ctx, FineQuery(name), Gateway, fine)
		if !errors.Is(err, function.ErrNotFound) {
			return curve, gaps, true, err
		}
	}
	if s, err = s.Check(); err != nil {
		return nil, gaps, false, err
	}
	curve, gaps, err = c.Load(ctx, Query(name, s.Step), Gateway, s)
	return curve, gaps, false, err
}
