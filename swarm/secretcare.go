package swarm

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// A new version of a secret is fresh until each function that uses the secret was given it. A gateway that ends half
// way, or a function that was just deployed with the version before, leaves others behind: the resync gives it to them
// for as long as it is fresh, except to one that Swarm has rolled back meanwhile, because it cannot live with the new
// value. After that a function with an older version is left alone until its next update. Not so one of a stack: its
// file can name the first version only, and gives it that again with each deployment.

// careSecrets mends and collects with each resync until ctx ends.
func (b *Backend) careSecrets(ctx context.Context) {
	select {
	case <-b.loaded:
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(b.timing.resync)
	defer tick.Stop()
	for {
		if err := b.mendSecrets(ctx); err != nil && ctx.Err() == nil {
			b.opts.Log.Warn("functions cannot be given the newest secrets, tried again", "err", err)
		}
		b.collectSecrets(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// mendSecrets gives the newest versions to functions that have older ones.
func (b *Backend) mendSecrets(ctx context.Context) error {
	shelf, err := b.secretShelf(ctx)
	if err != nil {
		return err
	}
	later, fresh := map[string]secretVersion{}, map[string]secretVersion{}
	for name, versions := range shelf.managed {
		v, _ := shelf.newest(name)
		if v.fresh() {
			fresh[name] = v
		}
		if v.fresh() || len(versions) > 1 {
			later[name] = v
		}
	}
	if len(later) == 0 {
		return nil
	}
	list, err := b.services.listServices(ctx)
	if err != nil {
		return err
	}
	var errs []error
	changed := 0
	for _, one := range list {
		n, err := b.pointAll(ctx, shelf, []api.Service{one}, func(name string) bool {
			v, ok := later[name]
			return ok && (v.fresh() || one.Spec.Labels[labelStack] != "") && !rolledBackFrom(one, v)
		})
		changed += n
		errs = append(errs, err)
	}
	if changed > 0 {
		b.opts.Log.Info("functions given the newest secrets", "functions", changed, "reason", "they had older ones")
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return b.settleSecrets(ctx, fresh)
}

// settleSecrets calls versions fresh no more that every function had time to be given.
func (b *Backend) settleSecrets(ctx context.Context, fresh map[string]secretVersion) error {
	for name, v := range fresh {
		if time.Since(v.CreatedAt) < freshFor*b.timing.resync {
			continue
		}
		labels := map[string]string{}
		for key, value := range v.Spec.Labels {
			if key != labelFresh {
				labels[key] = value
			}
		}
		v.Spec.Labels, v.Spec.Data = labels, nil
		err := b.secrets.labelSecret(ctx, v.Secret)
		if err != nil && !errors.Is(err, errStale) && !isNotFound(err) { // another gateway was quicker
			return fmt.Errorf("label secret %s: %w", name, err)
		}
	}
	return nil
}

// freshFor is for how many resyncs a version is fresh at least.
const freshFor = 2

// rolledBackFrom reports whether Swarm has taken an update of a service back since there is a version of a secret.
func rolledBackFrom(s api.Service, v secretVersion) bool {
	if began, ok := rolledBack(s); ok {
		return began.After(v.CreatedAt)
	}
	began, err := time.Parse(time.RFC3339Nano, s.Spec.Labels[labelRollback])
	return err == nil && began.After(v.CreatedAt)
}

// rolledBack returns when the update began that Swarm has just taken back, if it has.
func rolledBack(s api.Service) (time.Time, bool) {
	if s.UpdateStatus == nil {
		return time.Time{}, false
	}
	switch s.UpdateStatus.State {
	case api.UpdateStateRollbackStarted, api.UpdateStateRollbackPaused, api.UpdateStateRollbackCompleted:
		if began := s.UpdateStatus.StartedAt; began != nil {
			return *began, true
		}
		return s.UpdatedAt, true
	}
	return time.Time{}, false
}

// keepRollback writes down that Swarm took an update back, which it forgets with the change that is about to be made.
func keepRollback(s *api.Service) {
	began, ok := rolledBack(*s)
	if !ok {
		return
	}
	if s.Spec.Labels == nil {
		s.Spec.Labels = map[string]string{}
	}
	s.Spec.Labels[labelRollback] = began.UTC().Format(time.RFC3339Nano)
}

// pointAll gives functions the newest versions of secrets that which accepts, and returns how many it changed. One that
// fails does not keep the others from it.
func (b *Backend) pointAll(
	ctx context.Context, shelf secretShelf, list []api.Service, which func(name string) bool,
) (changed int, err error) {
	var errs []error
	for _, one := range list {
		if !isFunction(one.Spec) || !shelf.anyOutdated(one.Spec, which) {
			continue
		}
		switch err := b.point(ctx, one.Spec.Name, which); {
		case err == nil:
			changed++
		case isNotFound(err): // removed meanwhile
		default:
			errs = append(errs, fmt.Errorf("update %s: %w", one.Spec.Name, err))
		}
	}
	return changed, errors.Join(errs...)
}

// point gives one function the newest versions that there are when it is changed.
func (b *Backend) point(ctx context.Context, name string, which func(name string) bool) error {
	return b.rewrite(ctx, name, "", func(s *api.Service) error {
		shelf, err := b.secretShelf(ctx)
		if err != nil {
			return err
		}
		if !shelf.point(&s.Spec, which) {
			return errAsWanted
		}
		startFirst(&s.Spec)
		return nil
	})
}

// catchUp gives a function that was just deployed versions of its secrets that were made meanwhile. What fails is the
// resync's.
func (b *Backend) catchUp(ctx context.Context, f function.Function) {
	if len(f.Secrets) == 0 {
		return
	}
	if err := b.point(ctx, f.Name, func(string) bool { return true }); err != nil && !isNotFound(err) {
		b.opts.Log.Warn("function may have secrets that were just replaced, tried again", "function", f.Name, "err", err)
	}
}

// collectSecrets removes the versions that nobody needs. What cannot be removed is tried the next time.
func (b *Backend) collectSecrets(ctx context.Context) {
	if err := b.removeUnneeded(ctx); err != nil && ctx.Err() == nil {
		b.opts.Log.Warn("old versions of secrets cannot be removed, tried again", "err", err)
	}
}

func (b *Backend) removeUnneeded(ctx context.Context) error {
	shelf, err := b.secretShelf(ctx)
	if err != nil {
		return err
	}
	if len(shelf.unneeded(nil)) == 0 {
		return nil
	}
	list, err := b.services.listServices(ctx) // after the secrets: who uses an old one now has had it before
	if err != nil {
		return err
	}
	for _, v := range shelf.unneeded(list) {
		err := b.secrets.removeSecret(ctx, v.ID)
		if err != nil && !isNotFound(err) && !errors.Is(err, function.ErrConflict) { // another gateway was quicker, or a deployment
			return fmt.Errorf("remove secret %s: %w", v.Spec.Name, err)
		}
		b.opts.Log.Debug("old version of a secret removed", "secret", v.Spec.Name)
	}
	return nil
}
