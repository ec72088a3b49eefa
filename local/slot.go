package local

import (
	"fmt"
	"time"

	"faas/function"
)

// slot is a numbered place for one replica, which is replaced in it when it ends. A slot belongs to one
// generation of its function: an update makes new slots and drains the old.
//
//	          start         ready
//	waiting ─────────▶ starting ─────▶ ready
//	   ▲                  │ died         │ died            retired: draining, then the slot is gone
//	   └── gone, back-off ┴──── failed ◀─┘
type slot struct {
	number     int
	generation int
	spec       spec
	// replica is nil while the slot waits to start one.
	replica   *replica
	state     function.ReplicaState // of the replica
	addr      string
	metrics   string
	pid       int
	startedAt time.Time
	// retired slots are not refilled.
	retired bool
	// stopping says that the replica was told to end for a reason of its own, such as memory.
	stopping bool
	// stumbles says that the function ends in the replica before it is ready.
	stumbles bool
	// failures counts the replicas that ended in a row before they had run for backoffReset.
	failures  int
	restartAt time.Time
	// death is how the replica ended, kept until it is gone.
	death event
	// blocked says why the slot has no ready replica. Empty once it has.
	blocked string
}

func (s *slot) ready() bool { return s.replica != nil && s.state == function.ReplicaReady }

// failed notes that the replica is gone and decides when the next one starts.
func (s *slot) failed(now time.Time, name string, lastLine string, t timing) {
	if now.Sub(s.startedAt) >= t.backoffReset {
		s.failures = 0
	}
	s.failures++
	s.restartAt = now.Add(backoff(s.failures, t))
	s.replica = nil
	if s.stumbles && s.death.reason == exitUnready {
		return // blocked says why
	}
	if s.failures < 2 && (s.death.reason == exitItself || s.death.reason == exitSignal) {
		return // once may be an accident
	}
	text := s.death.text
	if lastLine != "" {
		text += ": " + lastLine
	}
	s.blocked = fmt.Sprintf("%s replica %d: %s", name, s.number, text)
	if s.failures > 1 {
		s.blocked += fmt.Sprintf(" (%d in a row)", s.failures)
	}
}

// stumbled notes that the function ends before the replica is ready. The text has no count, so that it stays the same while
// the cause does.
func (s *slot) stumbled(name, text string) {
	s.stumbles = true
	s.blocked = fmt.Sprintf("%s replica %d: does not start: %s", name, s.number, text)
}

// backoff is the wait before a restart after so many failures in a row: none, then backoffFirst,
// doubled each time up to backoffMax.
func backoff(failures int, t timing) time.Duration {
	if failures <= 1 {
		return 0
	}
	wait := t.backoffFirst
	for range failures - 2 {
		if wait *= 2; wait >= t.backoffMax {
			return t.backoffMax
		}
	}
	return wait
}

func (s *slot) status(node string) function.Replica {
	return function.Replica{
		ID: s.replica.id, Addr: s.addr, MetricsAddr: s.metrics, Node: node,
		State: s.state, StartedAt: s.startedAt,
	}
}
