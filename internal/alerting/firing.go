package alerting

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"faas/function"
)

// Firing is an alert that Alertmanager has.
type Firing struct {
	Labels, Annotations map[string]string
	StartsAt, EndsAt    time.Time
	UpdatedAt           time.Time
	// State is active, suppressed or unprocessed, and SilencedBy the IDs of the silences that suppress it.
	State      string
	SilencedBy []string
	// GeneratorURL is where Prometheus shows its expression.
	GeneratorURL string
}

// Firing returns the alerts of the first Alertmanager that answers, all within 2 s. The error is of kind ErrUnavailable: none
// does.
func (c *Client) Firing(ctx context.Context) ([]Firing, error) {
	var list []struct {
		Labels       map[string]string `json:"labels"`
		Annotations  map[string]string `json:"annotations"`
		StartsAt     time.Time         `json:"startsAt"`
		EndsAt       time.Time         `json:"endsAt"`
		UpdatedAt    time.Time         `json:"updatedAt"`
		GeneratorURL string            `json:"generatorURL"`
		Status       struct {
			State      string   `json:"state"`
			SilencedBy []string `json:"silencedBy"`
		} `json:"status"`
	}
	err := c.first(ctx, "list alerts", func(ctx context.Context, m member) error {
		list = nil
		return c.call(ctx, m, http.MethodGet, "alerts", nil, &list)
	})
	if err != nil {
		return nil, err
	}
	all := make([]Firing, len(list))
	for i, a := range list {
		all[i] = Firing{
			Labels: a.Labels, Annotations: a.Annotations, StartsAt: a.StartsAt, EndsAt: a.EndsAt, UpdatedAt: a.UpdatedAt,
			State: a.Status.State, SilencedBy: a.Status.SilencedBy, GeneratorURL: a.GeneratorURL,
		}
	}
	return all, nil
}

// Condition is what a silence asks of one label of an alert.
type Condition struct {
	Name, Value string
	// Regex says that Value is a pattern, Equal that the label must match it; else it must not.
	Regex, Equal bool
}

// Conditions are all that the silence asks.
func (s Silence) Conditions() []Condition {
	all := make([]Condition, len(s.Matchers))
	for i, m := range s.Matchers {
		all[i] = Condition{
			Name: m.Name, Value: m.Value,
			Regex: m.Type == labels.MatchRegexp || m.Type == labels.MatchNotRegexp,
			Equal: m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp,
		}
	}
	return all
}

// first makes a call to one Alertmanager after the other until it goes well with one. One that hangs leaves time for the next.
func (c *Client) first(ctx context.Context, what string, call func(context.Context, member) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	members, err := c.members(ctx)
	var failed []error
	for i, m := range members {
		part, cancel := ctx, func() {}
		if deadline, ok := ctx.Deadline(); ok {
			part, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(members)-i))
		}
		err := call(part, m)
		cancel()
		if err == nil {
			return nil
		}
		failed = append(failed, function.Unavailablef("Alertmanager %s: %w", m, err))
	}
	if len(members) == 0 {
		return function.Unavailablef("%s: %w", what, err)
	}
	return function.Unavailablef("%s: %w", what, agreed(failed))
}
