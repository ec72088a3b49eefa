package swarm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// Secrets returns the names of the secrets that were made through the API, in order. Errors: ErrUnavailable.
func (b *Backend) Secrets(ctx context.Context) ([]string, error) {
	if err := b.Available(); err != nil {
		return nil, fmt.Errorf("list secrets: %w", err)
	}
	shelf, err := b.secretShelf(ctx)
	if err != nil {
		return nil, err
	}
	list := slices.Sorted(maps.Keys(shelf.managed))
	return slices.DeleteFunc(list, b.reserved), nil
}

// CreateSecret adds a secret. Errors: ErrConflict when there is one of its name, whoever made it, ErrInvalid,
// ErrUnavailable.
func (b *Backend) CreateSecret(ctx context.Context, s function.Secret) error {
	if err := b.createSecret(ctx, s.Clone()); err != nil {
		return fmt.Errorf("create secret %s: %w", s.Name, err)
	}
	return nil
}

func (b *Backend) createSecret(ctx context.Context, s function.Secret) error {
	if err := b.mayKeep(s.Name, s.Validate()); err != nil {
		return err
	}
	shelf, err := b.secretShelf(ctx)
	if err != nil {
		return err
	}
	if _, ok := shelf.newest(s.Name); ok {
		return function.Conflictf("it exists already")
	}
	if _, ok := shelf.foreign[s.Name]; ok {
		return function.Conflictf("it exists already, and was made by another tool than OpenFaaS: functions can use it as it is")
	}
	err = b.secrets.createSecret(ctx, api.SecretSpec{
		Annotations: api.Annotations{Name: s.Name, Labels: map[string]string{labelOwner: ownerOurs}}, Data: s.Value,
	})
	if errors.Is(err, function.ErrConflict) {
		return function.Conflictf("it exists already") // since a moment ago
	}
	return err
}

// UpdateSecret gives a secret another value. Functions that use it get new replicas as by an update, with their counts
// kept; when one of them cannot be changed, the others are, and the function is tried again with each resync. It
// returns when Swarm has accepted all that. Errors: ErrNotFound, also for one that was made by another tool, ErrInvalid,
// ErrUnavailable.
func (b *Backend) UpdateSecret(ctx context.Context, s function.Secret) error {
	if err := b.updateSecret(ctx, s.Clone()); err != nil {
		return fmt.Errorf("update secret %s: %w", s.Name, err)
	}
	return nil
}

func (b *Backend) updateSecret(ctx context.Context, s function.Secret) error {
	if err := b.mayKeep(s.Name, s.Validate()); err != nil {
		return err
	}
	if err := b.addVersion(ctx, s); err != nil {
		return err
	}
	shelf, err := b.secretShelf(ctx) // with the version of somebody who was quicker
	if err != nil {
		return err
	}
	list, err := b.services.listServices(ctx)
	if err != nil {
		return err
	}
	only := func(name string) bool { return name == s.Name }
	changed, err := b.pointAll(ctx, shelf, list, only)
	b.opts.Log.Info("secret updated", "secret", s.Name, "functions", changed)
	b.collectSecrets(ctx)
	return err
}

// addVersion makes the version after the newest. Its name, which Docker gives once, decides which of two that are made
// at once is the later one: the one of the higher number, for everybody.
func (b *Backend) addVersion(ctx context.Context, s function.Secret) error {
	number := uint64(0)
	for range maxStale {
		shelf, err := b.secretShelf(ctx)
		if err != nil {
			return err
		}
		newest, ok := shelf.newest(s.Name)
		if !ok {
			return noSecret(shelf, s.Name)
		}
		number = max(number, newest.number) + 1
		err = b.secrets.createSecret(ctx, api.SecretSpec{
			Annotations: api.Annotations{Name: versionName(s.Name, number), Labels: map[string]string{
				labelOwner: ownerOurs, labelSecret: s.Name, labelVersion: strconv.FormatUint(number, 10), labelFresh: "true",
			}},
			Data: s.Value,
		})
		if !errors.Is(err, function.ErrConflict) {
			return err
		}
	}
	return function.Conflictf("it was changed by others %d times meanwhile: try again", maxStale)
}

