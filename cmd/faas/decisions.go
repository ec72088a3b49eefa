package main

import "faas/scaler"

// tellDecision prints a decision that changed something, could not, or is about the control loop itself.
func tellDecision(out *console, e scaler.Event) {
	switch {
	case e.Kind == scaler.KindHeartbeat && e.Status == "firing":
		out.recovery("control loop", "alive", "Prometheus and Alertmanager reach the gateway")
	case e.Kind == scaler.KindHeartbeat:
		out.trouble("control loop", "lost", e.Reason)
	case e.Applied:
		out.scaled(e.Time, e.Function, e.From, e.To, e.Reason)
	case e.Code == scaler.CodeFailed:
		out.trouble(e.Function, "failed", e.Reason)
	}
}
