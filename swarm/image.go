package swarm

import (
	"context"
	"errors"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/registry"
	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// pin turns an image's name into what means the same bytes on every node and for ever. That is the ID of an image that was
// built or loaded here, of which no registry knows; else the digest that its registry has now; else the one that this node
// pulled it by. With a mere name every node asks the registry again before each start, which costs seconds where none answers.
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
	id, digests, err := b.images.localImage(ctx, name)
	if err != nil && !errors.Is(err, function.ErrNotFound) {
		return "", err
	}
	here := err == nil
	if here && len(digests) == 0 {
		return id, nil
	}
	auth, err := registryAuth(f)
	if err != nil {
		return "", err
	}
	digest, err := b.images.registryDigest(ctx, name, auth)
	if err == nil {
		return name + "@" + digest, nil
	}
	if ctx.Err() != nil {
		return "", err
	}
	switch pulled := digestOf(named, digests); {
	case pulled != "":
		return name + "@" + pulled, nil
	case here:
		return id, nil
	case before != nil && imageOf(before.Spec) == f.Image:
		return before.Spec.TaskTemplate.ContainerSpec.Image, nil // it ran so far
	}
	// Another node may have it. Where none has, the replicas say so and the function is shown as blocked.
	b.opts.Notice(f.Name, "image "+name+" is not on this node, and its registry says: "+err.Error())
	return name, nil
}

// digestOf is the digest by which an image was pulled from the repository that it is named after. Empty: from none.
func digestOf(named reference.Named, digests []string) string {
	for _, d := range digests {
		from, err := reference.ParseNormalizedNamed(d)
		if digested, ok := from.(reference.Digested); err == nil && ok && from.Name() == named.Name() {
			return digested.Digest().String()
		}
	}
	return ""
}

// registryAuth are f's credentials in the form in which Docker takes them. Empty: it has none.
func registryAuth(f function.Function) (string, error) {
	if f.RegistryAuth == "" {
		return "", nil
	}
	user, password, err := function.ParseRegistryAuth(f.RegistryAuth)
	if err != nil {
		return "", err
	}
	config := registry.AuthConfig{Username: user, Password: password}
	if named, err := reference.ParseNormalizedNamed(f.Image); err == nil {
		config.ServerAddress = reference.Domain(named)
	}
	return registry.EncodeAuthConfig(config)
}
