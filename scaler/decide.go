package scaler

import (
	"fmt"
	"time"

	"faas/function"
	"faas/internal/alerting"
)

// Settle is how long an applied order beats alerts that were given before it.
//
// Deliveries may be late or out of order: a payload is frozen while Alertmanager retries it, and pairs of
// Alertmanager 0.25 were seen to deliver payloads 15 s old. So what is older than the last decision
// is dropped. But Prometheus keeps an alert's start for as long as the same labels fire. Say "12" fires
// from 10:00:00, a user scales to 5 at 10:00:01, and the webhook comes at 10:00:02. The order for 12 is rightly
// dropped as older than the user's. Yet the load goes on wanting 12, the alert goes on firing with its old
// start, and were it dropped for ever the function would stay at 5 under full load. Alertmanager
// repeats only what Prometheus has confirmed within seconds, so a delivery after Settle is evidence of the
// present, whatever its start, and is obeyed.
//
// A manual order thus holds until the rules see reason to change it, and no longer: whoever wants to pin a
// count silences the alert in Alertmanager.
const Settle = 20 * time.Second

// Calm is how long after a raise an order down is put off. The rules see a raise in the next scrape and hold it for their
// down window; an order down that was on its way meanwhile would take it back.
const Calm = 3 * time.Second

// State is what Decide knows of a function.
type State struct {
	// Scaling has the function's bounds.
	Scaling function.Scaling
	// Desired is the count that was last asked for.
	Desired int
	// OrderedAt is when the order behind that count was given: Alert.At, or the moment of a manual order
	// or wake. AppliedAt is when it was applied or last confirmed. Both are zero when there was none. Of a change that
	// somebody else made, another gateway or a user, both are when it was seen.
	OrderedAt, AppliedAt time.Time
	// RaisedAt is when the count was last raised, or seen to be. Zero when it was not.
	RaisedAt time.Time
	// Frozen is what stops alerts from scaling the function.
	Frozen []alerting.Freeze
	// Blocked says in the backend's words why replicas cannot start. Empty: they can.
	Blocked string
	// Busy says in the gateway's words what there is to do, where an alert orders 0. Empty: nothing is known of.
	Busy string
}

// Code is the reason of a decision in one word, for metrics.
type Code string

// The codes. Only CodeScaled changes a count.
const (
	// CodeScaled means that the count changes.
	CodeScaled Code = "scaled"
	// CodeUnchanged means that the count is already what is ordered.
	CodeUnchanged Code = "unchanged"
	// CodeAwake means that a wake found replicas, which orders nothing.
	CodeAwake Code = "awake"
	// CodeConverged means that an absolute alert resolved, which orders nothing.
	CodeConverged Code = "converged"
	// CodeStale means that the order is older than the last decision.
	CodeStale Code = "stale"
	// CodeDirection means that an up order would lower or a down order raise the count.
	CodeDirection Code = "direction"
	// CodePassed means that the count is already past what an order up or down wants, by a newer order or a raise just now.
	CodePassed Code = "passed"
	// CodeCalm means that the count was just raised, so it is not lowered yet.
	CodeCalm Code = "calm"
	// CodeFrozen means that a silence keeps alerts from scaling the function.
	CodeFrozen Code = "frozen"
	// CodeThawed means that alerts scale the function again.
	CodeThawed Code = "thawed"
	// CodeBlocked means that the count is not raised because replicas cannot start.
	CodeBlocked Code = "blocked"
	// CodeBusy means that an alert would stop a function that has something to do.
	CodeBusy Code = "busy"
	// CodeUnblocked means that replicas can start again.
	CodeUnblocked Code = "unblocked"
	// CodeRelayed means that another gateway carries the order out, or has just done so.
	CodeRelayed Code = "relayed"
	// CodeOff means that step scaling is turned off.
	CodeOff Code = "off"
	// CodeInvalid means that the alert could not be read.
	CodeInvalid Code = "invalid"
	// CodeNotFound means that there is no such function.
	CodeNotFound Code = "not_found"
	// CodeSuperseded means that a newer order came before this one was accepted.
	CodeSuperseded Code = "superseded"
	// CodeFailed means that the backend did not accept the order.
	CodeFailed Code = "failed"
	// CodeHeartbeat means that the control loop came alive or was lost.
	CodeHeartbeat Code = "heartbeat"
)

