package gateway

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"faas/api"
	"faas/internal/alerting"
)

// AlertReader reads what Alertmanager has.
type AlertReader interface {
	// Firing returns the alerts, and Silences the silences. Errors: ErrUnavailable.
	Firing(context.Context) ([]alerting.Firing, error)
	Silences(context.Context) (alerting.Listing, error)
}

// alertView shows what Alertmanager has as the portal does. It implements live.Alerts.
type alertView struct {
	reader AlertReader
	routes *table
}

// Alerts implements live.Alerts.
func (v alertView) Alerts(ctx context.Context, now time.Time) (api.PortalAlerts, error) {
	out := api.PortalAlerts{Now: now.UnixMilli(), Alerts: []api.PortalAlert{}, Silences: []api.PortalSilence{}}
	firing, err := v.reader.Firing(ctx)
	if err != nil {
		return out, err
	}
	listing, err := v.reader.Silences(ctx)
	if err != nil {
		return out, err
	}
	for _, a := range firing {
		by := a.SilencedBy
		if by == nil {
			by = []string{}
		}
		out.Alerts = append(out.Alerts, api.PortalAlert{
			Name: a.Labels["alertname"], Function: a.Labels["function_name"], Labels: orEmpty(a.Labels), Annotations: orEmpty(a.Annotations),
			StartsAt: a.StartsAt, EndsAt: a.EndsAt, UpdatedAt: a.UpdatedAt, State: a.State, SilencedBy: by, GeneratorURL: a.GeneratorURL,
		})
	}
	slices.SortFunc(out.Alerts, func(a, b api.PortalAlert) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Function, b.Function), a.StartsAt.Compare(b.StartsAt),
			strings.Compare(a.GeneratorURL, b.GeneratorURL))
	})
	for _, s := range listing.Silences {
		out.Silences = append(out.Silences, v.silence(s, now))
	}
	return out, nil
}

func (v alertView) silence(s alerting.Silence, now time.Time) api.PortalSilence {
	out := api.PortalSilence{
		ID: s.ID, State: string(s.State), Matchers: []api.PortalMatcher{}, StartsAt: s.StartsAt, EndsAt: s.EndsAt,
		CreatedBy: s.CreatedBy, Comment: s.Comment, Functions: []string{},
	}
	for _, c := range s.Conditions() {
		out.Matchers = append(out.Matchers, api.PortalMatcher{Name: c.Name, Value: c.Value, IsRegex: c.Regex, IsEqual: c.Equal})
	}
	for _, name := range v.candidates(s) {
		if len(alerting.Freezes(now, []alerting.Silence{s}, name)) > 0 {
			out.Functions = append(out.Functions, name)
		}
	}
	return out
}

// candidates are the functions that a silence may freeze: the one that it names, or else all.
func (v alertView) candidates(s alerting.Silence) []string {
	for _, c := range s.Conditions() {
		if c.Name == "function_name" && c.Equal && !c.Regex {
			return []string{c.Value}
		}
	}
	var names []string
	for _, r := range v.routes.sorted() {
		names = append(names, r.name)
	}
	return names
}
