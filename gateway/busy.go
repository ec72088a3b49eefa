package gateway

import (
	"fmt"
	"time"
)

// unseen is how old at most what a rule knew of a function was when its alert began: two scrapes of a second, and a
// late evaluation.
const unseen = 5 * time.Second

// Busy says what a function has to do, as far as this gateway knows, or what came too late for an alert that began at since
// to know of. What cannot be known counts as something. Empty: nothing, and an alert that found it idle is right.
func (g *Gateway) Busy(name string, since time.Time) string {
	loaded := g.routes.isLoaded() // asked first: what is not there after that is not anywhere
	r := g.routes.lookup(name)
	switch {
	case r == nil && !loaded:
		return "this gateway does not know its functions yet"
	case r == nil:
		return ""
	}
	inflight, _ := r.series.load.read(time.Now())
	queued, known := g.opts.QueueDepth(name)
	last := time.Unix(0, r.series.lastArrival.Load())
	seen := since.Add(-min(unseen, r.status.Load().Scaling.ZeroDuration))
	switch {
	case inflight > 0:
		return fmt.Sprintf("%d in flight here, %d of them held", inflight, r.gate.Held())
	case !known:
		return "the queue is away: nobody knows what waits"
	case queued > 0:
		return fmt.Sprintf("%d in the queue", queued)
	case !last.After(seen):
		return ""
	case r.series.arrivals.Load() == 0:
		return "this gateway began to serve it too late for the alert to know"
	}
	return "an invocation arrived too late for the alert to know"
}
