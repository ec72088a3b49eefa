// Package scaler is the end of the control flow: it takes Alertmanager's webhook, decides, and sets
// replica counts through a Backend.
//
//	webhook ─▶ Alerts ─▶ mailbox ─▶ owner (one goroutine a function): Decide ─▶ Backend.Scale ─▶ decision log
//	manual  ─▶ Scale  ─────┘  ▲                                                                  ▲
//	request ─▶ Wake   ────────┘                                     Backend.Watch: ready after ──┘
//
// An alert is an absolute order: its replicas label is the count to set, so duplicates, retries and several
// Alertmanagers are harmless, and resolved means converged. The policy (how many are wanted, when to come
// down) stands in Prometheus rules; what is left here is to clamp, to order, to apply, to retry and to
// explain. Alerts without a replicas label are steps, as users of OpenFaaS know them.
//
// While the backend says that replicas of a function cannot start, alerts do not raise it: ScaleBlocked tells of that.
//
// A silence in Alertmanager that matches a function's orders freezes it: Alertmanager delivers none, what comes all the same
// is held, and the decision log tells from when to when. Wakes and manual orders go on.
//
// One goroutine owns each function, so alert, wake and manual order cannot race. Every decision, also one
// that changes nothing, is recorded with its reason.
package scaler
