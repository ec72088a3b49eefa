package explain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"faas/function"
)

// needStep is how finely the down window is looked at: as often as the rules record it.
const needStep = time.Second

// evaluatedLabel marks the time at which the rules were evaluated, among what they recorded.
const evaluatedLabel = "evaluated"

// Prometheus reads what the rules recorded.
type Prometheus struct {
	urls []string
	apis []v1.API
}

// NewPrometheus makes a reader of the first Prometheus that answers. It asks nothing yet. Errors: ErrInvalid for a URL that
// is none.
func NewPrometheus(urls []string, client *http.Client) (*Prometheus, error) {
	p := &Prometheus{}
	for _, one := range urls {
		u, err := url.Parse(one)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, function.Invalidf("prometheus %q: write it as http://127.0.0.1:9090", one)
		}
		c, err := api.NewClient(api.Config{Address: one, Client: client})
		if err != nil {
			return nil, function.Invalidf("prometheus %q: %w", one, err)
		}
		p.urls, p.apis = append(p.urls, u.Redacted()), append(p.apis, v1.NewAPI(c))
	}
	if len(p.apis) == 0 {
		return nil, function.Invalidf("prometheus: name at least one")
	}
	return p, nil
}

// Read returns what is recorded of a function and its down window. It asks one after the other until ctx ends; the error is
// of kind ErrUnavailable and names each that did not answer.
func (p *Prometheus) Read(ctx context.Context, name string, window time.Duration, now time.Time) (Readings, error) {
	var errs []error
	for i, one := range p.apis {
		// One that hangs leaves time for the next.
		part, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok {
			part, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(p.apis)-i))
		}
		r, err := read(part, one, name, window, now)
		cancel()
		if err == nil {
			return r, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", p.urls[i], plain(err)))
	}
	return Readings{}, function.Unavailablef("Prometheus does not answer: %w", errors.Join(errs...))
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
