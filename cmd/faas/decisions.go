package main

import (
	"context"
	"strings"

	"faas/api"
	"faas/scaler"
)

// lastDecisions asks s for what GET /system/scale/events shows.
func lastDecisions(s *scaler.Scaler) func(string, int) []api.ScaleEvent {
	return func(name string, n int) []api.ScaleEvent { return shown(s.Last(name, n)) }
}

// followDecisions has s tell of what is decided.
func followDecisions(s *scaler.Scaler) func(context.Context, int, func([]api.ScaleEvent)) {
	return func(ctx context.Context, n int, each func([]api.ScaleEvent)) {
		s.Tail(ctx, n, func(events []scaler.Event) { each(shown(events)) })
	}
}

// shown are events as clients see them.
func shown(events []scaler.Event) []api.ScaleEvent {
	var list []api.ScaleEvent
	for _, e := range events {
		list = append(list, api.ScaleEvent{
			ID: e.ID, Time: e.Time, Function: e.Function, Kind: string(e.Kind),
			Alert: e.Alert, Status: e.Status, StartsAt: e.StartsAt, Signal: e.Signal,
			From: e.From, To: e.To, Wanted: e.Wanted, Applied: e.Applied, Code: string(e.Code), Reason: e.Reason,
			Duration: e.Duration, ReadyAfter: e.ReadyAfter, Repeats: e.Repeats, RepeatedAt: e.RepeatedAt,
		})
	}
	return list
}

// tellDecision prints a decision that changed something, could not, or is about the control loop itself.
func tellDecision(out *console, e scaler.Event) {
	switch {
	case e.Kind == scaler.KindHeartbeat && e.Status == "firing":
		out.recovery("control loop", "alive", "Prometheus and Alertmanager reach the gateway")
	case e.Kind == scaler.KindHeartbeat:
		out.trouble("control loop", "lost", e.Reason)
	case e.Kind == scaler.KindFreeze && e.Code == scaler.CodeThawed:
		out.recovery(e.Function, "thawed", strings.TrimPrefix(e.Reason, "thawed: "))
	case e.Kind == scaler.KindFreeze:
		out.change(e.Function, "frozen", strings.TrimPrefix(e.Reason, "frozen "))
	case e.Applied:
		out.scaled(e.Time, e.Function, e.From, e.To, e.Reason)
	case e.Code == scaler.CodeFailed:
		out.trouble(e.Function, "failed", e.Reason)
	}
}
