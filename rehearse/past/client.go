package past

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"faas/function"
	"faas/rehearse/load"
)

const (
	// timeout bounds each question.
	timeout = 30 * time.Second
	// maxSteps is how many Prometheus answers with at most.
	maxSteps = 11_000
	// scrape is how often the job gateway looks, and rateRange the least over which its counters have a rate.
	scrape    = 10 * time.Second
	rateRange = 3 * scrape
)

// Options say which Prometheus to ask.
type Options struct {
	// URL is its address, such as http://127.0.0.1:9090.
	URL string
	// Client makes the requests.
	Client *http.Client
}

// Client asks one Prometheus.
type Client struct {
	url string
	api v1.API
}

// New makes a client. It asks nothing yet.
func New(o Options) (*Client, error) {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: timeout}
	}
	client, err := api.NewClient(api.Config{Address: o.URL, Client: o.Client})
	if err != nil {
		return nil, function.Invalidf("the address of Prometheus: %w", err)
	}
	return &Client{url: o.URL, api: v1.NewAPI(client)}, nil
}

// Span is a time of the past, and how finely to look at it.
type Span struct {
	Start, End time.Time
	// Step is from one rate to the next. 0: as fine as the samples, or as Prometheus answers at once.
	Step time.Duration
}

// Check reports a span that is none, and chooses its step where there is none. Errors are of kind ErrInvalid.
func (s Span) Check() (Span, error) {
	length := s.End.Sub(s.Start)
	if length <= 0 {
		return s, function.Invalidf("from %s to %s is no time: the end must come after the start",
			s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339))
	}
	least := max(time.Second, (length/(maxSteps-1)).Round(time.Second)+time.Second)
	switch {
	case s.Step == 0:
		s.Step = max(scrape, least)
	case s.Step < least && s.Step < length/(maxSteps-1):
		return s, function.Invalidf("%s in steps of %s are more than the %d that Prometheus gives: use a step of %s or more",
			length, s.Step, maxSteps, least)
	}
	if length < 2*s.Step {
		return s, function.Invalidf("%s in steps of %s are fewer than two: use a smaller step, or a longer time", length, s.Step)
	}
	return s, nil
}

// Query is what is asked for the load of a function: arrivals per second, over one step. As fine as the samples are, it
// is the difference of two of them, which smears a step of the load over nothing more.
func Query(name string, step time.Duration) string {
	if step <= scrape {
		return fmt.Sprintf("sum(irate(gateway_function_invocation_started{%s}[%s]))", of(name), promDuration(rateRange))
	}
	return fmt.Sprintf("sum(rate(gateway_function_invocation_started{%s}[%s]))", of(name), promDuration(max(rateRange, step+scrape)))
}

// FineStep is from one rate to the next where FineQuery is asked.
const FineStep = time.Second

// FineQuery is the load of a function second by second, as the rules see it: as function:load:mean1s, a counter that began
// a moment ago counts in whole. There is none for functions that do not follow their rps, and none that is older than
// Prometheus keeps.
func FineQuery(name string) string {
	of := `{job="gateway-scaling",function_name=` + strconv.Quote(name)
	load := `gateway_function_load_total` + of + `,scaling_type="rps"}`
	return `sum((` + load + ` and on (instance) gateway_function_awake_seconds` + of + `} < 1) or rate(` + load + `[1250ms]))`
}

// Fine is s in steps of FineStep. False: that would be more of them than Prometheus gives, or s has a step of its own.
func (s Span) Fine() (Span, bool) {
	if s.Step > 0 || s.End.Sub(s.Start) > (maxSteps-1)*FineStep {
		return s, false
	}
	s.Step = FineStep
	return s, true
}

// of selects the gateway's series of a function that are for people, which are kept as long as any.
func of(name string) string { return "job=\"gateway\",function_name=" + strconv.Quote(name) }

// Load is the load of the past that a query gives. Each of its values holds for the step before it. It begins with the first
// value there is; gaps are where others are missing, and alive tells of these which Prometheus slept through.
func (c *Client) Load(ctx context.Context, query string, alive Alive, s Span) (curve *load.Curve, gaps Gaps, err error) {
	s, err = s.Check()
	if err != nil {
		return nil, gaps, err
	}
	matrix, err := c.over(ctx, query, s)
	switch {
	case err != nil:
		return nil, gaps, err
	case len(matrix) == 0:
		return nil, gaps, function.NotFoundf("query %s: %s has no samples from %s to %s; is the name right, and was there load?",
			query, c.url, s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339))
	case len(matrix) > 1:
		return nil, gaps, function.Invalidf("query %s: it gives %d series, such as %s and %s: put sum(…) around it",
			query, len(matrix), matrix[0].Metric, matrix[1].Metric)
	}
	samples, gaps := fill(matrix[0].Values, nil, s)
	if gaps.Repeated > 0 {
		samples, gaps = fill(matrix[0].Values, c.asleep(ctx, alive, s), s)
	}
	curve, err = load.FromSamples(samples)
	if err != nil {
		return nil, gaps, function.Invalidf("query %s: %w", query, err)
	}
	return curve, gaps, nil
}

// over asks for what a query gives over a span of time. Its first value is of the end of the first step.
func (c *Client) over(ctx context.Context, query string, s Span) (model.Matrix, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, _, _, err := c.api.QueryRange(ctx, query, v1.Range{Start: s.Start.Add(s.Step), End: s.End, Step: s.Step})
	if err != nil {
		return nil, c.failed(query, err)
	}
	matrix, ok := answer.(model.Matrix)
	if !ok {
		return nil, function.Invalidf("query %s: it gives a %s, and not one series over time", query, answer.Type())
	}
	return matrix, nil
}

// ServiceTime is the mean time that a function's requests took. 0: unknown.
func (c *Client) ServiceTime(ctx context.Context, name string, s Span) (time.Duration, error) {
	span := promDuration(s.End.Sub(s.Start))
	query := fmt.Sprintf("sum(increase(gateway_functions_seconds_sum{%[1]s}[%[2]s])) / sum(increase(gateway_functions_seconds_count{%[1]s}[%[2]s]))",
		of(name), span)
	vector, err := c.instant(ctx, query, s.End)
	if err != nil || len(vector) != 1 {
		return 0, err
	}
	seconds := float64(vector[0].Value)
	if !(seconds > 0) || seconds > time.Hour.Seconds() {
		return 0, nil
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func (c *Client) instant(ctx context.Context, query string, at time.Time) (model.Vector, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, _, _, err := c.api.Query(ctx, query, at)
	if err != nil {
		return nil, c.failed(query, err)
	}
	vector, ok := answer.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("query %s: it gives a %s", query, answer.Type())
	}
	return vector, nil
}

// failed says of an error whether Prometheus does not know what to answer, or is not there.
func (c *Client) failed(query string, err error) error {
	var refused *v1.Error
	if errors.As(err, &refused) && refused.Type == v1.ErrBadData {
		return function.Invalidf("query %s: %s", query, refused.Msg)
	}
	return function.Unavailablef("ask Prometheus at %s: %w", c.url, err)
}

// promDuration writes a duration as PromQL has them.
func promDuration(d time.Duration) string { return model.Duration(d.Round(time.Millisecond)).String() }
