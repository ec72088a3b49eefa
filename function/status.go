package function

import "time"

// Status is a function as a backend sees it at one moment.
type Status struct {
	Function
	// Alias is another name that it answers to where no other function does: that of a stack's service with the stack's
	// name taken off. Empty: none.
	Alias string
	// Scaling is what Function.ParseScaling made of it. A function that was labelled by hand, past the
	// gateway's checks, gets defaults for what cannot be read, and the backend logs the error once.
	Scaling Scaling
	// Desired is the number of replicas asked for.
	Desired int
	// Replicas are those that exist now, starting, ready and draining ones included.
	Replicas []Replica
	// CreatedAt is when the function was first deployed.
	CreatedAt time.Time
	// Blocked says in the backend's own words why replicas cannot start (a crash loop, no node that
	// fits). Empty: nothing stands in the way.
	Blocked string
}

// Available counts the replicas that can take requests.
func (s Status) Available() int {
	n := 0
	for _, r := range s.Replicas {
		if r.State == ReplicaReady {
			n++
		}
	}
	return n
}

// Starting counts the replicas that are to take requests and do not yet: those that start, and failed ones, which are replaced.
func (s Status) Starting() int {
	n := 0
	for _, r := range s.Replicas {
		if r.State == ReplicaStarting || r.State == ReplicaFailed {
			n++
		}
	}
	return n
}

// Replica is one running copy of a function.
type Replica struct {
	// ID is unique among all replicas that ever were.
	ID string
	// Addr is host:port where the replica's watchdog answers.
	Addr string
	// MetricsAddr is host:port of the watchdog's own /metrics. Empty: none that can be reached.
	MetricsAddr string
	// Node names the machine that it runs on.
	Node string
	// State is where the replica is in its life.
	State ReplicaState
	// StartedAt is when the replica was started.
	StartedAt time.Time
}

// ReplicaState is where a replica is in its life.
//
//	starting ──▶ ready ──▶ draining ──▶ gone
//	    │          │
//	    └──────────┴─▶ failed (to be replaced)
type ReplicaState string

// The states of a replica. Only a ready one is sent requests; a draining one finishes those it has.
const (
	ReplicaStarting ReplicaState = "starting"
	ReplicaReady    ReplicaState = "ready"
	ReplicaDraining ReplicaState = "draining"
	ReplicaFailed   ReplicaState = "failed"
)

// Snapshot is every function at one moment, in the order of their names.
type Snapshot struct {
	// Version grows with each change of the backend's state, so that a reader who gets snapshots on two
	// ways can drop the older one.
	Version   uint64
	Functions []Status
}
