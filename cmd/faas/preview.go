package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"faas/api"
	"faas/function"
	"faas/gateway"
	"faas/rehearse"
	"faas/rehearse/past"
)

const (
	// defaultStartUp is how long a replica takes where nobody has seen one start.
	defaultStartUp = time.Second
	// previewPoints is how many points a preview has at most.
	previewPoints = 360
	// previewAsk bounds one question to Prometheus.
	previewAsk = 15 * time.Second
	// previewSeed makes the same preview come out the same.
	previewSeed = 1
)

// newPreview makes what plays the past that one of these Prometheuses knows. None: nil.
func newPreview(urls []string) (gateway.Preview, error) {
	if len(urls) == 0 {
		return nil, nil //nolint:nilnil // the gateway does without
	}
	var clients []*past.Client
	asks := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: previewAsk}
	for _, url := range urls {
		c, err := past.New(past.Options{URL: url, Client: asks})
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	return func(ctx context.Context, t gateway.PreviewTask) (api.PortalPreview, error) {
		var errs []error
		for _, c := range clients {
			lived, err := readLived(ctx, c, t)
			if err == nil {
				return lived.play(ctx, t)
			}
			if errs = append(errs, err); ctx.Err() != nil {
				break
			}
		}
		return api.PortalPreview{}, function.Unavailablef("%w", errors.Join(errs...))
	}, nil
}

// lived is what a function has lived through.
type lived struct {
	start   time.Time
	subject rehearse.Function // without its scaling
	note    string
}

// readLived asks for it.
func readLived(ctx context.Context, c *past.Client, t gateway.PreviewTask) (lived, error) {
	end := t.Now.Truncate(time.Second)
	span := past.Span{Start: end.Add(-t.Length), End: end}
	curve, gaps, exact, err := c.Arrivals(ctx, t.Function, span)
	switch {
	case errors.Is(err, function.ErrNotFound):
		return lived{}, function.Unavailablef("there is no load to play: nothing is recorded of %s in the last %s", t.Function, brief(t.Length))
	case err != nil:
		return lived{}, err
	}
	service, err := c.ServiceTime(ctx, t.Function, span)
	if err != nil {
		return lived{}, err
	}
	l := lived{
		start: end.Add(-curve.Length()), // it begins with the first value there is
		subject: rehearse.Function{
			Name: t.Function, Curve: curve, Even: exact,
			StartUp: cmp.Or(t.StartUp, defaultStartUp), ServiceTime: cmp.Or(service, defaultServiceTime),
		},
	}
	f := l.subject
	l.note = fmt.Sprintf("Requests take %s", f.ServiceTime.Round(100*time.Microsecond))
	if service == 0 {
		l.note += " (not measured)"
	}
	l.note += fmt.Sprintf(", replicas start in %s", f.StartUp.Round(time.Millisecond))
	if t.StartUp == 0 {
		l.note += " (not measured)"
	}
	if !exact {
		l.note += "; the load is known every 10 s, and chance is added"
	}
	if gaps.Repeated+gaps.Asleep > 0 {
		l.note += fmt.Sprintf("; %d values of the load are missing", gaps.Repeated+gaps.Asleep)
	}
	for _, signal := range t.After.Signals {
		switch signal.Type {
		case function.ScalingCPU, function.ScalingMemory, function.ScalingQueue, function.ScalingCustom:
			l.note += fmt.Sprintf("; the load of %s is not played", signal.Type)
		case function.ScalingRPS, function.ScalingCapacity: // those that come of requests
		}
	}
	return l, nil
}

// play plays it with both settings, one after the other: the gateway needs the other cores.
func (l lived) play(ctx context.Context, t gateway.PreviewTask) (api.PortalPreview, error) {
	out := api.PortalPreview{Note: l.note + "."}
	before, err := l.with(ctx, t.Before)
	if err != nil {
		return out, err
	}
	after, err := l.with(ctx, t.After)
	if err != nil {
		return out, err
	}
	for _, p := range before.Points {
		out.Times = append(out.Times, l.start.Add(p.At).UnixMilli())
		out.Arrivals = append(out.Arrivals, api.Number(p.Arrivals))
	}
	out.Before, out.After = outcome(before), outcome(after)
	return out, nil
}

// with plays it with one.
func (l lived) with(ctx context.Context, s function.Scaling) (rehearse.FunctionResult, error) {
	f := l.subject
	f.Scaling = s
	length := f.Curve.Length()
	result, err := rehearse.Run(ctx, rehearse.Options{
		Functions: []rehearse.Function{f}, Seed: previewSeed, Length: length,
		Every: max(time.Second, (length / previewPoints).Round(time.Second)),
	})
	if err != nil {
		return rehearse.FunctionResult{}, err
	}
	return result.Functions[0], nil
}

// outcome is a result in the portal's words.
func outcome(r rehearse.FunctionResult) api.PreviewOutcome {
	out := api.PreviewOutcome{
		Desired: make([]int, len(r.Points)), Ready: make([]int, len(r.Points)), Changes: r.Score.Actions,
		ReplicaSeconds: api.Number(r.Score.ReplicaSeconds), OverloadedSeconds: api.Number(r.Score.TimeOverCapacity.Seconds()), Waited: r.Score.Waited,
	}
	for i, p := range r.Points {
		out.Desired[i], out.Ready[i] = p.Desired, p.Ready
	}
	return out
}
