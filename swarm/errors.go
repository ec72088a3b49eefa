package swarm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"

	"faas/function"
)

// errStale means that a service was changed since it was read. Read it again and decide anew.
var errStale = errors.New("the service was changed meanwhile")

// errSecretGone means that a secret which a service was to have is there no more. Find it again and decide anew.
var errSecretGone = errors.New("a secret was removed meanwhile")

// kind gives an error of Docker's client the kind that the rest of faas knows. This is the one place where the
// text of an error counts: for a stale version of a service the engine has no status of its own, but 500, and what is
// wrong with a secret is all 400.
func kind(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "update out of sequence"):
		return errStale
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return function.Unavailablef("docker did not answer in time: %w", err)
	case strings.Contains(text, "secret not found: "), strings.Contains(text, "secrets not found: "):
		return fmt.Errorf("%w: %w", errSecretGone, function.Invalidf("docker: %s", plain(err)))
	case strings.Contains(text, "is in use by the following service"):
		return function.Conflictf("docker: %s", plain(err))
	case errdefs.IsNotFound(err):
		return function.NotFoundf("%s", plain(err))
	case errdefs.IsInvalidArgument(err):
		return function.Invalidf("docker: %s", plain(err))
	case errdefs.IsConflict(err), errdefs.IsAlreadyExists(err),
		strings.Contains(text, "name conflicts with an existing object"): // 500 in old engines
		return function.Conflictf("docker: %s", plain(err))
	}
	return function.Unavailablef("docker: %s", plain(err))
}

// plain takes away what the layers of Docker put before what went wrong.
func plain(err error) string {
	text := strings.TrimPrefix(err.Error(), "Error response from daemon: ")
	if rest, ok := strings.CutPrefix(text, "rpc error: code = "); ok {
		if _, desc, ok := strings.Cut(rest, " desc = "); ok {
			return desc
		}
	}
	return text
}
