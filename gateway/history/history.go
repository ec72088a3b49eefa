package history

import (
	"context"
	"fmt"
	"strconv"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"faas/api"
	"faas/function"
	"faas/internal/prom"
)

// Shortest and Longest bound what is asked for: Prometheus is started to keep six hours.
const (
	Shortest = time.Minute
	Longest  = 6 * time.Hour
)

const (
	// maxPoints is how many points a chart has at most.
	maxPoints = 360
	// fine is the longest step at which what the rules recorded of the last 5 s is looked at; beyond, most of it would be missed.
	fine = 5 * time.Second
	// scrape is how often the job gateway looks.
	scrape = 10 * time.Second
	// atOnce is how many questions are asked at the same time.
	atOnce = 4
)

// steps are those that people can read on an axis.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
}

// Step is from one point to the next in a chart of so much time.
func Step(length time.Duration) time.Duration {
	for _, s := range steps {
		if length/s <= maxPoints {
			return s
		}
	}
	return (length / maxPoints).Round(time.Minute)
}

// Read returns the last while of a function, up to now, without its decisions. Values that nobody has are unknown. The error is of
// kind ErrUnavailable.
func Read(ctx context.Context, c *prom.Client, s function.Status, length time.Duration, now time.Time) (api.PortalHistory, error) {
	step := Step(length)
	end := now.Truncate(time.Second) // the newest point is of now, whatever the step
	start := end.Add(-length.Truncate(step))
	out := api.PortalHistory{Function: s.Name, From: start.UnixMilli(), To: end.UnixMilli(), Step: step.Seconds(), Decisions: []api.ScaleEvent{}}
	for at := start; !at.After(end); at = at.Add(step) {
		out.Times = append(out.Times, at.UnixMilli())
	}
	signal := function.Signal{Type: function.ScalingRPS}
	if len(s.Scaling.Signals) > 0 {
		signal = s.Scaling.Signals[0]
	}
	out.Signal, out.Unit = string(signal.Type), Unit(signal.Type)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, q := range queries(s.Name, signal.Type, step) {
		group.Go(func() error {
			matrix, err := c.Range(ctx, q.text, v1.Range{Start: start, End: end, Step: step})
			if err != nil {
				return err
			}
			*q.to(&out) = points(matrix, len(out.Times), start, step)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return api.PortalHistory{}, err
	}
	return out, nil
}

// Unit is that of a signal's load.
func Unit(t function.ScalingType) string {
	switch t {
	case function.ScalingRPS:
		return "rps"
	case function.ScalingCapacity:
		return "in flight"
	case function.ScalingCPU:
		return "millicores"
	case function.ScalingMemory:
		return "bytes"
	case function.ScalingQueue:
		return "queued"
	case function.ScalingCustom:
	}
	return string(t)
}

type query struct {
	text string
	to   func(*api.PortalHistory) *[]api.Number
}

// queries are what a history is made of. Both jobs have the counts: gateway-scaling often, and none of functions at rest, gateway
// of all, every 10 s.
func queries(name string, signal function.ScalingType, step time.Duration) []query {
	of := "function_name=" + strconv.Quote(name)
	span := model.Duration(max(3*scrape, step+scrape)).String()
	gateway := func(metric, labels string) string {
		return fmt.Sprintf(`sum(rate(%s{job="gateway",%s%s}[%s]))`, metric, of, labels, span)
	}
	count := func(metric string) string {
		return fmt.Sprintf(`max(%[1]s{job="gateway-scaling",%[2]s}) or max(%[1]s{job="gateway",%[2]s})`, metric, of)
	}
	recorded := func(metric string, t function.ScalingType) string {
		return fmt.Sprintf(`sum(%s{%s,scaling_type=%q})`, metric, of, t)
	}
	quantile := func(q string) string {
		return fmt.Sprintf(`histogram_quantile(%s, sum by (le) (rate(gateway_functions_seconds_bucket{job="gateway",%s}[%s])))`, q, of, span)
	}
	arrivals := gateway("gateway_function_invocation_started", "")
	inFlight := gateway("gateway_function_inflight_seconds_total", "")
	if step <= fine {
		arrivals = recorded("function:load:mean5s", function.ScalingRPS) + " or " + arrivals
		inFlight = fmt.Sprintf(`max(function:load:mean5s{%s,scaling_type=~"capacity|slots"})`, of) + " or " + inFlight
	}
	load := recorded("function:load:level", signal)
	switch signal {
	case function.ScalingRPS:
		load = arrivals
	case function.ScalingCapacity:
		load = inFlight
	case function.ScalingCPU, function.ScalingMemory, function.ScalingQueue, function.ScalingCustom: // levels
	}
	capacity := fmt.Sprintf(`(%s) * max(gateway_service_target_load{%[2]s,scaling_type=%[3]q}) * max(gateway_service_target_proportion{%[2]s})`,
		count("gateway_service_count"), of, signal)
	return []query{
		{arrivals, func(h *api.PortalHistory) *[]api.Number { return &h.Arrivals }},
		{inFlight, func(h *api.PortalHistory) *[]api.Number { return &h.InFlight }},
		{
			gateway("gateway_function_invocation_total", `,code=~"5.."`) + " or 0 * " + gateway("gateway_function_invocation_total", ""),
			func(h *api.PortalHistory) *[]api.Number { return &h.Errors },
		},
		{quantile("0.5"), func(h *api.PortalHistory) *[]api.Number { return &h.P50 }},
		{quantile("0.99"), func(h *api.PortalHistory) *[]api.Number { return &h.P99 }},
		{count("gateway_service_count"), func(h *api.PortalHistory) *[]api.Number { return &h.Desired }},
		{ready(name), func(h *api.PortalHistory) *[]api.Number { return &h.Ready }},
		{load, func(h *api.PortalHistory) *[]api.Number { return &h.Load }},
		{capacity, func(h *api.PortalHistory) *[]api.Number { return &h.Capacity }},
	}
}

// ready is told by the job gateway alone.
func ready(name string) string {
	return fmt.Sprintf(`max(gateway_service_ready_count{job="gateway",function_name=%q})`, name)
}

// points are the values of the one series that is there, each at its place.
func points(matrix model.Matrix, n int, start time.Time, step time.Duration) []api.Number {
	values := make([]api.Number, n)
	for i := range values {
		values[i] = api.Unknown()
	}
	for _, series := range matrix {
		for _, s := range series.Values {
			if i := int(s.Timestamp.Time().Sub(start) / step); i >= 0 && i < n {
				values[i] = api.Number(s.Value)
			}
		}
	}
	return values
}
