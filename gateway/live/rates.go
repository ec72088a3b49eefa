package live

import (
	"context"
	"math"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"faas/function"
	"faas/internal/prom"
)

const functionLabel model.LabelName = "function_name"

// What is asked. Each question is for all functions at once. The rules in prometheus/rules record the first of them several times
// a second; the job gateway, which is for people, is scraped every 10 s.
const (
	loadsQuery = `sum by (function_name, scaling_type) (function:load:mean1s{scaling_type=~"rps|capacity|slots"})` +
		` or label_replace(count(up{job="gateway-scaling"} == 1), "scaling_type", "up", "", "")`
	pastQuery = `sum by (function_name) (function:load:mean5s{scaling_type="rps"})` +
		` or sum by (function_name) (rate(gateway_function_invocation_started{job="gateway"}[30s]))`
	p50Query    = `histogram_quantile(0.5, sum by (function_name, le) (rate(gateway_functions_seconds_bucket{job="gateway"}[1m])))`
	p99Query    = `histogram_quantile(0.99, sum by (function_name, le) (rate(gateway_functions_seconds_bucket{job="gateway"}[1m])))`
	errorsQuery = `(sum by (function_name) (rate(gateway_function_invocation_total{job="gateway",code=~"5.."}[1m]))` +
		` or 0 * sum by (function_name) (rate(gateway_function_invocation_total{job="gateway"}[1m])))` +
		` / (sum by (function_name) (rate(gateway_function_invocation_total{job="gateway"}[1m])) > 0)`
	rpsQuery      = `sum by (function_name) (rate(gateway_function_invocation_started{job="gateway"}[30s]))`
	inFlightQuery = `sum by (function_name) (rate(gateway_function_inflight_seconds_total{job="gateway"}[30s]))`
)

// Prometheus is Rates as a Prometheus knows them that runs the shipped rules.
type Prometheus struct {
	Client *prom.Client
}

// Loads implements Rates.
func (p Prometheus) Loads(ctx context.Context) (map[string]Load, error) {
	vector, err := p.Client.Instant(ctx, loadsQuery)
	if err != nil {
		return nil, err
	}
	loads, up := make(map[string]Load, len(vector)), false
	for _, s := range vector {
		name := string(s.Metric[functionLabel])
		l, ok := loads[name]
		if !ok {
			l = Load{math.NaN(), math.NaN()}
		}
		switch s.Metric["scaling_type"] {
		case "up":
			up = true
			continue
		case "rps":
			l.RPS = float64(s.Value)
		default: // the two are the same
			l.InFlight = float64(s.Value)
		}
		loads[name] = l
	}
	if !up {
		return nil, function.Unavailablef("Prometheus reaches no gateway's /metrics/scaling: see the job gateway-scaling among its targets")
	}
	return loads, nil
}

// Answers implements Rates.
func (p Prometheus) Answers(ctx context.Context) (map[string]Answers, error) {
	answers := map[string]Answers{}
	nan := math.NaN()
	for _, one := range []struct {
		query string
		to    func(*Answers) *float64
	}{
		{rpsQuery, func(a *Answers) *float64 { return &a.Load.RPS }},
		{inFlightQuery, func(a *Answers) *float64 { return &a.Load.InFlight }},
		{p50Query, func(a *Answers) *float64 { return &a.P50 }},
		{p99Query, func(a *Answers) *float64 { return &a.P99 }},
		{errorsQuery, func(a *Answers) *float64 { return &a.Errors }},
	} {
		vector, err := p.Client.Instant(ctx, one.query)
		if err != nil {
			return nil, err
		}
		for _, s := range vector {
			name := string(s.Metric[functionLabel])
			a, ok := answers[name]
			if !ok {
				a = Answers{nan, nan, nan, Load{nan, nan}}
			}
			*one.to(&a) = float64(s.Value)
			answers[name] = a
		}
	}
	return answers, nil
}

// Past implements Rates.
func (p Prometheus) Past(ctx context.Context, now time.Time) (map[string][]float64, error) {
	end := now.Truncate(sparkEvery)
	start := end.Add(-(sparkPoints - 1) * sparkEvery)
	matrix, err := p.Client.Range(ctx, pastQuery, v1.Range{Start: start, End: end, Step: sparkEvery})
	if err != nil {
		return nil, err
	}
	past := make(map[string][]float64, len(matrix))
	for _, series := range matrix {
		means := make([]float64, sparkPoints)
		for i := range means {
			means[i] = math.NaN()
		}
		for _, s := range series.Values {
			if i := int(s.Timestamp.Time().Sub(start) / sparkEvery); i >= 0 && i < sparkPoints {
				means[i] = float64(s.Value)
			}
		}
		past[string(series.Metric[functionLabel])] = means
	}
	return past, nil
}
