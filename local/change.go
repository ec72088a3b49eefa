package local

import (
	"slices"
	"strings"
	"time"

	"faas/function"
)

// The changes that ops make. They run in the supervisor's goroutine and only change what is wanted;
// reconcile makes it so.

func (s *supervisor) deploy(f function.Function, sp spec, fromStack bool, now time.Time) error {
	if s.functions[f.Name] != nil {
		return function.Conflictf("function %s exists already", f.Name)
	}
	sp, err := s.giveSecrets(f, sp, fromStack)
	if err != nil {
		return err
	}
	d := &deployed{createdAt: now, fromStack: fromStack}
	d.define(f, sp)
	d.desired = d.scaling.Min
	s.add(d)
	return nil
}

func (s *supervisor) add(d *deployed) {
	name := d.function.Name
	d.removed = make(chan struct{})
	s.functions[name] = d
	s.metrics.deployed(name)
	s.changed = true
	s.noteUnmet(d)
}

func (s *supervisor) update(f function.Function, sp spec, fromStack bool) error {
	d, err := s.get(f.Name)
	if err != nil {
		return err
	}
	if sp, err = s.giveSecrets(f, sp, fromStack); err != nil {
		return err
	}
	d.define(f, sp)
	d.fromStack, d.tuned = fromStack, nil
	s.changed = true
	s.noteUnmet(d)
	return nil
}

// remove takes a function away at once; its replicas drain unseen.
func (s *supervisor) remove(name string) error {
	d, err := s.get(name)
	if err != nil {
		return err
	}
	delete(s.functions, name)
	close(d.removed)
	for _, sl := range d.slots {
		s.retire(sl)
	}
	s.leaving = append(s.leaving, d)
	s.changed = true
	return nil
}

func (s *supervisor) scale(name string, replicas int) error {
	d, err := s.get(name)
	if err != nil {
		return err
	}
	if d.desired != replicas {
		d.desired = replicas
		s.changed = true
	}
	return nil
}

func (s *supervisor) get(name string) (*deployed, error) {
	if d := s.functions[name]; d != nil {
		return d, nil
	}
	return nil, function.NotFoundf("function %s does not exist", name)
}

// noteUnmet says once per function what a process without a container cannot have.
func (s *supervisor) noteUnmet(d *deployed) {
	var news []string
	for _, setting := range unmet(d.function, measuresMemory) {
		if !slices.Contains(d.noted, setting) {
			news = append(news, setting)
		}
	}
	if len(news) > 0 {
		d.noted = append(d.noted, news...)
		s.notice(d.function.Name, "accepted, but without effect on local processes: "+strings.Join(news, ", "))
	}
}

// unmet are the settings of f, as the stack file calls them, that this backend does not honour.
func unmet(f function.Function, measuresMemory bool) []string {
	var limits, requests function.Resources
	if f.Limits != nil {
		limits = *f.Limits
	}
	if f.Requests != nil {
		requests = *f.Requests
	}
	var list []string
	for _, s := range []struct {
		setting string
		unmet   bool
	}{
		{"limits.cpu", limits.CPU != ""},
		{"limits.memory", limits.Memory != "" && !measuresMemory},
		{"requests", requests != function.Resources{}},
		{"constraints", len(f.Constraints) > 0},
		{"readonly_root_filesystem", f.ReadOnlyRootFilesystem},
	} {
		if s.unmet {
			list = append(list, s.setting)
		}
	}
	return list
}
