package explain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"faas/function"
	"faas/internal/prom"
)

// needStep is how finely the down window is looked at: as often as the rules record it.
const needStep = time.Second

// evaluatedLabel marks the time at which the rules were evaluated, among what they recorded.
const evaluatedLabel = "evaluated"

// Prometheus reads what the rules recorded.
type Prometheus struct {
	client *prom.Client
}

// NewPrometheus makes a reader. It asks nothing yet.
func NewPrometheus(c *prom.Client) *Prometheus { return &Prometheus{c} }

// Read returns what is recorded of a function and its down window, from the first Prometheus that answers until ctx ends. The
// error is of kind ErrUnavailable and names each that did not.
func (p *Prometheus) Read(ctx context.Context, name string, window time.Duration, now time.Time) (r Readings, err error) {
	err = p.client.Ask(ctx, func(ctx context.Context, from v1.API) error {
		var err error
		r, err = read(ctx, from, name, window, now)
		return err
	})
	if err != nil {
		return Readings{}, err
	}
	return r, nil
}

func read(ctx context.Context, from v1.API, name string, window time.Duration, now time.Time) (Readings, error) {
	type needs struct {
		list []Need
		err  error
	}
	later := make(chan needs, 1)
	go func() {
		list, err := readNeeds(ctx, from, name, window, now)
		later <- needs{list, err}
	}()
	r, err := readNow(ctx, from, name)
	n := <-later
	r.Needs = n.list
	return r, errors.Join(err, n.err)
}

// readNow asks for the present, by Prometheus's clock.
func readNow(ctx context.Context, from v1.API, name string) (Readings, error) {
	value, _, _, err := from.Query(ctx, fmt.Sprintf(
		`{__name__=~"function:replicas:(wanted|need|hold|wish)|function:load:(mean5s|level)",function_name=%[1]q}`+
			` or label_replace(max(timestamp(function:replicas:wanted{function_name=%[1]q})), %[2]q, "true", "", "")`,
		name, evaluatedLabel), time.Time{})
	if err != nil {
		return Readings{}, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return Readings{}, fmt.Errorf("an answer of the type %s", value.Type())
	}
	r := Readings{Loads: map[function.ScalingType]float64{}}
	for _, s := range vector {
		v := float64(s.Value)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		if s.Metric[evaluatedLabel] != "" {
			r.At = time.UnixMilli(int64(v * 1000))
			continue
		}
		signal := function.ScalingType(s.Metric["scaling_type"])
		switch n := replicas(v); s.Metric[model.MetricNameLabel] {
		case "function:replicas:wanted":
			r.Wanted = &n
		case "function:replicas:need":
			r.Need = &n
		case "function:replicas:hold":
			r.Hold = &n
		case "function:replicas:wish":
			if signal == "overload" {
				r.Overload = max(r.Overload, n)
			}
		case "function:load:mean5s", "function:load:level":
			r.Loads[signal] = v
		}
	}
	return r, nil
}

// readNeeds asks for the down window. What was needed when nothing was recorded is not in it.
func readNeeds(ctx context.Context, from v1.API, name string, window time.Duration, now time.Time) ([]Need, error) {
	value, _, _, err := from.QueryRange(ctx, fmt.Sprintf(`function:replicas:need{function_name=%q}`, name),
		v1.Range{Start: now.Add(-window - settle), End: now, Step: needStep})
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("an answer of the type %s", value.Type())
	}
	var list []Need
	for _, series := range matrix {
		for _, s := range series.Values {
			list = append(list, Need{At: s.Timestamp.Time(), Replicas: replicas(float64(s.Value))})
		}
	}
	return list, nil
}
