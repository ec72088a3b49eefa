package scaler

import (
	"sync"
	"time"

	"faas/function"
)

// readiness follows the newest accepted order of each function until its count is ready.
type readiness struct {
	mu      sync.Mutex
	awaited map[string]*awaited
	seen    map[string]sighting
}

// awaited is an accepted order whose replicas are not ready yet.
type awaited struct {
	event                     int64
	to                        int
	received, asked, accepted time.Time
	begun                     bool // a snapshot showed that count as desired
}

// sighting is what the newest snapshot said of a function.
type sighting struct {
	desired, available int
	at                 time.Time
}

func newReadiness() *readiness {
	return &readiness{awaited: map[string]*awaited{}, seen: map[string]sighting{}}
}

// track awaits a, in place of an older order for the function. It reports that a is ready already when a
// snapshot said so after the backend was asked, since then none may follow.
func (r *readiness) track(name string, a awaited) (ready bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.awaited, name)
	if s := r.seen[name]; s.desired == a.to && s.available == a.to && !s.at.Before(a.asked) {
		return true
	}
	r.awaited[name] = &a
	return false
}

// observe takes a snapshot and returns the orders that it shows to be ready, by function.
func (r *readiness) observe(now time.Time, snapshot function.Snapshot) map[string]awaited {
	r.mu.Lock()
	defer r.mu.Unlock()
	ready := map[string]awaited{}
	seen := make(map[string]sighting, len(snapshot.Functions))
	for _, f := range snapshot.Functions {
		s := sighting{desired: f.Desired, available: f.Available(), at: now}
		seen[f.Name] = s
		a := r.awaited[f.Name]
		switch {
		case a == nil:
		case s.desired != a.to:
			if a.begun { // somebody else changed it; before, the snapshot may just be late
				delete(r.awaited, f.Name)
			}
		case s.available == a.to:
			ready[f.Name] = *a
			delete(r.awaited, f.Name)
		default:
			a.begun = true
		}
	}
	for name := range r.awaited {
		if _, ok := seen[name]; !ok {
			delete(r.awaited, name)
		}
	}
	r.seen = seen
	return ready
}

// await follows an accepted order.
func (s *Scaler) await(name string, a awaited) {
	if s.ready.track(name, a) {
		s.becameReady(name, a, a.accepted)
	}
}

func (s *Scaler) becameReady(name string, a awaited, now time.Time) {
	s.decisions.ready(name, a.event, now.Sub(a.received))
	s.log.Info("replicas ready", "function", name, "replicas", a.to, "duration", now.Sub(a.received))
	s.metrics.stage(stageReady, now.Sub(a.accepted))
}
