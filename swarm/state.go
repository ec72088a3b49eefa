package swarm

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// state is what is known of the Swarm. The goroutine of run owns it and nothing in it waits.
type state struct {
	b        *Backend
	services map[string]*service  // by ID
	gone     map[string]time.Time // services that were removed, so that an older list does not bring them back
	nodes    map[string]string    // host names by ID
	told     map[string]string    // the last fault of its labels that was logged, by function
	dirty    map[string]bool      // services whose status may differ from the board
	ordered  []string             // IDs in the order of their names

	looking                 bool      // a list of tasks is under way
	nextLook                time.Time // of all tasks
	lookAfter               time.Time // no list before, so that listing stays a small part of Docker's work
	servicesRead, tasksRead bool
}

func newState(b *Backend) *state {
	return &state{
		b: b, services: map[string]*service{}, gone: map[string]time.Time{}, nodes: map[string]string{},
		told: map[string]string{}, dirty: map[string]bool{},
	}
}

func mapKeys[K comparable, V any](m map[K]V) func(func(K) bool) { return maps.Keys(m) }

// setServices takes a list of all services that was asked for at begun.
func (s *state) setServices(now, begun time.Time, all []api.Service) {
	there := map[string]bool{}
	for _, one := range all {
		there[one.ID] = true
		s.setService(now, one)
	}
	for id, known := range s.services {
		if !there[id] && known.seen.Before(begun) {
			s.remove(now, id)
		}
	}
	maps.DeleteFunc(s.gone, func(_ string, at time.Time) bool { return begun.Sub(at) > time.Minute })
	s.servicesRead = true
}

// setService takes what Swarm has of one service.
func (s *state) setService(now time.Time, one api.Service) { s.put(now, one, false) }

// accept takes a service with a spec of ours that Swarm has accepted, at the version that it replaced.
func (s *state) accept(now time.Time, one api.Service) {
	one.UpdatedAt = now
	s.put(now, one, true)
}

func (s *state) put(now time.Time, one api.Service, accepted bool) {
	known := s.services[one.ID]
	switch _, gone := s.gone[one.ID]; {
	case gone:
		return // read before it was removed
	case !isFunction(one.Spec):
		s.drop(one.ID)
		return
	}
	if known == nil {
		known = &service{tasks: map[string]*task{}, crashes: crashes{}, seen: now}
		s.services[one.ID] = known
		s.ordered = nil
	}
	before, asked := known.api.Spec, known.ready
	if !known.set(one, accepted) {
		return
	}
	if known.ready != asked {
		s.probeAnew(known)
	}
	if before.Name != "" && (!reflect.DeepEqual(before.TaskTemplate, one.Spec.TaskTemplate) || asleep(before)) {
		clear(known.crashes) // they were those of another definition, or of before its sleep
		known.since = one.UpdatedAt
	}
	if before.Name != one.Spec.Name {
		s.ordered = nil
	}
	s.tellLabels(known)
	known.pace.hurry(now, s.b.timing)
	s.dirty[one.ID] = true
}

// tellLabels logs once what of a service's labels cannot be used: one that was made by hand came past
// the gateway's checks.
func (s *state) tellLabels(known *service) {
	fault := ""
	_, scaling := known.function.ParseScaling()
	_, ready := readyPathOf(known.function)
	if err := errors.Join(scaling, ready); err != nil {
		fault = err.Error()
	}
	if fault != "" && s.told[known.function.Name] != fault {
		s.b.opts.Notice(known.function.Name, "labels that cannot be used have their defaults: "+strings.ReplaceAll(fault, "\n", "; "))
	}
	s.told[known.function.Name] = fault
}

// asleep reports whether a service has no replicas.
func asleep(spec api.ServiceSpec) bool {
	r := spec.Mode.Replicated
	return r != nil && r.Replicas != nil && *r.Replicas == 0
}

// remove forgets a service for good: IDs are never used again.
func (s *state) remove(now time.Time, id string) {
	s.gone[id] = now
	s.drop(id)
}

// drop forgets a service that is no function, or none any more.
func (s *state) drop(id string) {
	known := s.services[id]
	if known == nil {
		return
	}
	for _, t := range known.tasks {
		t.endProbe()
	}
	delete(s.services, id)
	delete(s.told, known.function.Name)
	s.ordered = nil
	s.dirty[id] = true
}

