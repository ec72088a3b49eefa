package report

import (
	"math"
	"time"

	"faas/function"
	"faas/rehearse"
)

// Report is one load, and what each contender made of it.
type Report struct {
	// Load is the load as it was asked for, such as step:5..50@1m.
	Load string
	// Length is how long it was played, with what came after it.
	Length time.Duration
	Seed   uint64
	// Curve is that load. Nil: only what arrived by chance is drawn.
	Curve rehearse.Curve
	// Settings say in words what all contenders have in common.
	Settings   string
	Contenders []Contender
}

// Contender is one way to scale: rules with labels, or a rival.
type Contender struct {
	Name string
	// Detail says in words what it is.
	Detail string
	// PerReplica is the arrivals per second that one replica carries at its target, see PerReplica. 0: unknown.
	PerReplica float64
	Result     rehearse.FunctionResult
	// Evaluations is how often groups of rules were evaluated.
	Evaluations int
}

// requests is how many there were, the same for all contenders.
func (r *Report) requests() int {
	if len(r.Contenders) == 0 {
		return 0
	}
	return r.Contenders[0].Result.Score.Requests
}

// overPercent is the share of the load that was beyond capacity, in percent.
func (c *Contender) overPercent() float64 { return 100 * c.Result.Score.OverCapacityShare() }

// timesLeast compares the replica-seconds with the least possible. 0: nothing was needed.
func (c *Contender) timesLeast() float64 {
	s := c.Result.Score
	if s.LeastReplicaSeconds == 0 {
		return 0
	}
	return s.ReplicaSeconds / s.LeastReplicaSeconds
}

// most is the most replicas that were desired or ready.
func (c *Contender) most() int {
	most := 0
	for _, p := range c.Result.Points {
		most = max(most, p.Desired, p.Ready)
	}
	return most
}

// PerReplica is the arrivals per second that one replica of f carries at its targets, the least of its signals. 0: no
// signal depends on arrivals alone.
func PerReplica(f rehearse.Function) float64 {
	least := math.Inf(1)
	for _, s := range f.Scaling.Signals {
		room, each := s.Target, 0.0 // what one replica may have, and what one request a second makes of it
		switch s.Type {
		case function.ScalingRPS:
			each = 1
		case function.ScalingCapacity:
			each = f.ServiceTime.Seconds()
		case function.ScalingCPU:
			each = f.ServiceTime.Seconds() * f.CPUPerRequest
		case function.ScalingMemory:
			room, each = room-f.MemoryPerReplica, f.ServiceTime.Seconds()*f.MemoryPerRequest
		case function.ScalingQueue, function.ScalingCustom: // they have curves of their own
		}
		if each > 0 {
			least = min(least, max(0, room)/each)
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}
