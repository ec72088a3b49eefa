package scaler

import "time"

// Kind is what gave rise to a decision.
type Kind string

// The kinds.
const (
	// KindAlert is an alert that orders a count.
	KindAlert Kind = "alert"
	// KindStep is a classic alert, which orders a step.
	KindStep Kind = "step"
	// KindManual is an order by a user.
	KindManual Kind = "manual"
	// KindWake is a request for a function without replicas.
	KindWake Kind = "wake"
	// KindBlocked is a function whose replicas cannot start, or can again.
	KindBlocked Kind = "blocked"
	// KindFreeze is a function that a silence freezes, or does no more.
	KindFreeze Kind = "freeze"
	// KindHeartbeat is the control loop coming alive or being lost.
	KindHeartbeat Kind = "heartbeat"
)

// Event is one decision as the Events handler shows it.
type Event struct {
	// ID grows with each event, over restarts as well.
	ID int64 `json:"id"`
	// Time is when it was decided.
	Time time.Time `json:"time"`
	// Function is the function's own name. Empty: a heartbeat, or an alert that names none.
	Function string `json:"function,omitempty"`
	// Kind is alert, step, manual, wake, blocked, freeze or heartbeat.
	Kind Kind `json:"kind"`
	// Alert, Status (firing or resolved) and StartsAt are the alert's. Left out where there was none. The kind blocked has
	// the name ScaleBlocked, and fires while replicas cannot start.
	Alert    string    `json:"alert,omitempty"`
	Status   string    `json:"status,omitempty"`
	StartsAt time.Time `json:"starts_at,omitzero"`
	// Signal is what the alert's rule followed: rps, capacity, cpu, memory, queue, custom, overload or bounds, or whatever
	// else its annotation of this name says. Left out where it says nothing.
	Signal string `json:"signal,omitempty"`
	// From and To are the counts before and after, Wanted is what was ordered before it was clamped.
	// All are 0 where the event is about no count.
	From   int `json:"from"`
	To     int `json:"to"`
	Wanted int `json:"wanted"`
	// Applied is true when the count was changed and the backend accepted it.
	Applied bool `json:"applied"`
	// Code is the reason in one word, from a closed set, and Reason in a sentence. What the alert's annotation reason says
	// stands in parentheses after it.
	Code   Code   `json:"code"`
	Reason string `json:"reason"`
	// Duration is how long the backend took to accept the order, in seconds, over all tries.
	Duration float64 `json:"duration_seconds,omitempty"`
	// ReadyAfter is the time in seconds from the arrival of the order until as many replicas as it asked for, no
	// more and no fewer, were ready. Left out until that is known.
	ReadyAfter *float64 `json:"ready_after_seconds,omitempty"`
	// Repeats counts the identical orders after this one that are not listed on their own, RepeatedAt is when
	// the last of them came.
	Repeats    int       `json:"repeats,omitempty"`
	RepeatedAt time.Time `json:"repeated_at,omitzero"`
}

// same reports whether b only repeats a, so that it need not be listed.
func (a Event) same(b Event) bool {
	return !a.Kind.transition() && !a.Applied && !b.Applied && a.Function == b.Function && a.Kind == b.Kind && a.Alert == b.Alert &&
		a.Status == b.Status && a.From == b.From && a.Wanted == b.Wanted && a.Code == b.Code && (a.Reason == b.Reason || a.Code.figures())
}

// transition reports whether each event of the kind is news, with a line of its own in the log.
func (k Kind) transition() bool { return k == KindHeartbeat || k == KindBlocked || k == KindFreeze }

// figures reports whether the reason beside the code has numbers that change while nothing else does: failures, times, or
// those of the rule.
func (c Code) figures() bool {
	return c == CodeBlocked || c == CodeFrozen || c == CodeCalm || c == CodeBusy
}

// quiet reports whether e confirms a count that stands already, as each evaluation of the rules does again.
func (a Event) quiet() bool {
	return a.Code == CodeConverged || a.Code == CodeUnchanged || a.Code == CodePassed
}
