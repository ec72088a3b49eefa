package local

import (
	"fmt"
	"time"

	"faas/function"
)

// handle follows a replica's life.
func (s *supervisor) handle(e event, now time.Time) {
	d, sl := s.find(e.replica)
	name := e.replica.function
	switch e.kind {
	case eventStarted:
		sl.addr, sl.metrics, sl.pid = e.addr, e.metrics, e.pid
		s.metrics.started(name)
		s.log.Debug("replica started", "function", name, "replica", e.replica.id, "addr", e.addr, "pid", e.pid)
	case eventReady:
		s.metrics.ready(e.took)
		if sl.state == function.ReplicaStarting {
			sl.state = function.ReplicaReady
			sl.blocked = ""
		}
		s.log.Debug("replica ready", "function", name, "replica", e.replica.id, "duration", e.took)
	case eventStumbled:
		if sl.state == function.ReplicaStarting {
			s.log.Debug("function ends before it is ready", "function", name, "replica", e.replica.id, "exit", e.text)
			sl.stumbled(name, e.text)
		}
	case eventDied:
		sl.state = function.ReplicaFailed
		sl.death = e
		s.metrics.exited(name, e.reason)
	case eventGone:
		s.alive--
		s.gone(d, sl, e, now)
	}
	s.changed = true
}

// gone decides what becomes of a slot whose replica is no more.
func (s *supervisor) gone(d *deployed, sl *slot, e event, now time.Time) {
	death := sl.death
	sl.death = event{}
	attrs := []any{
		"function", e.replica.function, "replica", e.replica.id, "reason", death.reason,
		"exit", death.text, "last_line", e.lastLine,
	}
	if sl.retired {
		sl.replica = nil
		s.log.Debug("replica stopped", attrs...)
		return
	}
	sl.death = death
	sl.failed(now, d.function.Name, e.lastLine, s.timing)
	s.log.Warn("replica failed", append(attrs, "failures", sl.failures, "restart_in", sl.restartAt.Sub(now))...)
}

// find is the slot of a replica that is not gone: there always is one.
func (s *supervisor) find(r *replica) (*deployed, *slot) {
	if d := s.functions[r.function]; d != nil {
		if sl := d.find(r); sl != nil {
			return d, sl
		}
	}
	for _, d := range s.leaving {
		if sl := d.find(r); sl != nil {
			return d, sl
		}
	}
	panic(fmt.Sprintf("local: replica %s has no slot", r.id))
}

// seldom is how many scans pass between two where no function has a limit of memory, so that only ended
// orphans can be found: a scan reads every process of the machine.
const seldom = 10

// startMeasure begins a measurement of every replica that runs; its result comes by the usage channel.
func (s *supervisor) startMeasure() {
	var pids []int
	s.scans++
	due := s.scans%seldom == 0
	for _, d := range s.functions {
		due = due || d.memoryLimit > 0
		for _, sl := range d.slots {
			if sl.replica != nil && sl.pid != 0 {
				pids = append(pids, sl.pid)
			}
		}
	}
	if s.measuring || !due || len(pids) == 0 {
		return
	}
	s.measuring = true
	s.tasks.Go(func() { s.usage <- s.measure(pids) })
}

// enforce kills the replicas that use more memory than their function may, as the kernel does in a
// container.
func (s *supervisor) enforce(used map[int]int64) {
	for name, d := range s.functions {
		for _, sl := range d.slots {
			bytes := used[sl.pid]
			if d.memoryLimit == 0 || bytes <= d.memoryLimit || sl.replica == nil || sl.stopping ||
				sl.state == function.ReplicaFailed {
				continue
			}
			sl.stopping = true
			text := fmt.Sprintf("killed for using %s of memory, over its limit of %s",
				mebibytes(bytes), d.function.Limits.Memory)
			s.log.Warn("replica over its memory limit, killed", "function", name, "replica", sl.replica.id,
				"used_bytes", bytes, "limit_bytes", d.memoryLimit)
			s.stop(sl, stop{reason: exitMemory, text: text})
		}
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0fMi", float64(n)/(1<<20)) }
