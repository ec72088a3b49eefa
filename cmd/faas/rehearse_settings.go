package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"faas/api"
	"faas/function"
	"faas/rehearse/past"
)

// settings are the labels of a function that runs: as Prometheus has them, else as the gateway does. Prometheus looks at
// them every ten seconds, so it lacks those of a system that has just started.
func (c *rehearseCommand) settings(ctx context.Context, client *past.Client, name string, now time.Time) (map[string]string, error) {
	labels, err := client.Labels(ctx, name, now)
	if !errors.Is(err, function.ErrNotFound) {
		return labels, err
	}
	if c.Load.Prometheus != "" && c.Gateway.Gateway == "" {
		return nil, fmt.Errorf("%w; --gateway URL asks there as well", err) // that of faas up may have another function of this name
	}
	var known api.FunctionScaling
	asked := c.Gateway.ask(ctx, "GET", scalingPath(name), nil, &known)
	switch {
	case errors.Is(asked, function.ErrNotFound):
		return nil, c.Gateway.noFunction(ctx, name)
	case asked != nil:
		return nil, fmt.Errorf("%w; the gateway cannot tell: %w", err, asked)
	}
	return labelsOf(known), nil
}

// labelsOf are the labels that say how a function scales. Its slots may be from its environment.
func labelsOf(known api.FunctionScaling) map[string]string {
	labels := maps.Clone(known.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	if n := known.Scaling.Slots; n > 0 {
		labels[function.ScalingLabelPrefix+"slots"] = strconv.Itoa(n)
	}
	return labels
}
