package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"faas/api"
	"faas/function"
	"faas/gateway/history"
	"faas/internal/httperr"
)

const (
	// The past that a preview plays.
	defaultPreview  = 15 * time.Minute
	shortestPreview = time.Minute
	longestPreview  = time.Hour
	// previewWait is how long a preview waits for another to end, which takes a core meanwhile.
	previewWait = 3 * time.Second
	// previewTimeout bounds one.
	previewTimeout = time.Minute
	// historyTimeout bounds the questions of a history.
	historyTimeout = 10 * time.Second
	// historyDecisions is how many decisions are looked through for those of a history.
	historyDecisions = 500
	// startUpsSeen is how many start-ups a preview goes by.
	startUpsSeen = 20
)

// Preview plays the last while of a function with two settings. Errors: ErrUnavailable where there is nothing to play.
type Preview func(context.Context, PreviewTask) (api.PortalPreview, error)

// PreviewTask is what a Preview plays.
type PreviewTask struct {
	Function      string
	Before, After function.Scaling
	// Length is how long it was, up to Now.
	Length time.Duration
	Now    time.Time
	// StartUp is how long replicas took to be ready. 0: not known.
	StartUp time.Duration
}

// showHistory serves GET /system/portal/history/NAME.
func (g *Gateway) showHistory(w http.ResponseWriter, r *http.Request) error {
	length := 15 * time.Minute
	if text := lastValue(r.URL.Query(), "seconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		length = time.Duration(seconds) * time.Second
		if err != nil || length < history.Shortest || length > history.Longest {
			return function.Invalidf("seconds %.20q: from %d to %d", text, int(history.Shortest.Seconds()), int(history.Longest.Seconds()))
		}
	}
	route, err := g.routes.find(nameInPath(r))
	if err != nil {
		return fmt.Errorf("show history: %w", err)
	}
	if g.prometheus == nil {
		return errNoPrometheus()
	}
	ctx, cancel := context.WithTimeout(r.Context(), historyTimeout)
	defer cancel()
	h, err := history.Read(ctx, g.prometheus, *route.status.Load(), length, time.Now())
	if err != nil {
		return fmt.Errorf("show history: %w", err)
	}
	if g.opts.Decisions != nil {
		for _, d := range g.opts.Decisions(route.name, historyDecisions) {
			if d.Time.UnixMilli() >= h.From {
				h.Decisions = append(h.Decisions, d)
			}
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, h)
}

func errNoPrometheus() error {
	return function.Unavailablef("the gateway was not told where Prometheus is, which has the past: start it with --prometheus URL")
}

// previewScaling serves POST /system/portal/preview/NAME.
func (g *Gateway) previewScaling(w http.ResponseWriter, r *http.Request) error {
	var body api.PreviewRequest
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	task, err := g.previewTask(r.Context(), nameInPath(r), body)
	if err != nil {
		return err
	}
	if g.opts.Preview == nil {
		httperr.Refuse(w, http.StatusNotImplemented, "this gateway cannot rehearse: use faas rehearse")
		return nil
	}
	ctx, cancel := g.untilDrained(r.Context())
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, previewTimeout)
	defer stop()
	timer := time.NewTimer(previewWait)
	defer timer.Stop()
	select {
	case g.previews <- struct{}{}:
		defer func() { <-g.previews }()
	case <-timer.C:
		w.Header().Set("Retry-After", strconv.Itoa(int(previewWait.Seconds())))
		httperr.Refuse(w, http.StatusTooManyRequests, "this gateway plays another preview: try again in a few seconds")
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	began := time.Now()
	p, err := g.opts.Preview(ctx, task)
	switch {
	case g.draining.Err() != nil && errors.Is(err, context.Canceled):
		return function.Unavailablef("the gateway is stopping")
	case httperr.Status(err) == http.StatusGatewayTimeout: // else Prometheus was too slow, and the error says so
		httperr.Refuse(w, http.StatusGatewayTimeout, fmt.Sprintf("the preview of %s took longer than %s: play less time, or use faas rehearse",
			task.Length, previewTimeout))
		return nil
	case err != nil:
		return fmt.Errorf("preview: %w", err)
	}
	p.Function, p.Took = task.Function, api.Number(time.Since(began).Seconds())
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, p)
}

// previewTask reads what is to be played.
func (g *Gateway) previewTask(ctx context.Context, name string, body api.PreviewRequest) (PreviewTask, error) {
	task := PreviewTask{Length: defaultPreview, Now: time.Now()}
	if body.Seconds != 0 {
		task.Length = time.Duration(body.Seconds) * time.Second
	}
	if task.Length < shortestPreview || task.Length > longestPreview {
		return task, function.Invalidf("seconds %d: from %d to %d", body.Seconds, int(shortestPreview.Seconds()), int(longestPreview.Seconds()))
	}
	s, err := g.function(ctx, name)
	if err != nil {
		return task, fmt.Errorf("preview: %w", err)
	}
	patch, err := parseScalingPatch(body.Scaling)
	if err != nil {
		_, also := s.Tuned(patch.apply) // all mistakes at once
		return task, errors.Join(err, also)
	}
	tuned, err := s.Tuned(patch.apply)
	if err != nil {
		return task, err
	}
	after, err := tuned.ParseScaling()
	if err != nil {
		return task, err
	}
	task.Function, task.Before, task.After = s.Name, s.Scaling, after
	task.StartUp = g.startUp(s.Name)
	return task, nil
}

// startUp is the median of what the last orders for more replicas took. 0: there were none.
func (g *Gateway) startUp(name string) time.Duration {
	if g.opts.Decisions == nil {
		return 0
	}
	var seen []float64
	for _, d := range g.opts.Decisions(name, startUpsSeen) {
		if d.Applied && d.To > d.From && d.ReadyAfter != nil {
			seen = append(seen, *d.ReadyAfter)
		}
	}
	return time.Duration(median(seen) * float64(time.Second))
}

// median of numbers, which it sorts. 0: there are none.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}
