package swarmtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/docker/docker/api/types/events"
	api "github.com/docker/docker/api/types/swarm"
)

// rollout is the replacing of a service's tasks after its template changed.
//
//	updating ──▶ completed
//	    │ a task fails
//	    ├──▶ paused
//	    └──▶ rollback_started ──▶ rollback_completed
type rollout struct {
	config    api.UpdateConfig
	rollback  bool
	active    map[string]*task // the new tasks that are waited for, by slot
	young     map[*task]bool   // new tasks that are still watched
	total     int
	failures  int
	stopped   bool // paused
	finishing bool // all are replaced, and the last are watched
	held      int  // slots whose replacement waits for the delay between two
}

// rollOut begins to replace the tasks of a service that are of another template.
func (e *Engine) rollOut(s *service) {
	config := s.Spec.UpdateConfig
	if config == nil {
		config = &api.UpdateConfig{Parallelism: 1}
	}
	e.begin(s, *config, false)
}

func (e *Engine) begin(s *service, config api.UpdateConfig, rollback bool) {
	dirty := len(e.dirtySlots(s))
	if dirty == 0 && !rollback {
		if s.rollout != nil && s.rollout.stopped {
			s.rollout = nil
		}
		return
	}
	s.rollout = &rollout{config: config, rollback: rollback, active: map[string]*task{}, young: map[*task]bool{}, total: max(1, dirty)}
	if !rollback {
		e.report(s, api.UpdateStateUpdating, "update in progress")
	}
	e.advance(s)
}

// dirtySlots are those that have another task than one of the template that the service has now.
func (e *Engine) dirtySlots(s *service) []string {
	var keys []string
	slots := e.live(s)
	for _, key := range slices.SortedFunc(maps.Keys(slots), func(a, b string) int { return compareSlots(slots[a], slots[b]) }) {
		if len(slots[key]) > 1 || slots[key][0].dirty(s) {
			keys = append(keys, key)
		}
	}
	return keys
}

// advance does what can be done now for a service's rollout.
func (e *Engine) advance(s *service) {
	r := s.rollout
	if r == nil || r.stopped || r.finishing {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(r.active)) {
		e.advanceSlot(s, r, key)
	}
	if s.rollout != r || r.stopped {
		return
	}
	dirty := slices.DeleteFunc(e.dirtySlots(s), func(key string) bool { return r.active[key] != nil })
	for _, key := range dirty {
		if limit := int(r.config.Parallelism); limit > 0 && len(r.active)+r.held >= limit { //nolint:gosec // a test's own number
			break
		}
		e.replace(s, r, key)
	}
	if len(r.active) == 0 && r.held == 0 && len(dirty) == 0 {
		r.finishing = true
		e.after(e.monitor(r), func() { e.complete(s, r) })
	}
}

// advanceSlot ends the replacement of one slot once its new task runs.
func (e *Engine) advanceSlot(s *service, r *rollout, key string) {
	t := r.active[key]
	if t.Status.State != api.TaskStateRunning && !t.ended() {
		return
	}
	delete(r.active, key)
	for _, old := range e.live(s)[key] {
		if old != t {
			e.desire(old, api.TaskStateShutdown)
		}
	}
	if r.config.Delay > 0 {
		r.held++
		e.after(r.config.Delay, func() {
			r.held--
			if s.rollout == r {
				e.advance(s)
			}
		})
	}
}

// replace begins the replacement of one slot.
func (e *Engine) replace(s *service, r *rollout, key string) {
	var old []*task
	for _, t := range e.live(s)[key] {
		if t.dirty(s) {
			old = append(old, t)
			continue
		}
		if now := r.active[key]; now == nil || now.Status.State != api.TaskStateRunning {
			r.active[key] = t // a clean one is there already
		}
	}
	startFirst := r.config.Order == api.UpdateOrderStartFirst
	if r.active[key] != nil {
		e.advanceSlot(s, r, key)
		return
	}
	desired := api.TaskStateRunning
	if !startFirst {
		desired = api.TaskStateReady
	}
	fresh := e.newTask(s, key, desired)
	r.active[key], r.young[fresh] = fresh, true
	if startFirst {
		return
	}
	for _, t := range old {
		e.desire(t, api.TaskStateShutdown)
	}
	e.startOnceEnded(fresh, old)
}

