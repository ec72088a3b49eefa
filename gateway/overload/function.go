package overload

import (
	"strconv"
	"sync/atomic"
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

// Function is one function under watch. Make one with Watcher.Watch.
type Function struct {
	name    string
	load    func() Load
	tell    func(now time.Time, replicas int)
	watcher *Watcher
	watched atomic.Bool // it is in the watcher's hands

	// What follows belongs to the watcher's goroutine.
	desired  int       // the count asked for at the last look
	wish     int       // 0: none
	seen     time.Time // when so many replicas were last needed
	since    time.Time // when the wish began
	reason   string
	pushed   int // the wish that was pushed last; 0: none that stands
	pushedAt time.Time
}

// Held says that a request is held, whatever for. It is called after the request began to wait, costs the first one a
// short lock, and those that follow while the function is watched the load of a flag.
func (f *Function) Held() {
	if !f.watched.Load() && f.watched.CompareAndSwap(false, true) {
		f.watcher.put(f)
	}
}

// Changed says that those who are held may be so for another reason now: a replica became ready, say.
func (f *Function) Changed() {
	if f.watched.Load() {
		f.watcher.put()
	}
}

// observe takes in what is seen at now. A larger wish takes the place of a smaller one at once; a smaller one waits until
// the larger was not needed for a while, so that what is asked for does not follow each request. That while is short where
// there would be a push: one that failed, or is due again, must not wait for a need that is over. Who lowered the count knew
// of what was wished for before.
func (f *Function) observe(now time.Time, l Load) {
	if l.Desired < f.desired {
		f.wish = 0
	}
	f.desired = l.Desired
	n := l.Wish()
	if n > 0 {
		f.tell(now, n)
	}
	switch {
	case n > f.wish, now.Sub(f.seen) > Memory, n > 0 && now.Sub(f.seen) > fresh && f.unsaid(now):
		f.wish, f.seen, f.since, f.reason, f.pushed = n, now, now, l.reason(), 0
	case n == f.wish:
		f.seen = now
	}
}

// due reports whether the wish is to be pushed at now, when the load is l.
func (f *Function) due(now time.Time, l Load) bool {
	return l.Desired > 0 && f.wish > l.Desired && now.Sub(f.seen) <= fresh && f.unsaid(now)
}

// unsaid reports whether Alertmanager has not heard the wish, or not lately.
func (f *Function) unsaid(now time.Time) bool {
	return f.pushed != f.wish || now.Sub(f.pushedAt) >= again
}

// alert is the wish as an order, pushed at now.
func (f *Function) alert(now time.Time) alerting.Alert {
	return alerting.Alert{
		Labels: map[string]string{
			"alertname": "FunctionOverload", "function_name": f.name,
			"replicas": strconv.Itoa(f.wish), "direction": "up",
		},
		Annotations: map[string]string{"signal": "overload", "reason": f.reason},
		StartsAt:    f.since, EndsAt: now.Add(Memory),
	}
}