// Decision is what becomes of one order.
type Decision struct {
	// From is the count before, To the count after; they are the same where nothing changes.
	From, To int
	// Wanted is what was ordered, before it was clamped.
	Wanted int
	// Code and Reason say why, in a word and in a sentence that stays the same for the same case.
	Code   Code
	Reason string
	// OrderedAt is when the order was given, at the latest now.
	OrderedAt time.Time
}

// Apply reports whether the count changes.
func (d Decision) Apply() bool { return d.Code == CodeScaled }

// after returns the state that follows d. An order for the count that is there already confirms it, so
// that of two rules that contradict each other the newer wins and the count does not swing.
func (st State) after(now time.Time, d Decision) State {
	if d.Code == CodeScaled && d.To > d.From {
		st.RaisedAt = now
	}
	if d.Code == CodeScaled || d.Code == CodeUnchanged {
		st.Desired, st.OrderedAt, st.AppliedAt = d.To, d.OrderedAt, now
	}
	return st
}

// Decide says what an alert does to a function in the given state. It is pure.
//
// A firing alert with a count sets exactly that count, clamped to [min, max]; 0 stands where the function
// may scale to zero, and is 1 or the minimum where it may not. The same alert twice gives the same count. Its resolution changes nothing: it means
// that the count was reached, or that Prometheus or its targets died. A firing step adds Scaling.Step at
// each delivery, Alertmanager's repetitions too, as OpenFaaS does; its resolution goes back to the minimum.
//
// An alert that orders 0 has seen no work, perhaps a moment ago: it is not obeyed while the gateway knows of some.
//
// While replicas cannot start nothing is raised: more of them would not start either. While a silence freezes the
// function nothing changes that it forbids. An order down that comes within Calm after a raise was made for the count
// before it. Of these Alertmanager repeats the order, so that it is only put off.
func Decide(now time.Time, st State, a Alert) Decision {
	d := Decision{From: st.Desired, To: st.Desired, Wanted: a.Replicas, OrderedAt: earlier(a.At(), now)}
	if a.Step {
		d.Wanted = stepTarget(st, a.Firing)
	}
	n, clamped := clamp(st.Scaling, d.Wanted)
	direction := a.allowed()
	stale := d.OrderedAt.Before(st.OrderedAt) && now.Sub(st.AppliedAt) < Settle
	switch {
	case !a.Step && !a.Firing:
		return d.hold(CodeConverged, "resolved: already converged, nothing to do")
	case a.Step && st.Scaling.Factor == 0:
		return d.hold(CodeOff, "step scaling is off: "+function.ScalingLabelPrefix+"factor is 0")
	case !a.Step && st.passed(now, d.OrderedAt, n, direction):
		return d.hold(CodePassed, fmt.Sprintf("at %d: past the %d that this order %s wants", st.Desired, n, direction))
	case stale:
		return d.hold(CodeStale, "older than the last decision")
	}
	frozen, isFrozen := st.frozen(n, d.Wanted)
	switch {
	case n == st.Desired:
		return d.hold(CodeUnchanged, fmt.Sprintf("already at %d", n)+parenthesised(clamped))
	case direction == Up && n < st.Desired:
		return d.hold(CodeDirection, fmt.Sprintf("at %d: an order up to %d never lowers", st.Desired, n)+parenthesised(clamped))
	case direction == Down && n > st.Desired:
		return d.hold(CodeDirection, fmt.Sprintf("at %d: an order down to %d never raises", st.Desired, n)+parenthesised(clamped))
	case isFrozen:
		return d.hold(CodeFrozen, words(frozen.String(), maxWords)+parenthesised(clamped))
	case a.Direction == Down && now.Sub(st.RaisedAt) < Calm:
		return d.hold(CodeCalm, fmt.Sprintf("at %d: raised %.1f s ago, which this order could not know", st.Desired, now.Sub(st.RaisedAt).Seconds())+
			parenthesised(clamped))
	case n == 0 && st.Busy != "":
		return d.hold(CodeBusy, fmt.Sprintf("at %d: not idle: %s", st.Desired, st.Busy))
	case st.Blocked != "" && n > st.Desired:
		return d.hold(CodeBlocked, fmt.Sprintf("at %d: replicas cannot start: %s", st.Desired, cut(st.Blocked, maxWords))+parenthesised(clamped))
	}
	return d.scale(n, alertReason(st.Scaling, a)+parenthesised(clamped))
}

