package swarm

import (
	"context"
	"errors"
	"strings"

	"github.com/distribution/reference"
	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// pin turns an image's name into what means the same bytes on every node and for ever: the digest that its
// registry has now, else the one that this node pulled it by, else the ID of the image that was built or loaded here. With a
// mere name every node asks the registry again before each start, which costs seconds where none answers.
func (b *Backend) pin(ctx context.Context, f function.Function, before *api.Service) (string, error) {
	if f.Image == "" {
		return "", function.Invalidf("image is missing: say what function %s runs; this backend runs container images", f.Name)
	}
	if strings.HasPrefix(f.Image, "sha256:") {
		return f.Image, nil
	}
	named, err := reference.ParseNormalizedNamed(f.Image)
	if err != nil {
		return "", function.Invalidf("image %q: %w; write it as NAME, NAME:TAG or NAME@sha256:…", f.Image, err)
	}
	if _, ok := named.(reference.Digested); ok {
		return f.Image, nil
	}
	name := reference.FamiliarString(reference.TagNameOnly(named))
	digest, err := b.images.registryDigest(ctx, name, f.RegistryAuth)
	if err == nil {
		return name + "@" + digest, nil
	}
	if ctx.Err() != nil {
		return "", err
	}
	unknown := err
	id, digests, err := b.images.localImage(ctx, name)
	switch {
	case err == nil && len(digests) > 0:
		_, digest, _ := strings.Cut(digests[0], "@")
		return name + "@" + digest, nil
	case err == nil:
		return id, nil
	case !errors.Is(err, function.ErrNotFound):
		return "", err
	case before != nil && imageOf(before.Spec) == f.Image:
		return before.Spec.TaskTemplate.ContainerSpec.Image, nil // it ran so far
	}
	// Another node may have it. Where none has, the replicas say so and the function is shown as blocked.
	b.opts.Notice(f.Name, "image "+name+" is not on this node, and its registry says: "+unknown.Error())
	return name, nil
}
