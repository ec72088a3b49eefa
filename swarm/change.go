package swarm

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// maxStale bounds how often a change is decided anew because somebody else was quicker.
const maxStale = 20

// Deploy adds a function with as many replicas as its scaling minimum, and returns when Swarm has accepted it. Errors:
// ErrConflict when a service of its name exists, ErrInvalid, ErrUnavailable.
func (b *Backend) Deploy(ctx context.Context, f function.Function) error {
	if err := b.deploy(ctx, f.Clone()); err != nil {
		return fmt.Errorf("deploy %s: %w", f.Name, err)
	}
	return nil
}

func (b *Backend) deploy(ctx context.Context, f function.Function) error {
	if err := b.Available(); err != nil {
		return err
	}
	if err := f.Validate(); err != nil {
		return err
	}
	if _, err := b.Function(ctx, f.Name); err == nil {
		return function.Conflictf("function %s exists already", f.Name)
	}
	scaling, err := f.ParseScaling()
	if err != nil {
		return err
	}
	auth, err := registryAuth(f)
	if err != nil {
		return err
	}
	for range maxStale {
		var r resolved
		if r, err = b.resolve(ctx, f, nil); err != nil {
			return err
		}
		var spec api.ServiceSpec
		if spec, err = newSpec(f, r, uint64(max(0, scaling.Min))); err != nil {
			return err
		}
		var id string
		switch id, err = b.services.createService(ctx, spec, auth); {
		case errors.Is(err, errSecretGone):
			continue
		case errors.Is(err, function.ErrConflict):
			return b.occupied(ctx, f.Name, err)
		case err != nil:
			return err
		}
		b.created(ctx, id, spec)
		b.catchUp(ctx, f)
		return nil
	}
	return err
}

// occupied tells what has the name that a function was to get.
func (b *Backend) occupied(ctx context.Context, name string, conflict error) error {
	s, err := b.services.inspectService(ctx, name)
	switch {
	case err != nil || s.Spec.Name != name:
		return conflict
	case isFunction(s.Spec):
		return function.Conflictf("function %s exists already", name)
	}
	return function.Conflictf("a service %s exists that is no function: choose another name, or make it one with "+
		"docker service update --label-add %s=true %s", name, labelFunction, name)
}

// Update gives a function a new definition and keeps its replica count. New replicas start before old ones go, and
// Swarm goes back to the definition before when they fail; where nothing changed that a container sees, none
// restarts. What was set by hand and a function has no word for is kept. Errors: ErrNotFound, ErrInvalid.
func (b *Backend) Update(ctx context.Context, f function.Function) error {
	f = f.Clone()
	auth, err := registryAuth(f)
	if err != nil {
		return fmt.Errorf("update %s: %w", f.Name, err)
	}
	err = b.rewrite(ctx, f.Name, auth, func(s *api.Service) error {
		if err := f.Validate(); err != nil { // after the look: clients PUT first and POST on 404, even what is invalid
			return err
		}
		r, err := b.resolve(ctx, f, s)
		if err != nil {
			return err
		}
		return encode(&s.Spec, f, r)
	})
	if err != nil {
		return fmt.Errorf("update %s: %w", f.Name, err)
	}
	b.catchUp(ctx, f)
	return nil
}

// Scale sets the desired count of a function, 0 included, and nothing else. It returns when Swarm has accepted it.
// Errors: ErrNotFound, ErrInvalid, also for a global service.
func (b *Backend) Scale(ctx context.Context, name string, replicas int) error {
	if replicas < 0 {
		return function.Invalidf("scale %s to %d: the count must not be negative", name, replicas)
	}
	if err := b.setCount(ctx, name, replicas, func(int) bool { return true }); err != nil {
		return fmt.Errorf("scale %s to %d: %w", name, replicas, err)
	}
	return nil
}

// ScaleFrom is Scale where the desired count is from, and ErrConflict where it is another at that moment: of several who
// change it at once, one does.
func (b *Backend) ScaleFrom(ctx context.Context, name string, from, to int) error {
	if to < 0 {
		return function.Invalidf("scale %s to %d: the count must not be negative", name, to)
	}
	found := from
	err := b.setCount(ctx, name, to, func(now int) bool { found = now; return now == from })
	if err == nil && found != from {
		err = function.Conflictf("it has %d by now", found)
	}
	if err != nil {
		return fmt.Errorf("scale %s from %d to %d: %w", name, from, to, err)
	}
	return nil
}

// setCount sets the desired count where may agrees to change the present one.
func (b *Backend) setCount(ctx context.Context, name string, replicas int, may func(now int) bool) error {
	count := uint64(replicas) //nolint:gosec // it is not negative
	return b.rewrite(ctx, name, "", func(s *api.Service) error {
		r := s.Spec.Mode.Replicated
		if r == nil {
			return function.Invalidf("it is a global service, which has a replica on each node: that count is not to be set")
		}
		if !may(countOf(*r)) || r.Replicas != nil && *r.Replicas == count {
			return errAsWanted
		}
		r.Replicas = &count
		return nil
	})
}

// errAsWanted ends a rewrite that has nothing to change.
var errAsWanted = errors.New("it is so already")

// rewrite changes the spec of a function. When somebody else changed it meanwhile, change is asked anew about what
// is there now.
func (b *Backend) rewrite(ctx context.Context, name, auth string, change func(*api.Service) error) error {
	if err := b.Available(); err != nil {
		return err
	}
	var gone error
	for range maxStale {
		s, err := b.find(ctx, name)
		if err != nil {
			return err
		}
		switch err := change(&s); {
		case errors.Is(err, errAsWanted):
			b.shown(ctx, func(st *state, now time.Time) { st.setService(now, s) })
			return nil
		case err != nil:
			return err
		}
		keepRollback(&s)
		err = b.services.updateService(ctx, s, auth)
		gone = nil
		switch {
		case errors.Is(err, errStale):
			continue
		case errors.Is(err, errSecretGone):
			gone = err
			continue
		case err != nil:
			return err
		}
		b.accepted(ctx, s)
		return nil
	}
	if gone != nil {
		return gone
	}
	return function.Conflictf("the service was changed by others %d times meanwhile: try again", maxStale)
}

// find reads a function's service. Docker takes the beginning of an ID for a name as well, which no user means.
func (b *Backend) find(ctx context.Context, name string) (api.Service, error) {
	if function.ValidateName(name) != nil {
		return api.Service{}, function.NotFoundf("function %s does not exist", name)
	}
	s, err := b.services.inspectService(ctx, name)
	if err != nil && !isNotFound(err) {
		return api.Service{}, err
	}
	if err != nil || s.Spec.Name != name || !isFunction(s.Spec) {
		return api.Service{}, function.NotFoundf("function %s does not exist", name)
	}
	return s, nil
}

// accepted shows a service as Swarm has accepted it from us. What Swarm made of it is read when its event comes, or now.
func (b *Backend) accepted(ctx context.Context, s api.Service) {
	b.shown(ctx, func(st *state, now time.Time) { st.accept(now, s) })
	b.reader.service(s.ID)
}

// created shows a new service. That Swarm has accepted it counts, and not that it can be read back.
func (b *Backend) created(ctx context.Context, id string, spec api.ServiceSpec) {
	s, err := b.services.inspectService(ctx, id)
	if err != nil {
		s = api.Service{ID: id, Spec: spec}
		s.CreatedAt = time.Now()
		b.reader.service(id)
	}
	b.shown(ctx, func(st *state, now time.Time) { st.setService(now, s) })
}

func isNotFound(err error) bool { return errors.Is(err, function.ErrNotFound) }