// passed reports whether an order in one direction wants less of it than a newer one did, or than was just raised to. It is
// neither too late nor wrong: of several counts that fire at once, it is not the one that counts.
func (st State) passed(now, orderedAt time.Time, n int, direction Direction) bool {
	older := !orderedAt.After(st.OrderedAt) && now.Sub(st.AppliedAt) < Settle
	switch direction {
	case Up:
		return n < st.Desired && (older || now.Sub(st.RaisedAt) < Calm)
	case Down:
		return n > st.Desired && older
	}
	return false
}

// frozen returns what freezes the way to n, if anything. An order of 0 is one to zero though it was clamped.
func (st State) frozen(n, wanted int) (alerting.Freeze, bool) {
	for _, f := range st.Frozen {
		if n > st.Desired && f.Up || n < st.Desired && (f.Down || f.Zero && wanted == 0) {
			return f, true
		}
	}
	return alerting.Freeze{}, false
}

// decideManual says what a manual order does: just what it says, for a user who scales by hand means it.
// The gateway has refused counts outside the function's bounds, 0 apart; only alerts are clamped.
func decideManual(now time.Time, st State, replicas int) Decision {
	d := Decision{From: st.Desired, To: st.Desired, Wanted: replicas, OrderedAt: now}
	if replicas == st.Desired {
		return d.hold(CodeUnchanged, fmt.Sprintf("already at %d", replicas))
	}
	return d.scale(replicas, "manual order")
}

// decideWake says what a request for a function does that may have no replicas.
func decideWake(now time.Time, st State) Decision {
	d := Decision{From: st.Desired, To: st.Desired, Wanted: max(1, st.Scaling.Min), OrderedAt: now}
	if st.Desired > 0 { // not CodeUnchanged: it confirms nothing, so it must not make alerts stale
		return d.hold(CodeAwake, fmt.Sprintf("already awake with %d", st.Desired))
	}
	return d.scale(d.Wanted, "woken by a request")
}

func (d Decision) hold(code Code, reason string) Decision {
	d.To, d.Code, d.Reason = d.From, code, reason
	return d
}

func (d Decision) scale(n int, reason string) Decision {
	d.To, d.Code, d.Reason = n, CodeScaled, reason
	return d
}

// allowed is the way in which a may move the count. A step goes up when firing and down when resolved.
func (a Alert) allowed() Direction {
	switch {
	case !a.Step:
		return a.Direction
	case a.Firing:
		return Up
	}
	return Down
}

func stepTarget(st State, firing bool) int {
	if !firing {
		return st.Scaling.Min
	}
	return st.Desired + st.Scaling.Step()
}

func alertReason(s function.Scaling, a Alert) string {
	switch {
	case !a.Step:
		return fmt.Sprintf("ordered %d", a.Replicas)
	case a.Firing:
		return fmt.Sprintf("step of %d", s.Step())
	}
	return "step alert resolved: back to the minimum"
}

// clamp bounds n to [min, max], 0 apart where it is allowed, and says what it did if anything.
func clamp(s function.Scaling, n int) (clamped int, why string) {
	switch {
	case n == 0 && s.Zero:
		return 0, ""
	case n == 0 && s.Min > 0:
		return s.Min, fmt.Sprintf("clamped from 0 to min %d: %szero is not true", s.Min, function.ScalingLabelPrefix)
	case n == 0: // a minimum of 0 is no leave to stop what nobody said may stop
		return 1, fmt.Sprintf("clamped from 0 to 1: %szero is not true", function.ScalingLabelPrefix)
	case n < s.Min:
		return s.Min, fmt.Sprintf("clamped from %d to min %d", n, s.Min)
	case n > s.Max:
		return s.Max, fmt.Sprintf("clamped from %d to max %d", n, s.Max)
	}
	return n, ""
}

func parenthesised(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
