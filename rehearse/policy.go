package rehearse

import (
	"math"
	"time"

	"faas/function"
)

// Policy decides on counts in place of rules and alerts, in the same world: same arrivals, same start-up, same wakes.
type Policy interface {
	// Name is for reports.
	Name() string
	// Interval is the time between two decisions.
	Interval() time.Duration
	// For begins with a function, and returns what decides on its count. What it returns is bounded as an order is.
	For(f Function) func(now time.Duration, seen Seen) int
}

// Seen is what a policy can know of a function.
type Seen struct {
	// Desired is the count asked for, Ready how many of them take requests.
	Desired, Ready int
	// Load is the mean over so much time, at most two minutes, of the load of all replicas together, divided by the
	// target of one; of several signals, the greatest. So 7.3 is the load of 7.3 replicas that are just full.
	Load func(over time.Duration) float64
}

// history is a function's past, for policies. What happens is added up, and looked at once a second.
type history struct {
	s     *subject
	sums  [][]float64 // by signal; the oldest first
	added []float64   // levels, added up
	last  time.Duration
}

// The past that a policy may ask for, and how fine.
const (
	historyEvery  = time.Second
	historyLength = 2 * time.Minute
)

// look adds the present.
func (h *history) look(now time.Duration) {
	h.s.advance(now)
	sums := make([]float64, len(h.s.Scaling.Signals))
	if h.added == nil {
		h.added, h.last = make([]float64, len(sums)), now
	}
	requests, requestSeconds := h.s.cumulated()
	for i, signal := range h.s.Scaling.Signals {
		switch signal.Type {
		case function.ScalingRPS:
			sums[i] = requests
		case function.ScalingCapacity:
			sums[i] = requestSeconds
		case function.ScalingCPU:
			sums[i] = h.s.worked * h.s.CPUPerRequest
		default:
			h.added[i] += h.s.load(signal.Type, h.s.arrivals.rate, now, h.s.ready) * (now - h.last).Seconds()
			sums[i] = h.added[i]
		}
	}
	h.last = now
	if most := int(historyLength/historyEvery) + 1; len(h.sums) >= most {
		h.sums = append(h.sums[:0], h.sums[1:]...)
	}
	h.sums = append(h.sums, sums)
}

// load implements Seen.Load.
func (h *history) load(over time.Duration) float64 {
	newest := len(h.sums) - 1
	back := min(max(int(over/historyEvery), 1), newest)
	if back == 0 {
		return 0
	}
	most := 0.0
	for i, signal := range h.s.Scaling.Signals {
		mean := (h.sums[newest][i] - h.sums[newest-back][i]) / (time.Duration(back) * historyEvery).Seconds()
		most = math.Max(most, mean/signal.Target)
	}
	return most
}

// follow has a policy decide.
func (w *world) follow(p Policy) {
	for _, s := range w.subjects {
		player, decide, past := w.players[s.Name], p.For(s.Function), &history{s: s}
		w.every(w.now, historyEvery, func() { past.look(w.now) })
		w.every(w.phase(p.Interval()), p.Interval(), func() {
			s.advance(w.now)
			if s.desired == 0 {
				return // the gateway wakes it
			}
			n := s.bound(decide(w.now, Seen{Desired: s.desired, Ready: s.ready, Load: past.load}))
			if n != s.desired {
				w.apply(player, Decision{From: s.desired, To: n, Reason: p.Name()})
			}
		})
	}
}

// bound keeps a count within the function's bounds as the scaler does with an order.
func (f *Function) bound(n int) int {
	if n <= 0 && f.Scaling.Zero {
		return 0
	}
	return max(f.Scaling.Clamp(n), 1)
}
