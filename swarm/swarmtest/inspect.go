package swarmtest

import (
	"slices"
	"strings"

	api "github.com/docker/docker/api/types/swarm"
)

// taskIn finds the task whose ID is in a text.
func (e *Engine) taskIn(text string) *task {
	i := slices.IndexFunc(e.order, func(t *task) bool { return strings.Contains(text, t.ID) })
	if i < 0 {
		return nil
	}
	return e.order[i]
}

// Service returns a service as a client would get it. False: there is none.
func (e *Engine) Service(name string) (api.Service, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findService(name)
	if err != nil {
		return api.Service{}, false
	}
	c := s.Service
	c.Spec = cloneSpec(c.Spec)
	return c, true
}

// Tasks returns the tasks of a service, in the order of their creation.
func (e *Engine) Tasks(service string) []api.Task {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findService(service)
	if err != nil {
		return nil
	}
	var list []api.Task
	for _, t := range e.tasksOf(s.ID) {
		list = append(list, t.Task)
	}
	return list
}

// Running counts the tasks of a service that run and shall go on.
func (e *Engine) Running(service string) int {
	n := 0
	for _, t := range e.Tasks(service) {
		if t.Status.State == api.TaskStateRunning && t.DesiredState == api.TaskStateRunning {
			n++
		}
	}
	return n
}
