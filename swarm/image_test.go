package swarm

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/registry"
	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// imageShelf is what a registry and a node know of one image.
type imageShelf struct {
	registry, id string
	digests      []string
	auth         *string // gets the credentials that a registry was asked with
}

func (s imageShelf) registryDigest(_ context.Context, _, auth string) (string, error) {
	if s.auth != nil {
		*s.auth = auth
	}
	if s.registry == "" {
		return "", function.Unavailablef("no such host")
	}
	return s.registry, nil
}

func (s imageShelf) localImage(context.Context, string) (string, []string, error) {
	if s.id == "" {
		return "", nil, function.NotFoundf("no such image")
	}
	return s.id, s.digests, nil
}

func TestPin(t *testing.T) {
	one, two := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	before := &api.Service{Spec: api.ServiceSpec{
		Annotations:  api.Annotations{Labels: map[string]string{labelImage: "example/fn", labelPinned: one}},
		TaskTemplate: api.TaskSpec{ContainerSpec: &api.ContainerSpec{Image: one}},
	}}
	tests := []struct {
		name, image string
		shelf       imageShelf
		before      *api.Service
		want        string
	}{
		{"built here, of which no registry is asked", "example/fn", imageShelf{id: one, registry: two}, nil, one},
		{"in its registry", "example/fn", imageShelf{registry: two}, nil, "example/fn:latest@" + two},
		{"pulled before, newer in its registry", "example/fn:1", imageShelf{id: one, digests: []string{"example/fn@" + one}, registry: two}, nil, "example/fn:1@" + two},
		{"pulled before, no registry now", "example/fn:1", imageShelf{id: one, digests: []string{"example/fn@" + one}}, nil, "example/fn:1@" + one},
		{"pulled under another name", "example/fn:1", imageShelf{id: one, digests: []string{"mirror/fn@" + two}}, nil, one},
		{"nowhere, and it ran so far", "example/fn", imageShelf{}, before, one},
		{"nowhere, and another ran so far", "example/other", imageShelf{}, before, "example/other:latest"},
		{"nowhere", "example/fn", imageShelf{}, nil, "example/fn:latest"},
		{"pinned by its user", "example/fn@" + one, imageShelf{registry: two}, nil, "example/fn@" + one},
		{"an ID", one, imageShelf{registry: two}, nil, one},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &Backend{images: tt.shelf, opts: Options{}.withDefaults()}
			got, err := b.pin(t.Context(), function.Function{Name: "a", Image: tt.image}, tt.before)
			if err != nil || got != tt.want {
				t.Errorf("pinned to %q, %v; want %q", got, err, tt.want)
			}
		})
	}
	b := &Backend{images: imageShelf{}, opts: Options{}.withDefaults()}
	for _, bad := range []string{"", "UPPER", "a b"} {
		if _, err := b.pin(t.Context(), function.Function{Name: "a", Image: bad}, nil); !errors.Is(err, function.ErrInvalid) {
			t.Errorf("image %q: %v, want an invalid one", bad, err)
		}
	}
}

// TestRegistryAuth holds that credentials reach Docker in its own form, which is not that of the API.
func TestRegistryAuth(t *testing.T) {
	var sent string
	b := &Backend{images: imageShelf{registry: "sha256:" + strings.Repeat("1", 64), auth: &sent}, opts: Options{}.withDefaults()}
	f := function.Function{
		Name: "a", Image: "registry.example.com/fn:1", RegistryAuth: base64.StdEncoding.EncodeToString([]byte("ann:open sesame")),
	}
	if _, err := b.pin(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	got, err := registry.DecodeAuthConfig(sent)
	if err != nil || got.Username != "ann" || got.Password != "open sesame" || got.ServerAddress != "registry.example.com" {
		t.Errorf("sent %q: %+v, %v", sent, got, err)
	}
}