// RemoveSecret takes a secret away with all its versions. Errors: ErrNotFound, also for one that was made by another
// tool, ErrConflict when functions use it, ErrInvalid, ErrUnavailable.
func (b *Backend) RemoveSecret(ctx context.Context, name string) error {
	if err := b.dropSecret(ctx, name); err != nil {
		return fmt.Errorf("remove secret %s: %w", name, err)
	}
	return nil
}

func (b *Backend) dropSecret(ctx context.Context, name string) error {
	if err := b.mayKeep(name, function.ValidateSecretName(name)); err != nil {
		return err
	}
	var refused error
	for i := range maxStale {
		shelf, err := b.secretShelf(ctx)
		if err != nil {
			return err
		}
		versions := shelf.managed[name]
		switch {
		case len(versions) == 0 && i == 0:
			return noSecret(shelf, name)
		case len(versions) == 0:
			return nil
		}
		list, err := b.services.listServices(ctx)
		if err != nil {
			return err
		}
		if users := shelf.users(name, list); len(users) > 0 {
			return function.Conflictf("it is used by %s: deploy without it first", strings.Join(users, ", "))
		}
		refused = nil
		for _, v := range versions { // the newest last, so that no older value comes back when this ends half way
			refused = b.secrets.removeSecret(ctx, v.ID)
			if refused != nil && !isNotFound(refused) {
				break
			}
		}
		if refused != nil && !isNotFound(refused) && !errors.Is(refused, function.ErrConflict) {
			return refused
		}
	}
	if refused != nil {
		return refused
	}
	return function.Conflictf("it was changed by others %d times meanwhile: try again", maxStale)
}

// users are the functions, and other services, that have a version of a secret, or may be rolled back to it any moment.
func (s secretShelf) users(name string, services []api.Service) []string {
	ours := func(id string) bool { return s.names[id] == name }
	var list []string
	for _, one := range services {
		switch {
		case wants(&one.Spec, ours) && isFunction(one.Spec):
			list = append(list, one.Spec.Name)
		case wants(&one.Spec, ours):
			list = append(list, one.Spec.Name+" (a service that is no function)")
		case rollsBack(one) && wants(one.PreviousSpec, ours):
			list = append(list, one.Spec.Name+" (until its update is over)")
		}
	}
	slices.Sort(list)
	return list
}

// rollsBack reports whether Swarm may put a service's previous spec back by itself.
func rollsBack(s api.Service) bool {
	if s.UpdateStatus == nil { // it has not begun, and does not where nothing runs
		return !asleep(s.Spec)
	}
	return s.UpdateStatus.State == api.UpdateStateUpdating
}

// mayKeep reports why a secret of this name is not for the API, given what is wrong with it otherwise.
func (b *Backend) mayKeep(name string, fault error) error {
	if err := b.Available(); err != nil {
		return err
	}
	if fault != nil {
		return fault
	}
	if b.reserved(name) {
		return function.Invalidf("it is the gateway's own")
	}
	return nil
}

// reserved reports whether a secret is the gateway's own.
func (b *Backend) reserved(name string) bool { return slices.Contains(b.opts.ReservedSecrets, name) }

func noSecret(shelf secretShelf, name string) error {
	if _, ok := shelf.foreign[name]; ok {
		return function.NotFoundf("it was made by another tool than OpenFaaS, without the label %s=%s: change it there", labelOwner, ownerOurs)
	}
	return function.NotFoundf("it does not exist")
}

// secretShelf reads what secrets there are.
func (b *Backend) secretShelf(ctx context.Context) (secretShelf, error) {
	list, err := b.secrets.listSecrets(ctx)
	if err != nil {
		return secretShelf{}, fmt.Errorf("list secrets: %w", err)
	}
	return newSecretShelf(list), nil
}
