package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"faas/api"
	"faas/function"
	"faas/gateway/explain"
	"faas/internal/alerting"
)

const (
	// readingsTimeout bounds the questions to Prometheus, for a person who waits.
	readingsTimeout = 2 * time.Second
	// decisionsShown is how many decisions are told of.
	decisionsShown = 10
)

// Tuner changes how functions scale, and touches no replica.
type Tuner interface {
	// Tune has change edit the scaling labels that there are. It may be called again, when somebody else was quicker.
	Tune(ctx context.Context, name string, change func(labels map[string]string) error) error
}

// explainScaling serves GET /system/functions/NAME/scaling.
func (g *Gateway) explainScaling(w http.ResponseWriter, r *http.Request) error {
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	s, err := g.function(r.Context(), nameInPath(r))
	if err != nil {
		return fmt.Errorf("explain scaling: %w", err)
	}
	return g.showScaling(w, r, s)
}

// tuneScaling serves PATCH /system/functions/NAME/scaling.
func (g *Gateway) tuneScaling(w http.ResponseWriter, r *http.Request) error {
	var fields map[string]json.RawMessage
	if err := readJSON(w, r, &fields); err != nil {
		return err
	}
	if fields == nil {
		return function.Invalidf("body is null: send a JSON object")
	}
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	before, err := g.function(r.Context(), nameInPath(r))
	if err != nil {
		return fmt.Errorf("set scaling: %w", err)
	}
	patch, err := parseScalingPatch(fields)
	if err != nil {
		_, also := before.Tuned(patch.apply) // all mistakes at once
		return errors.Join(err, also)
	}
	if err := g.opts.Tuner.Tune(r.Context(), before.Name, patch.apply); err != nil {
		return err
	}
	// The change stands, whatever can be read of it.
	if snapshot, err := g.opts.Backend.Functions(r.Context()); err == nil {
		g.routes.apply(snapshot) // so that the next scrape shows it
	} else {
		g.log.Warn("functions cannot be read after a change of scaling: the next scrape may lack it", "function", before.Name, "err", err)
	}
	after, err := g.opts.Backend.Function(r.Context(), before.Name)
	if err != nil {
		return fmt.Errorf("the scaling of %s is changed, but cannot be shown: %w", before.Name, err)
	}
	if !maps.Equal(before.Labels, after.Labels) {
		g.log.Info("scaling changed", "function", before.Name, "from", function.ScalingLabels(before.Labels), "to", function.ScalingLabels(after.Labels))
	}
	return g.showScaling(w, r, after)
}

func (g *Gateway) showScaling(w http.ResponseWriter, r *http.Request, s function.Status) error {
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, g.scalingOf(r.Context(), s))
}

// scalingOf says all that is known of a function's scaling.
func (g *Gateway) scalingOf(ctx context.Context, s function.Status) api.FunctionScaling {
	out := api.FunctionScaling{
		Function: s.Name, Scaling: settings(s.Scaling), Labels: function.ScalingLabels(s.Labels),
		Replicas:    api.ScalingReplicas{Desired: s.Desired, Ready: s.Available()},
		ControlLoop: "ok", Decisions: []api.ScaleEvent{},
	}
	f := explain.Facts{Now: time.Now(), Status: s, ControlLoop: g.opts.ControlLoop()}
	if f.ControlLoop != nil {
		out.ControlLoop = f.ControlLoop.Error()
	}
	for _, frozen := range g.freezesOf(s.Name) {
		if out.Frozen == nil {
			out.Frozen = new(api.FrozenFunction(frozen))
		}
		f.Frozen = append(f.Frozen, explain.Frozen{
			Silence: frozen.Silence, Comment: frozen.Comment, Until: frozen.Until, Up: frozen.Up, Down: frozen.Down, Zero: frozen.Zero,
		})
	}
	if g.opts.Decisions != nil {
		out.Decisions = append(out.Decisions, g.opts.Decisions(s.Name, decisionsShown)...)
		f.Ordered = ordered(out.Decisions, s.Desired)
	}
	if r := g.routes.lookup(s.Name); r != nil {
		f.LastInvocation = time.Unix(0, r.series.lastArrival.Load())
		f.InFlight, _ = r.series.load.read(f.Now)
		if at := r.series.tuned.Load(); at > 0 {
			f.Tuned = time.Unix(0, at)
		}
		f.AtRest = reading{route: r, status: r.status.Load(), now: f.Now}.atRest()
	}
	f.Readings, f.Unknown = g.readings(ctx, s, f.Now)
	f = f.Current()
	out.Wanted, out.Hold = f.Readings.Wanted, f.Readings.Hold
	for _, signal := range f.Signals() {
		one := api.ScalingSignal{
			Type: string(signal.Type), Target: signal.Target, PerReplica: signal.PerReplica, Capacity: signal.Capacity,
		}
		if signal.Known {
			one.Load, one.Wanted = &signal.Load, &signal.Wanted
		}
		out.Signals = append(out.Signals, one)
	}
	out.More, out.Fewer = f.More(), f.Fewer()
	g.tellStopped(&out)
	return out
}

// tellStopped adds which silence stops the order that stands.
func (g *Gateway) tellStopped(out *api.FunctionScaling) {
	from := out.Replicas.Desired
	if g.opts.Freezer == nil || out.Wanted == nil || *out.Wanted == from || from == 0 {
		return
	}
	silence := g.opts.Freezer.StoppedBy(out.Function, from, *out.Wanted)
	if silence == "" {
		return
	}
	text := fmt.Sprintf("; but silence %s stops the order for %d: leave replicas out of it to freeze the function, or end it", silence, *out.Wanted)
	if *out.Wanted > from {
		out.More += text
	} else {
		out.Fewer += text
	}
}

// freezesOf are the silences that freeze one function, the longest first.
func (g *Gateway) freezesOf(name string) []alerting.Freeze {
	if g.opts.Freezer == nil {
		return nil
	}
	return g.opts.Freezer.FrozenOf(name)
}

// readings are what Prometheus knows of a function, or why it is not known.
func (g *Gateway) readings(ctx context.Context, s function.Status, now time.Time) (explain.Readings, string) {
	if g.readers == nil {
		return explain.Readings{}, "the gateway was not told where Prometheus is (--prometheus)"
	}
	ctx, cancel := context.WithTimeout(ctx, readingsTimeout)
	defer cancel()
	r, err := g.readers.Read(ctx, s.Name, s.Scaling.DownWindow, now)
	if err != nil {
		g.log.Debug("loads cannot be read", "function", s.Name, "err", err)
		return explain.Readings{}, strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return r, ""
}

// ordered is when the present count was ordered, as far as the decisions tell.
func ordered(decisions []api.ScaleEvent, desired int) time.Time {
	for _, d := range slices.Backward(decisions) {
		if d.Applied {
			if d.To == desired {
				return d.Time
			}
			break
		}
	}
	return time.Time{}
}

// settings are how a function scales, as clients see it.
func settings(s function.Scaling) api.ScalingSettings {
	out := api.ScalingSettings{
		Targets: map[string]float64{}, Min: s.Min, Max: s.Max, Window: s.DownWindow.String(), Zero: s.Zero,
		ZeroDuration: s.ZeroDuration.String(), Proportion: s.Proportion, Slots: s.Slots, Factor: s.Factor,
	}
	var types []string
	for _, signal := range s.Signals {
		types = append(types, string(signal.Type))
		out.Targets[string(signal.Type)] = signal.Target
	}
	out.Type = strings.Join(types, ",")
	return out
}
