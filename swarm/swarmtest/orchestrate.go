package swarmtest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// live returns the tasks of a service that shall run, by slot.
func (e *Engine) live(s *service) map[string][]*task {
	slots := map[string][]*task{}
	for _, t := range e.tasksOf(s.ID) {
		if t.wanted() {
			slots[t.key] = append(slots[t.key], t)
		}
	}
	return slots
}

// reconcile gives a service as many slots as it shall have.
func (e *Engine) reconcile(s *service) {
	if s.Spec.Mode.Global != nil {
		e.reconcileGlobal(s)
		return
	}
	slots := e.live(s)
	want := replicas(s.Spec)
	for number := 1; len(slots) < want; number++ {
		key := strconv.Itoa(number)
		if slots[key] == nil {
			slots[key] = []*task{e.newTask(s, key, api.TaskStateRunning)}
		}
	}
	if len(slots) <= want {
		return
	}
	keys := slices.SortedFunc(maps.Keys(slots), func(a, b string) int { return compareSlots(slots[a], slots[b]) })
	for _, key := range keys[want:] {
		for _, t := range e.tasksOf(s.ID) {
			if t.key == key {
				e.desire(t, api.TaskStateRemove)
			}
		}
	}
	for _, key := range keys[want:] {
		if s.rollout != nil {
			delete(s.rollout.active, key)
		}
	}
}

// compareSlots puts slots that run before others, and low numbers first: those that stay when a service shrinks.
func compareSlots(a, b []*task) int {
	running := func(slot []*task) bool {
		return slices.ContainsFunc(slot, func(t *task) bool { return t.Status.State == api.TaskStateRunning })
	}
	if x, y := running(a), running(b); x != y {
		if x {
			return -1
		}
		return 1
	}
	return cmp.Or(a[0].Slot-b[0].Slot, cmp.Compare(a[0].key, b[0].key))
}

// reconcileGlobal gives each node that may have one a task of a service, and takes it from the others.
func (e *Engine) reconcileGlobal(s *service) {
	slots := e.live(s)
	for _, n := range e.nodes {
		if n.takes(&s.Spec.TaskTemplate) {
			if slots[n.ID] == nil && !e.exhausted(s, n.ID) {
				e.newTask(s, n.ID, api.TaskStateRunning)
			}
			continue
		}
		for _, t := range slots[n.ID] {
			e.desire(t, api.TaskStateShutdown)
		}
	}
}

// restart replaces a task that ended by itself, as far as the restart policy lets it.
func (e *Engine) restart(s *service, old *task) {
	policy := old.Spec.RestartPolicy
	delay := 5 * time.Second
	if policy != nil {
		if policy.Delay != nil {
			delay = *policy.Delay
		}
		switch policy.Condition {
		case api.RestartPolicyConditionNone:
			return
		case api.RestartPolicyConditionOnFailure:
			if old.Status.State == api.TaskStateComplete {
				return
			}
		}
	}
	if e.exhausted(s, old.key) || e.superfluous(s, old) {
		return
	}
	s.retries[old.key] = append(s.retries[old.key], time.Now())
	desired := api.TaskStateRunning
	if delay > 0 {
		desired = api.TaskStateReady
	}
	t := e.newTask(s, old.key, desired)
	if delay > 0 {
		e.after(delay, func() { e.desireRunning(t) })
	}
}

// superfluous reports whether a task's slot has others, or its node takes none any more.
func (e *Engine) superfluous(s *service, old *task) bool {
	slots := e.live(s)
	if s.Spec.Mode.Global != nil {
		n := e.node(old.key)
		return len(slots[old.key]) > 0 || n == nil || !n.takes(&s.Spec.TaskTemplate)
	}
	return len(slots[old.key]) == 0 && len(slots) >= replicas(s.Spec)
}

// exhausted reports whether a slot was restarted as often as the policy allows.
func (e *Engine) exhausted(s *service, key string) bool {
	policy := s.Spec.TaskTemplate.RestartPolicy
	if policy == nil || policy.MaxAttempts == nil || *policy.MaxAttempts == 0 {
		return false
	}
	counted := s.retries[key]
	if policy.Window != nil && *policy.Window > 0 {
		since := time.Now().Add(-*policy.Window)
		counted = slices.DeleteFunc(counted, func(at time.Time) bool { return at.Before(since) })
		s.retries[key] = counted
	}
	return uint64(len(counted)) >= *policy.MaxAttempts
}

// desireRunning is desire for what waits to run: the one wish that comes after a higher one of others.
func (e *Engine) desireRunning(t *task) {
	if t.DesiredState != api.TaskStateReady || e.tasks[t.ID] == nil {
		return
	}
	e.desire(t, api.TaskStateRunning)
}
