package backendtest

import (
	"context"
	"errors"

	"faas/function"
)

func removed(s *suite) {
	s.want("Remove of an unknown function", s.Backend.Remove(s.ctx(), s.name("nobody")), function.ErrNotFound)
	f := s.function("removed")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	s.must("Remove", s.Backend.Remove(s.ctx(), f.Name))
	_, err := s.Backend.Function(s.ctx(), f.Name)
	s.want("Function right after Remove", err, function.ErrNotFound)
	s.want("the second Remove", s.Backend.Remove(s.ctx(), f.Name), function.ErrNotFound)
	s.want("Scale after Remove", s.Backend.Scale(s.ctx(), f.Name, 1), function.ErrNotFound)
	s.await(s.Within, f.Name, "gone", func(st function.Status) bool { return st.Name == "" })
	s.deploy(withEnv(f, "VERSION", "2"))
	if after := s.awaitReady(f.Name, 1); after.Env["VERSION"] != "2" || ids(after)[0] == ids(before)[0] {
		s.Errorf("deployed again it is %s with %v", show(after), after.Env)
	}
}

func ended(s *suite) {
	f := s.function("last")
	s.deploy(f)
	s.awaitReady(f.Name, 1)
	s.Stop()
	_, functionErr := s.Backend.Function(s.ctx(), f.Name)
	_, functionsErr := s.Backend.Functions(s.ctx())
	for name, err := range map[string]error{
		"Deploy": s.Backend.Deploy(s.ctx(), s.function("late")), "Update": s.Backend.Update(s.ctx(), f),
		"Remove": s.Backend.Remove(s.ctx(), f.Name), "Scale": s.Backend.Scale(s.ctx(), f.Name, 2),
		"Function": functionErr, "Functions": functionsErr,
	} {
		s.want(name+" after the end", err, function.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(s.ctx(), s.Within)
	cancel()
	if err := s.Backend.Watch(ctx, func(function.Snapshot) {}); !errors.Is(err, context.Canceled) {
		s.Errorf("Watch after the end: %v, want its context's error", err)
	}
}