// setTasks takes a list of the tasks of some services, or of all where ids is nil.
func (s *state) setTasks(now time.Time, ids []string, list []api.Task) {
	if ids == nil {
		ids = slices.Collect(maps.Keys(s.services))
	}
	byService := make(map[string][]api.Task, len(ids))
	for _, t := range list {
		byService[t.ServiceID] = append(byService[t.ServiceID], t)
	}
	for _, id := range ids {
		if known := s.services[id]; known != nil {
			moved := s.setTasksOf(now, known, byService[id])
			known.pace.looked(now, s.b.timing, moved, known)
			if known.revival.consider(now, s.b.timing, known.astray(), len(known.crashes) > 0) {
				s.b.background(func() { s.b.revive(s.b.ctx, id) })
			}
		}
	}
}

// setTasksOf makes the tasks of a service those in list. It reports whether anything moved.
func (s *state) setTasksOf(now time.Time, known *service, list []api.Task) bool {
	moved := false
	listed := make(map[string]bool, len(list))
	for _, one := range list {
		listed[one.ID] = true
		t, there := known.tasks[one.ID]
		if !there {
			t = &task{}
		}
		switch {
		case !t.set(one, s.b.network.Load().ID):
			continue
		case t.dead():
			moved = s.ended(now, known, t, there) || moved
			continue
		}
		moved = true
		known.tasks[one.ID] = t
		s.probe(known, t)
		if _, ok := s.nodes[one.NodeID]; !ok && one.NodeID != "" {
			s.b.reader.nodes()
		}
	}
	for id, t := range known.tasks {
		if !listed[id] {
			t.endProbe()
			delete(known.tasks, id)
			moved = true
		}
	}
	if moved || len(known.crashes) > 0 || known.shown.Blocked != "" || !known.settled() { // the last three change with time
		s.dirty[known.api.ID] = true
	}
	known.crashes.expire(now.Add(-s.b.timing.crashes))
	return moved
}

// ended takes leave of a task that is dead, and keeps its crash if it was one. It reports whether that is news.
func (s *state) ended(now time.Time, known *service, t *task, there bool) bool {
	news := there
	at := t.api.UpdatedAt // the managers' clock, which is the one here, and not that of the node
	if t.crashed() && at.After(known.since) && now.Sub(at) < s.b.timing.crashes {
		news = known.crashes.add(t) || news
	}
	t.endProbe()
	delete(known.tasks, t.api.ID)
	return news
}

// answered is told by a probe that a task takes requests.
func (s *state) answered(now time.Time, id, taskID string) {
	known := s.services[id]
	if known == nil || known.tasks[taskID] == nil {
		return
	}
	t := known.tasks[taskID]
	if t.ready {
		return // a probe that was begun anew had ended already
	}
	t.ready, t.readyAt = true, now
	s.b.metrics.reach.Observe(now.Sub(t.api.Status.Timestamp).Seconds())
	s.dirty[id] = true
}

func (s *state) setNodes(list []api.Node) {
	changed := false
	for _, n := range list {
		if s.nodes[n.ID] != n.Description.Hostname {
			s.nodes[n.ID], changed = n.Description.Hostname, true
		}
	}
	if changed {
		for id := range s.services {
			s.dirty[id] = true
		}
	}
}

func (s *state) node(id string) string {
	if name := s.nodes[id]; name != "" {
		return name
	}
	return id
}

// publish shows what is dirty, if it differs from what is shown.
func (s *state) publish(now time.Time) {
	news := false
	for id := range s.dirty {
		known := s.services[id]
		if known == nil {
			news = true
			continue
		}
		if status := known.status(now, s.b.timing, s.node); !reflect.DeepEqual(status, known.shown) {
			known.shown, news = status, true
		}
	}
	clear(s.dirty)
	if !news {
		return
	}
	if s.ordered == nil {
		s.ordered = slices.SortedFunc(maps.Keys(s.services), func(a, b string) int {
			return strings.Compare(s.services[a].function.Name, s.services[b].function.Name)
		})
	}
	list := make([]function.Status, 0, len(s.ordered))
	for _, id := range s.ordered {
		list = append(list, s.services[id].shown)
	}
	s.b.board.Publish(list)
}
