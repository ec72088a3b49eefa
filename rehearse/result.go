package rehearse

import (
	"time"

	"faas/scaler"
)

// Result is what a rehearsal showed.
type Result struct {
	Functions []FunctionResult
	// Policy is who decided.
	Policy string
	// Length is the time that was rehearsed, without the warm-up.
	Length time.Duration
	// Evaluations counts groups of rules that were evaluated, the warm-up's too.
	Evaluations int
	// Webhooks counts the payloads that Alertmanager delivered, and Alerts those in them.
	Webhooks, Alerts int
}

// FunctionResult is what happened to one function.
type FunctionResult struct {
	Name string
	// Points are the curve, one each Options.Every.
	Points []Point
	// Decisions are the changes of the count, those of the warm-up with times below 0.
	Decisions []Decision
	// Held counts orders that changed nothing, by why.
	Held  map[scaler.Code]int
	Score Score
}

// Point is a moment.
type Point struct {
	At time.Duration
	// Arrivals is per second, the mean since the last point.
	Arrivals float64
	// Desired is the count asked for, Ready how many of them take requests.
	Desired, Ready int
	// Wanted is what the rules want, NaN where they want nothing, and Waiting the requests that wait for a replica.
	Wanted  float64
	Waiting int
}

// Decision is a change of the count.
type Decision struct {
	At       time.Duration
	From, To int
	// Alert is the alert's name, empty for a wake or where a Policy decides.
	Alert string
	// Signal is what called for it, rps for example, as the rules say it.
	Signal string
	Reason string
}

// Score says how well the count followed the load.
type Score struct {
	// Requests arrived, OverCapacity of them beyond what ready replicas carry at their targets: where 12 arrive and 10 are
	// carried, 2 are beyond. TimeOverCapacity is how long that was so. Both are of the load itself, without its chance.
	Requests         int
	OverCapacity     float64
	TimeOverCapacity time.Duration
	// Waited counts requests that had to wait for a replica, WaitedSeconds is the sum of their waiting up to being served.
	// Refused of all requests were not: a thousand waited already, or they waited for a minute, the gateway's own bounds.
	Waited, Refused int
	WaitedSeconds   float64
	// ReplicaSeconds were asked for. LeastReplicaSeconds are those of an oracle that has at each moment just what target times
	// proportion calls for.
	ReplicaSeconds, LeastReplicaSeconds float64
	// Actions counts changes of the count, DirectionChanges those that turned the one before,
	// which may be the warm-up's.
	Actions, DirectionChanges int
	// FirstChange is when the count first changed, Reaction how long the load was beyond what the desired replicas carry at
	// their targets when the count was first raised. Negative: never.
	FirstChange, Reaction time.Duration
}

// OverCapacityShare is the share of the load that was beyond capacity.
func (s Score) OverCapacityShare() float64 {
	if s.Requests == 0 {
		return 0
	}
	return s.OverCapacity / float64(s.Requests)
}
