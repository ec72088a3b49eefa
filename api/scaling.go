package api

import "time"

// FunctionScaling is how a function scales, what it does now, and why: the answer to GET and PATCH
// /system/functions/NAME/scaling. What Prometheus alone knows is null where it cannot be asked, and More and Fewer say so.
type FunctionScaling struct {
	Function string          `json:"function"`
	Scaling  ScalingSettings `json:"scaling"`
	// Labels are the scaling labels as they were set.
	Labels   map[string]string `json:"labels"`
	Replicas ScalingReplicas   `json:"replicas"`
	// Wanted is the count that the rules ask for, Hold the most that was needed in the down window.
	Wanted *int `json:"wanted"`
	Hold   *int `json:"hold"`
	// Signals are in the order of Scaling.Type, and at last slots, where the function has some.
	Signals []ScalingSignal `json:"signals"`
	// Frozen is nil where no silence holds the function.
	Frozen *FrozenFunction `json:"frozen"`
	// ControlLoop is "ok", or says since when no alerts arrive.
	ControlLoop string `json:"controlLoop"`
	// More says why there are not more replicas, Fewer why there are not fewer.
	More  string `json:"more"`
	Fewer string `json:"fewer"`
	// Decisions are the last ones, newest last.
	Decisions []ScaleEvent `json:"decisions"`
}

// ScalingSettings are the scaling labels of a function with their defaults put in. Durations are as Go writes them, such as
// 1m30s.
type ScalingSettings struct {
	// Type names the signals, with commas between. Targets has one for each, in the unit of its type: requests per second,
	// requests in flight, millicores, bytes, calls, or that of the user's own rule.
	Type    string             `json:"type"`
	Targets map[string]float64 `json:"targets"`
	Min     int                `json:"min"`
	Max     int                `json:"max"`
	Window  string             `json:"window"`
	// Zero lets the function go to no replicas after ZeroDuration without an invocation.
	Zero         bool    `json:"zero"`
	ZeroDuration string  `json:"zeroDuration"`
	Proportion   float64 `json:"proportion"`
	// Slots is how many requests a replica takes at once. 0: no bound is known.
	Slots  int `json:"slots"`
	Factor int `json:"factor"`
}

// ScalingReplicas are the count that was asked for and the number of those that can take requests.
type ScalingReplicas struct {
	Desired int `json:"desired"`
	Ready   int `json:"ready"`
}

// ScalingSignal is one load that a function's replicas follow.
type ScalingSignal struct {
	Type string `json:"type"`
	// Load is that of the whole function, over 5 s.
	Load   *float64 `json:"load"`
	Target float64  `json:"target"`
	// PerReplica is target times proportion: at more than that, the next replica is wanted. Capacity is what the desired
	// replicas carry, and Wanted how many would carry Load.
	PerReplica float64 `json:"perReplica"`
	Capacity   float64 `json:"capacity"`
	Wanted     *int    `json:"wanted"`
}

// FreezeRequest is the body of PUT /system/functions/NAME/freeze. Left out, For is an hour.
type FreezeRequest struct {
	For     string `json:"for,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// ThawedFunction is the answer of DELETE /system/functions/NAME/freeze. Ended are the silences that it ended; none: the function
// was not frozen.
type ThawedFunction struct {
	Function string   `json:"function"`
	Ended    []string `json:"ended"`
}

// FrozenFunction is a function that a silence in Alertmanager holds.
type FrozenFunction struct {
	Function  string    `json:"function"`
	Silence   string    `json:"silence"`
	Until     time.Time `json:"until"`
	CreatedBy string    `json:"createdBy"`
	Comment   string    `json:"comment"`
	// Up and Down say which changes are held. Zero is the change to 0, which is part of Down and may be held alone.
	Up   bool `json:"up"`
	Down bool `json:"down"`
	Zero bool `json:"zero"`
}

// ScaleEvent is a decision on replicas, as GET /system/scale/events shows it.
type ScaleEvent struct {
	ID         int64     `json:"id"`
	Time       time.Time `json:"time"`
	Function   string    `json:"function,omitempty"`
	Kind       string    `json:"kind"`
	Alert      string    `json:"alert,omitempty"`
	Signal     string    `json:"signal,omitempty"`
	Status     string    `json:"status,omitempty"`
	StartsAt   time.Time `json:"starts_at,omitzero"`
	From       int       `json:"from"`
	To         int       `json:"to"`
	Wanted     int       `json:"wanted"`
	Applied    bool      `json:"applied"`
	Code       string    `json:"code"`
	Reason     string    `json:"reason"`
	Duration   float64   `json:"duration_seconds,omitempty"`
	ReadyAfter *float64  `json:"ready_after_seconds,omitempty"`
	Repeats    int       `json:"repeats,omitempty"`
	RepeatedAt time.Time `json:"repeated_at,omitzero"`
}
