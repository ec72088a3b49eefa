package scaler

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/function"
)

// heartbeat knows whether Prometheus and Alertmanager reach us: the alert Heartbeat always fires, and
// Alertmanager repeats it.
//
//	waiting ──beat──▶ alive ◀─────────beat─────────┐
//	   │                └──time-out or resolved──▶ lost
//	   └────────────────grace over──────────────────┘
//
// What resolves while the first beat is waited for is the end of a loop that was there before.
type heartbeat struct {
	timeout, grace time.Duration
	up             prometheus.Gauge
	beats          chan struct{} // tells the timer of a beat

	mu       sync.Mutex
	started  time.Time // zero: not running
	last     time.Time // zero: none came yet
	lost     bool
	resolved bool // lost because the alert resolved
}

func newHeartbeat(timeout, grace time.Duration, up prometheus.Gauge) *heartbeat {
	return &heartbeat{timeout: timeout, grace: grace, up: up, beats: make(chan struct{}, 1)}
}

// start begins the time of grace, in which the loop counts as up.
func (h *heartbeat) start(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started, h.last, h.lost = now, time.Time{}, false
	h.up.Set(1)
}

// stop ends all watching; the loop is reported as down.
func (h *heartbeat) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = time.Time{}
	h.up.Set(0)
}

// beat notes a firing Heartbeat and reports whether the loop was not known to be alive before.
func (h *heartbeat) beat(now time.Time) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed = h.lost || h.last.IsZero()
	h.last, h.lost, h.resolved = now, false, false
	h.up.Set(1)
	select {
	case h.beats <- struct{}{}:
	default: // it has not taken the one before yet, and will see this time
	}
	return changed
}

// resolve notes a resolved Heartbeat and reports whether the loop was up before.
func (h *heartbeat) resolve() (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last.IsZero() {
		return false
	}
	h.resolved = true
	return h.lose()
}

// expire notes that time went by and reports whether the loop was lost by that.
func (h *heartbeat) expire(now time.Time) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !now.Before(h.deadline()) && h.lose()
}

func (h *heartbeat) lose() (changed bool) {
	changed = !h.lost
	h.lost = true
	h.up.Set(0)
	return changed
}

// deadline is when the loop is lost unless a beat comes.
func (h *heartbeat) deadline() time.Time {
	if h.last.IsZero() {
		return h.started.Add(h.grace)
	}
	return h.last.Add(h.timeout)
}

// remaining is the time until the deadline.
func (h *heartbeat) remaining(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deadline().Sub(now)
}

// awaited reports whether the first beat is still waited for, without complaint.
func (h *heartbeat) awaited(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.started.IsZero() && h.last.IsZero() && !h.lost && now.Before(h.deadline())
}

// err says what is wrong with the loop, if anything.
func (h *heartbeat) err(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.started.IsZero() {
		return errNotRunning()
	}
	if !h.lost && now.Before(h.deadline()) {
		return nil
	}
	since := "since " + h.last.UTC().Format(time.RFC3339)
	if h.last.IsZero() {
		since = "since the start at " + h.started.UTC().Format(time.RFC3339)
	}
	if h.resolved {
		since += " (it resolved)"
	}
	return function.Unavailablef("control loop lost: no %s alert %s; all replica counts are held", heartbeatAlert, since)
}

// ControlLoop returns nil while Heartbeat alerts arrive, and in the time of grace after the start.
// Otherwise its error, of kind ErrUnavailable, says since when none came and that all counts are held.
func (s *Scaler) ControlLoop() error { return s.heart.err(time.Now()) }

// AwaitsLoop reports whether no Heartbeat alert has come since the start, in the time of grace.
func (s *Scaler) AwaitsLoop() bool { return s.heart.awaited(time.Now()) }

// heartbeatArrived takes a Heartbeat alert from the webhook.
func (s *Scaler) heartbeatArrived(now time.Time, firing bool) {
	switch {
	case firing && s.heart.beat(now):
		s.log.Info("control loop alive")
		s.recordLoop(now, statusFiring, "control loop alive: "+heartbeatAlert+" alerts arrive")
	case !firing && s.heart.resolve():
		s.loopLost(now, statusResolved)
	}
}

// watchHeartbeat notices when no beat comes.
func (s *Scaler) watchHeartbeat(ctx context.Context) {
	timer := time.NewTimer(s.heart.grace)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.heart.beats:
			timer.Reset(max(0, s.heart.remaining(time.Now())))
		case now := <-timer.C:
			if s.heart.expire(now) {
				s.loopLost(now, "")
			}
		}
	}
}

func (s *Scaler) loopLost(now time.Time, status string) {
	err := s.heart.err(now)
	s.log.Warn("control loop lost", "err", err)
	s.recordLoop(now, status, fmt.Sprint(err))
}

func (s *Scaler) recordLoop(now time.Time, status, reason string) {
	s.record(Event{
		Time: now, Kind: KindHeartbeat, Alert: heartbeatAlert, Status: status, Code: CodeHeartbeat, Reason: reason,
	}, false)
}
