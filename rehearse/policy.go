package rehearse

import "time"

// Policy decides on counts in place of rules and alerts.
type Policy interface {
	// Name is for reports.
	Name() string
	// Interval is the time between two decisions.
	Interval() time.Duration
	// For begins with a function, and returns what decides on its count.
	For(f Function) func(now time.Duration, seen Seen) int
}

// Seen is what a policy can know of a function.
type Seen struct {
	Desired, Ready int
	// Load is the mean of the first signal over the last so much time, for all replicas together.
	Load func(over time.Duration) float64
}
