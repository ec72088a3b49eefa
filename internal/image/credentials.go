package image

import (
	"encoding/base64"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Credentials are what `docker login` keeps for the registry of an image, as user:password in base64, which is how a
// deployment takes them. It is an error when there are none.
func Credentials(image string) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", image, err)
	}
	registry := ref.Context().Registry
	found, err := authn.DefaultKeychain.Resolve(registry)
	if err != nil {
		return "", fmt.Errorf("find the credentials of %s: %w", registry, err)
	}
	c, err := found.Authorization()
	if err != nil {
		return "", fmt.Errorf("find the credentials of %s: %w", registry, err)
	}
	switch {
	case c.Username != "" && c.Password != "":
		return base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password)), nil
	case c.Auth != "":
		return c.Auth, nil
	case c.IdentityToken != "" || c.RegistryToken != "":
		return "", fmt.Errorf("the credentials of %s are a token, and a deployment takes a user and a password: `docker login -u USER %[1]s` keeps these", registry)
	default:
		return "", fmt.Errorf("no credentials of %s are kept: `docker login %[1]s` keeps them", registry)
	}
}
