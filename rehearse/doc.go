// Package rehearse replays a load through the scaling rules in virtual time: the same rule files, evaluated by Prometheus's
// own engine, and the same decisions of the gateway's scaler, without anything that waits. An hour takes seconds.
//
//	Curve ─▶ requests ─▶ what a gateway shows ─ scrape ─▶ store ─▶ rules ─▶ alerts ─▶ Alertmanager's timers ─▶ scaler.Decide
//	           ▲                                                                                                   │
//	           └────────────────────────── replicas, ready after their start-up ◀──────────────────────────────────┘
//
// What is Prometheus's or Alertmanager's own code: parsing of rules and configuration, evaluation, templates, staleness, the
// states of alerts and when they are sent, and which route takes one. What is a model: scrapes, which take no time and
// never fail; Alertmanager's timers and its memory of what was told; the time between the parts; the gateway's wakes, holds
// and overload path; and replicas, which need nothing but their start-up time and end at once. Requests take a fixed time and are
// served in the order of arrival.
//
// Run does it all. Policies of others (HPA, KPA, Classic) can be played in the same world, to compare.
package rehearse
