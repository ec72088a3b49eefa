package overload

import (
	"strconv"
	"time"

	"faas/internal/alerting"
)

const (
	// Memory is how long a wish stands after the last moment at which it was needed. An alert ends as long after it
	// was pushed.
	Memory = 10 * time.Second
	// fresh is how long after that moment a wish is still worth pushing.
	fresh = time.Second
	// again is when a wish that is still needed is pushed again.
	again = 5 * time.Second
)

// Wish is how many replicas a gateway asks for of one function, over time. The zero value asks for none. It has no clock, so
// that a rehearsal asks the same one.
type Wish struct {
	desired  int       // the count asked for at the last look
	replicas int       // 0: none
	seen     time.Time // when so many replicas were last needed
	since    time.Time // when the wish began
	reason   string
	pushed   int // the wish that was pushed last; 0: none that stands
	pushedAt time.Time
}

// Observe takes in what is seen at now, and returns how many replicas that needs: 0 where there are enough. A larger wish takes
// the place of a smaller one at once; a smaller one waits until the larger was not needed for a while, so that what is asked
// for does not follow each request. That while is short where there would be a push: one that failed, or is due again, must
// not wait for a need that is over. Who lowered the count knew of what was wished for before.
func (w *Wish) Observe(now time.Time, l Load) (needed int) {
	if l.Desired < w.desired {
		w.replicas = 0
	}
	w.desired = l.Desired
	n := l.Wish()
	switch {
	case n > w.replicas, now.Sub(w.seen) > Memory, n > 0 && now.Sub(w.seen) > fresh && w.unsaid(now):
		w.replicas, w.seen, w.since, w.reason, w.pushed = n, now, now, l.reason(), 0
	case n == w.replicas:
		w.seen = now
	}
	return n
}

// Due reports whether the wish is to be pushed at now, when the load is l.
func (w *Wish) Due(now time.Time, l Load) bool {
	return l.Desired > 0 && w.replicas > l.Desired && now.Sub(w.seen) <= fresh && w.unsaid(now)
}

// unsaid reports whether Alertmanager has not heard the wish, or not lately.
func (w *Wish) unsaid(now time.Time) bool {
	return w.pushed != w.replicas || now.Sub(w.pushedAt) >= again
}

// Push returns the wish for the function of that name as an order, and notes that it is pushed at now.
func (w *Wish) Push(now time.Time, name string) alerting.Alert {
	w.pushed, w.pushedAt = w.replicas, now
	return alerting.Alert{
		Labels: map[string]string{
			"alertname": "FunctionOverload", "function_name": name,
			"replicas": strconv.Itoa(w.replicas), "direction": "up",
		},
		Annotations: map[string]string{"signal": "overload", "reason": w.reason},
		StartsAt:    w.since, EndsAt: now.Add(Memory),
	}
}

// Failed notes that the last push did not arrive.
func (w *Wish) Failed() { w.pushed = 0 }
