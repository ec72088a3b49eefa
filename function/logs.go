package function

import "time"

// LogQuery asks for what the replicas of a function wrote.
type LogQuery struct {
	// Name is the function's.
	Name string
	// Instance is the ID of the one replica that is meant, as LogLine has it. Empty: all.
	Instance string
	// Tail is how many lines are wanted of those there are, the newest. 0 or less: all.
	Tail int
	// Since leaves out older lines. Zero: none.
	Since time.Time
	// Follow goes on with what is written from now on, by replicas that start later too.
	Follow bool
}

// LogLine is a line that a replica wrote.
type LogLine struct {
	// Instance is the ID of the replica.
	Instance string
	// Time is when the line was written.
	Time time.Time
	// Text has no end of line.
	Text string
}
