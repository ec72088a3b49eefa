// Package live is what the portal's pages see change: a row for each function, decisions, alerts, and whether the control loop
// works, as server-sent events.
//
// One Hub serves all pages that a gateway has open, and looks at nothing while there are none:
//
//	routing table ── each second ─┐
//	Prometheus ── each second, 5 s┼─▶ Hub ─▶ what changed, encoded once ─▶ Watchers
//	Alertmanager ── each second ──┤
//	scaler ── as it happens ──────┘
//
// It stands beside both flows and only reads. All of its state belongs to one goroutine. What it asks others for is asked by
// goroutines of their own, so that none holds up the rest, and a page that does not read in time is let go.
package live
