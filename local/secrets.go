package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"faas/function"
)

// secretPathVariable names the directory of a function's secrets, ending with a slash, to the function.
const secretPathVariable = "secret_mount_path"

// Secrets returns the names of all secrets, sorted.
func (b *Backend) Secrets(ctx context.Context) ([]string, error) {
	if err := b.Available(); err != nil {
		return nil, err
	}
	var names []string
	err := b.ask(ctx, func(s *supervisor, _ time.Time) error {
		names = slices.Sorted(maps.Keys(s.secrets))
		return nil
	})
	return names, err
}

// CreateSecret keeps a new secret, across restarts too. Functions that waited for it start. Errors: ErrConflict when
// it exists, ErrInvalid.
func (b *Backend) CreateSecret(ctx context.Context, secret function.Secret) error {
	return b.setSecret(ctx, "create", secret, func(s *supervisor) error {
		if s.secrets[secret.Name] != 0 {
			return function.Conflictf("secret %s exists already", secret.Name)
		}
		return nil
	})
}

// UpdateSecret gives a secret a new value. Replicas that were given the old one are replaced as by Update, after
// UpdateSecret has returned. Errors: ErrNotFound, ErrInvalid.
func (b *Backend) UpdateSecret(ctx context.Context, secret function.Secret) error {
	return b.setSecret(ctx, "update", secret, func(s *supervisor) error { return s.knowsSecret(secret.Name) })
}

// RemoveSecret forgets a secret. Errors: ErrNotFound, ErrConflict when functions use it, ErrInvalid.
func (b *Backend) RemoveSecret(ctx context.Context, name string) error {
	if err := function.ValidateSecretName(name); err != nil {
		return fmt.Errorf("remove a secret: %w", err)
	}
	err := b.changeSecrets(ctx, func() error {
		// First nobody gets it any more, so that it is not taken from under a function that is deployed now.
		err := b.ask(ctx, func(s *supervisor, _ time.Time) error { return s.removeSecret(name) })
		if err != nil {
			return err
		}
		if err := b.secrets.remove(name); err != nil {
			return errors.Join(function.ErrUnavailable, err, b.useSecret(ctx, name))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove secret %s: %w", name, err)
	}
	b.opts.Log.Info("secret removed", "secret", name)
	return nil
}

// setSecret writes a value that allowed allows, and then has it used.
func (b *Backend) setSecret(
	ctx context.Context, verb string, secret function.Secret, allowed func(*supervisor) error,
) error {
	if err := secret.Validate(); err != nil {
		return fmt.Errorf("%s a secret: %w", verb, err)
	}
	err := b.changeSecrets(ctx, func() error {
		if err := b.ask(ctx, func(s *supervisor, _ time.Time) error { return allowed(s) }); err != nil {
			return err
		}
		if err := b.secrets.put(secret); err != nil {
			return errors.Join(function.ErrUnavailable, err)
		}
		return b.useSecret(ctx, secret.Name)
	})
	if err != nil {
		return fmt.Errorf("%s secret %s: %w", verb, secret.Name, err)
	}
	b.opts.Log.Info("secret changed", "secret", secret.Name, "change", verb)
	return nil
}

// useSecret has the supervisor take up the value that is on disk, for which the end of ctx comes too late.
func (b *Backend) useSecret(ctx context.Context, name string) error {
	return b.ask(context.WithoutCancel(ctx), func(s *supervisor, _ time.Time) error {
		s.setSecret(name)
		return nil
	})
}

// changeSecrets runs do while no other change of secrets runs.
func (b *Backend) changeSecrets(ctx context.Context, do func() error) error {
	if err := b.Available(); err != nil {
		return err
	}
	select {
	case b.secretTurn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.secretTurn }()
	return do()
}

// The rest runs in the supervisor's goroutine. s.secrets has the version of each secret that there is, which grows
// with each value that any of them gets. Versions do not outlast Run, and neither do the replicas that were given them.

// setSecret notes a new value and has every function that uses it take it up.
func (s *supervisor) setSecret(name string) {
	s.secretVersion++
	s.secrets[name] = s.secretVersion
	for _, user := range s.secretUsers(name) {
		d := s.functions[user]
		d.define(d.function, s.withSecrets(d.function, d.spec))
	}
	s.changed = true
}

func (s *supervisor) removeSecret(name string) error {
	if err := s.knowsSecret(name); err != nil {
		return err
	}
	if users := s.secretUsers(name); len(users) > 0 {
		return function.Conflictf("secret %s is used by %s: remove them, or update them without it, first",
			name, strings.Join(users, ", "))
	}
	delete(s.secrets, name)
	return nil
}

func (s *supervisor) knowsSecret(name string) error {
	if s.secrets[name] == 0 {
		return function.NotFoundf("secret %s does not exist", name)
	}
	return nil
}

// secretUsers are the names of the functions that use a secret, sorted.
func (s *supervisor) secretUsers(name string) []string {
	var users []string
	for user, d := range s.functions {
		if slices.Contains(d.function.Secrets, name) {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return users
}

// withSecrets is sp with the present versions of f's secrets.
func (s *supervisor) withSecrets(f function.Function, sp spec) spec {
	sp.secrets = nil
	for _, name := range f.Secrets {
		if sp.secrets == nil {
			sp.secrets = make(map[string]int, len(f.Secrets))
		}
		sp.secrets[name] = s.secrets[name]
	}
	return sp
}

// giveSecrets is withSecrets that refuses f while one of its secrets does not exist. The stack file's functions may
// wait: the file may be there before the secrets are, which only a running backend can be given.
func (s *supervisor) giveSecrets(f function.Function, sp spec, mayWait bool) (spec, error) {
	sp = s.withSecrets(f, sp)
	if missing := sp.missingSecrets(); len(missing) > 0 && !mayWait {
		return spec{}, function.Invalidf("unknown secrets: %s; create them first, as in: faas-cli secret create %s",
			strings.Join(missing, ", "), missing[0])
	}
	return sp, nil
}

// missingSecrets are those that do not exist, sorted.
func (s spec) missingSecrets() []string {
	var missing []string
	for name, version := range s.secrets {
		if version == 0 {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}

// waitsFor says what a function without all of its secrets waits for. Empty: nothing is missing.
func (s spec) waitsFor() string {
	missing := s.missingSecrets()
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("waits for secrets that do not exist yet: %s; create them, as in: faas-cli secret create %s",
		strings.Join(missing, ", "), missing[0])
}