// startOnceEnded starts a task as soon as those that it replaces have ended.
func (e *Engine) startOnceEnded(fresh *task, old []*task) {
	for _, t := range old {
		if !t.ended() && !e.lost(t) {
			e.after(time.Millisecond, func() { e.startOnceEnded(fresh, old) })
			return
		}
	}
	e.desireRunning(fresh)
}

func (e *Engine) monitor(r *rollout) time.Duration {
	if e.opts.Timing.Monitor >= 0 {
		return e.opts.Timing.Monitor
	}
	return cmp.Or(r.config.Monitor, 5*time.Second)
}

// failed counts the failure of a task that a rollout made. It reports whether the service went back to its previous spec.
func (e *Engine) failed(s *service, t *task) bool {
	r := s.rollout
	if r == nil || r.stopped || !r.young[t] {
		return false
	}
	r.failures++
	if float32(r.failures)/float32(r.total) <= r.config.MaxFailureRatio {
		return false
	}
	switch {
	case r.rollback:
		r.stopped = true
		e.report(s, api.UpdateStateRollbackPaused, "rollback paused due to failure or early termination of task "+t.ID)
	case r.config.FailureAction == api.UpdateFailureActionContinue:
	case r.config.FailureAction == api.UpdateFailureActionRollback && s.PreviousSpec != nil:
		e.rollBack(s, t)
		return true
	default:
		r.stopped = true
		e.report(s, api.UpdateStatePaused, "update paused due to failure or early termination of task "+t.ID)
	}
	return false
}

// rollBack takes a service back to its previous spec, with all that was changed since.
func (e *Engine) rollBack(s *service, failed *task) {
	s.Spec, s.PreviousSpec = *s.PreviousSpec, nil
	clear(s.retries)
	e.report(s, api.UpdateStateRollbackStarted, fmt.Sprintf("update rolled back due to failure or early termination of task %s", failed.ID))
	config := api.UpdateConfig{Parallelism: 1}
	if s.Spec.RollbackConfig != nil {
		config = *s.Spec.RollbackConfig
	}
	s.rollout = nil
	e.after(0, func() {
		if e.services[s.ID] == s && s.rollout == nil && s.UpdateStatus != nil && s.UpdateStatus.State == api.UpdateStateRollbackStarted {
			e.reconcile(s)
			e.begin(s, config, true)
		}
	})
}

func (e *Engine) complete(s *service, r *rollout) {
	if s.rollout != r || r.stopped || e.services[s.ID] != s {
		return
	}
	if len(e.dirtySlots(s)) > 0 {
		r.finishing = false
		e.advance(s)
		return
	}
	s.rollout = nil
	if s.UpdateStatus == nil {
		return // the service was changed meanwhile
	}
	if r.rollback {
		e.report(s, api.UpdateStateRollbackCompleted, "rollback completed")
		return
	}
	e.report(s, api.UpdateStateCompleted, "update completed")
}

// report sets how a service's update goes.
func (e *Engine) report(s *service, state api.UpdateState, message string) {
	now := time.Now().UTC()
	attributes := map[string]string{"name": s.Spec.Name, "updatestate.new": string(state)}
	status := api.UpdateStatus{State: state, Message: message, StartedAt: &now}
	if s.UpdateStatus != nil {
		attributes["updatestate.old"] = string(s.UpdateStatus.State)
		status.StartedAt = s.UpdateStatus.StartedAt
	}
	if state == api.UpdateStateCompleted || state == api.UpdateStateRollbackCompleted {
		status.CompletedAt = &now
	}
	s.UpdateStatus = &status
	e.changed(s)
	e.tell(events.ServiceEventType, events.ActionUpdate, s.ID, attributes)
}
