package prom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"faas/function"
)

// Client asks one Prometheus after the other until one answers. It is safe for concurrent use.
type Client struct {
	urls []string
	apis []v1.API
}

// New makes a client. It asks nothing yet. Errors: ErrInvalid for a URL that is none.
func New(urls []string, client *http.Client) (*Client, error) {
	c := &Client{}
	for _, one := range urls {
		u, err := url.Parse(one)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, function.Invalidf("prometheus %q: write it as http://127.0.0.1:9090", one)
		}
		a, err := api.NewClient(api.Config{Address: one, Client: bounded(client)})
		if err != nil {
			return nil, function.Invalidf("prometheus %q: %w", one, err)
		}
		c.urls, c.apis = append(c.urls, u.Redacted()), append(c.apis, v1.NewAPI(a))
	}
	if len(c.apis) == 0 {
		return nil, function.Invalidf("prometheus: name at least one")
	}
	return c, nil
}

// Ask calls ask with one Prometheus after the other until it returns no error or ctx ends. The error is of kind
// ErrUnavailable and names each that did not answer.
func (c *Client) Ask(ctx context.Context, ask func(context.Context, v1.API) error) error {
	var errs []error
	for i, one := range c.apis {
		// One that hangs leaves time for the next.
		part, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok {
			part, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(c.apis)-i))
		}
		err := ask(part, one)
		cancel()
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", c.urls[i], plain(err)))
	}
	return function.Unavailablef("Prometheus does not answer: %w", errors.Join(errs...))
}

// Instant asks for the present, by Prometheus's clock.
func (c *Client) Instant(ctx context.Context, query string) (vector model.Vector, err error) {
	err = c.Ask(ctx, func(ctx context.Context, from v1.API) error {
		value, _, _, err := from.Query(ctx, query, time.Time{})
		if err != nil {
			return err
		}
		var ok bool
		if vector, ok = value.(model.Vector); !ok {
			return fmt.Errorf("an answer of the type %s", value.Type())
		}
		return nil
	})
	return vector, err
}

// Range asks for a span of time.
func (c *Client) Range(ctx context.Context, query string, span v1.Range) (matrix model.Matrix, err error) {
	err = c.Ask(ctx, func(ctx context.Context, from v1.API) error {
		value, _, _, err := from.QueryRange(ctx, query, span)
		if err != nil {
			return err
		}
		var ok bool
		if matrix, ok = value.(model.Matrix); !ok {
			return fmt.Errorf("an answer of the type %s", value.Type())
		}
		return nil
	})
	return matrix, err
}

// plain leaves out the question of an error, which nobody who asked for something else wants to read.
func plain(err error) error {
	var wrapped *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.As(err, &wrapped):
		return wrapped.Err
	}
	return err
}
