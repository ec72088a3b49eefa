package alerting

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Alert is one alert to push. Without EndsAt it ends when Alertmanager's resolve_timeout has passed.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	StartsAt    time.Time         `json:"startsAt,omitzero"`
	EndsAt      time.Time         `json:"endsAt,omitzero"`
}

// Push hands alerts to all Alertmanagers at once, within 2 s. It is an error only if none took them: of kind
// ErrInvalid when they refuse them, else ErrUnavailable.
func (c *Client) Push(ctx context.Context, alerts ...Alert) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return err
	}
	took, err := c.all(ctx, "push alerts", func(ctx context.Context, m member) error {
		return c.call(ctx, m, http.MethodPost, "alerts", body, nil)
	})
	if took > 0 {
		return nil
	}
	return err
}
