package swarmtest

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/system"
	digest "github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func (i Image) id() string {
	return cmp.Or(i.ID, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(i.Name))))
}

// image finds an image by ID, by NAME, NAME:TAG, or either with its digest.
func (e *Engine) image(ref string) (Image, bool) {
	for _, i := range e.opts.Images {
		name, at, pinned := strings.Cut(ref, "@")
		if ref == i.id() || pinned && at == i.Digest && at != "" || !pinned && tagged(name) == tagged(i.Name) {
			return i, true
		}
	}
	if e.opts.Images != nil {
		return Image{}, false
	}
	if strings.HasPrefix(ref, "sha256:") {
		return Image{ID: ref}, true
	}
	name, at, _ := strings.Cut(ref, "@")
	return Image{Name: tagged(name), Digest: at}, true
}

// hasImage reports whether the nodes have an image, or can pull it.
func (e *Engine) hasImage(ref string) bool {
	if _, ok := e.image(ref); ok {
		return true
	}
	name, _, _ := strings.Cut(ref, "@")
	return e.opts.Registry[tagged(name)] != ""
}

// tagged gives a name the tag that it means.
func tagged(name string) string {
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return name
	}
	return name + ":latest"
}

// Behave says what the containers of a service, or of an image, do from now on. A service's own counts before its image's.
func (e *Engine) Behave(serviceOrImage string, b Behaviour) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.behaviour[serviceOrImage] = b
	e.retryWaiting()
}

func (e *Engine) behaviourOf(t *task) Behaviour {
	if s := e.services[t.ServiceID]; s != nil {
		if b, ok := e.behaviour[s.Spec.Name]; ok {
			return b
		}
	}
	ref := t.Spec.ContainerSpec.Image
	i, ok := e.image(ref)
	for _, name := range []string{ref, i.Name} {
		if b, ok := e.behaviour[name]; ok {
			return b
		}
	}
	if ok {
		return i.Behaviour
	}
	return Behaviour{}
}

func (e *Engine) inspectImage(r *http.Request) (reply, error) {
	name, ok := strings.CutSuffix(r.PathValue("name"), "/json")
	if !ok {
		return reply{}, failf(http.StatusNotFound, "page not found")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	i, ok := e.image(name)
	if !ok {
		return reply{}, failf(http.StatusNotFound, "no such image: %s: No such image: %s", name, tagged(name))
	}
	found := image.InspectResponse{ID: i.id(), RepoTags: []string{i.Name}, RepoDigests: []string{}, Os: "linux", Architecture: "amd64"}
	if i.Digest != "" {
		repo, _, _ := strings.Cut(i.Name, ":")
		found.RepoDigests = append(found.RepoDigests, repo+"@"+i.Digest)
	}
	return reply{body: found}, nil
}

func (e *Engine) inspectDistribution(r *http.Request) (reply, error) {
	name, ok := strings.CutSuffix(r.PathValue("name"), "/json")
	if !ok {
		return reply{}, failf(http.StatusNotFound, "page not found")
	}
	if e.opts.Registry == nil {
		return reply{}, failf(http.StatusInternalServerError,
			`Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 192.0.2.53:53: no such host`)
	}
	found, ok := e.opts.Registry[tagged(name)]
	if !ok {
		return reply{}, failf(http.StatusUnauthorized, "errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n")
	}
	return reply{body: registry.DistributionInspect{
		Descriptor: ocispec.Descriptor{
			MediaType: "application/vnd.docker.distribution.manifest.v2+json", Digest: digest.Digest(found), Size: 1024,
		},
		Platforms: []ocispec.Platform{{Architecture: "amd64", OS: "linux"}},
	}}, nil
}

func (e *Engine) ping(*http.Request) (reply, error) { return reply{body: "OK"}, nil }

func (e *Engine) engineVersion(*http.Request) (reply, error) {
	return reply{body: types.Version{
		Version: "20.10.24", APIVersion: APIVersion, MinAPIVersion: "1.12", Os: "linux", Arch: "amd64",
		Components: []types.ComponentVersion{{Name: "Engine", Version: "20.10.24"}},
	}}, nil
}

func (e *Engine) info(*http.Request) (reply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	managers := 0
	for _, n := range e.nodes {
		if n.Spec.Role == api.NodeRoleManager {
			managers++
		}
	}
	first := e.nodes[0]
	return reply{body: system.Info{
		ID: "FAKE", Name: first.Description.Hostname, ServerVersion: "20.10.24", OSType: "linux", Architecture: "x86_64",
		NCPU: int(first.Description.Resources.NanoCPUs / 1e9), MemTotal: first.Description.Resources.MemoryBytes,
		Swarm: api.Info{
			NodeID: first.ID, NodeAddr: first.Status.Addr, LocalNodeState: api.LocalNodeStateActive, ControlAvailable: true,
			Nodes: len(e.nodes), Managers: managers,
		},
	}}, nil
}
