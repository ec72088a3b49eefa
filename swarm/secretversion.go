package swarm

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strconv"
	"strings"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// Labels of secrets. Docker changes no value, so that a new value of a secret is another Docker secret, a later version.
// The first version has the secret's own name.
const (
	labelOwner   = "com.openfaas.owner" // "openfaas" on every secret that was made through the API
	ownerOurs    = "openfaas"
	labelSecret  = labelOurs + "secret"         // on a later version: the secret's name
	labelVersion = labelOurs + "secret.version" // on a later version: its number, 2 or more
	labelFresh   = labelOurs + "secret.fresh"   // "true" until every function was given this version
)

// maxDockerName is the longest name of a Docker secret.
const maxDockerName = 64

// secretVersion is one value that a secret had or has.
type secretVersion struct {
	api.Secret
	number uint64
}

func (v secretVersion) fresh() bool { return v.Spec.Labels[labelFresh] == "true" }

// secretShelf is what secrets there are, from one list of them.
type secretShelf struct {
	managed map[string][]secretVersion // by the name that functions use, the newest last; none is empty
	foreign map[string]api.Secret      // those that others made
	names   map[string]string          // the names of managed ones, by ID
}

func newSecretShelf(list []api.Secret) secretShelf {
	s := secretShelf{managed: map[string][]secretVersion{}, foreign: map[string]api.Secret{}, names: map[string]string{}}
	for _, one := range list {
		labels := one.Spec.Labels
		if labels[labelOwner] != ownerOurs {
			s.foreign[one.Spec.Name] = one
			continue
		}
		name, v := one.Spec.Name, secretVersion{Secret: one, number: 1}
		if logical := labels[labelSecret]; logical != "" {
			name = logical
			if n, err := strconv.ParseUint(labels[labelVersion], 10, 64); err == nil {
				v.number = n
			}
		}
		s.managed[name] = append(s.managed[name], v)
		s.names[one.ID] = name
	}
	for _, versions := range s.managed {
		slices.SortFunc(versions, func(a, b secretVersion) int { // never the same number, but by somebody's hand
			return cmp.Or(cmp.Compare(a.number, b.number), a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
		})
	}
	return s
}

// newest is the version that functions shall read.
func (s secretShelf) newest(name string) (secretVersion, bool) {
	versions := s.managed[name]
	if len(versions) == 0 {
		return secretVersion{}, false
	}
	return versions[len(versions)-1], true
}

// find is the Docker secret that a function means by a name.
func (s secretShelf) find(name string) (api.Secret, bool) {
	if v, ok := s.newest(name); ok {
		return v.Secret, true
	}
	one, ok := s.foreign[name]
	return one, ok
}

// point puts the newest versions in the place of older ones, and reports whether there were any. Only secrets that
// which accepts are looked at. What somebody set by hand, such as another file, stays.
func (s secretShelf) point(spec *api.ServiceSpec, which func(name string) bool) bool {
	c := spec.TaskTemplate.ContainerSpec
	if c == nil {
		return false
	}
	changed := false
	for i, ref := range c.Secrets {
		name := s.outdated(ref)
		if name == "" || !which(name) {
			continue
		}
		now, _ := s.newest(name) // there is one, or none were outdated
		other := *ref
		other.SecretID, other.SecretName = now.ID, now.Spec.Name
		c.Secrets[i], changed = &other, true
	}
	return changed
}

// outdated is the name of the secret of which ref wants an older version. Empty: it does not.
func (s secretShelf) outdated(ref *api.SecretReference) string {
	if ref == nil {
		return ""
	}
	name := s.names[ref.SecretID]
	if now, ok := s.newest(name); !ok || now.ID == ref.SecretID {
		return ""
	}
	return name
}

// anyOutdated reports whether a service wants an older version of a secret that which accepts.
func (s secretShelf) anyOutdated(spec api.ServiceSpec, which func(name string) bool) bool {
	return slices.ContainsFunc(secretsIn(&spec), func(ref *api.SecretReference) bool {
		name := s.outdated(ref)
		return name != "" && which(name)
	})
}

// secretsIn are the secrets of a spec, which may be none.
func secretsIn(spec *api.ServiceSpec) []*api.SecretReference {
	if spec == nil || spec.TaskTemplate.ContainerSpec == nil {
		return nil
	}
	return spec.TaskTemplate.ContainerSpec.Secrets
}

// wants reports whether a spec has one of some Docker secrets.
func wants(spec *api.ServiceSpec, ids func(id string) bool) bool {
	return slices.ContainsFunc(secretsIn(spec), func(ref *api.SecretReference) bool { return ref != nil && ids(ref.SecretID) })
}

// unneeded are the versions that have a successor and that no service has, nor would have after it was rolled back. The one
// before a fresh version stays in any case: a change of a function that is being given the new one, such as another count,
// makes Swarm forget what it had before. The first stays too: stack files name it.
func (s secretShelf) unneeded(services []api.Service) []secretVersion {
	needed := map[string]bool{}
	for _, one := range services {
		for _, ref := range slices.Concat(secretsIn(&one.Spec), secretsIn(one.PreviousSpec)) {
			if ref != nil {
				needed[ref.SecretID] = true
			}
		}
	}
	var list []secretVersion
	for _, versions := range s.managed {
		old := versions[:len(versions)-1]
		if versions[len(old)].fresh() {
			old = old[:max(0, len(old)-1)]
		}
		for _, v := range old {
			if !needed[v.ID] && v.number > 1 {
				list = append(list, v)
			}
		}
	}
	return list
}

// versionName is the name of a secret's Docker secret of a later version. A hash keeps apart what is cut to the same, and
// what somebody gave such a name.
func versionName(name string, number uint64) string {
	tail := versionMark(name) + strconv.FormatUint(number, 10)
	return name[:min(len(name), maxDockerName-len(tail))] + tail
}

func versionMark(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "." + hex.EncodeToString(sum[:4]) + "."
}

// secretName is the name that a user gave the secret of a reference. Where that of a later version was cut, the
// file has it.
func secretName(ref *api.SecretReference) string {
	candidates := []string{ref.SecretName}
	if mark := strings.LastIndexByte(ref.SecretName, '.'); mark > 0 {
		if mark = strings.LastIndexByte(ref.SecretName[:mark], '.'); mark > 0 {
			candidates[0] = ref.SecretName[:mark]
		}
	}
	if ref.File != nil {
		candidates = append(candidates, path.Base(ref.File.Name))
	}
	number, err := strconv.ParseUint(ref.SecretName[strings.LastIndexByte(ref.SecretName, '.')+1:], 10, 64)
	if err != nil {
		return ref.SecretName
	}
	for _, name := range candidates {
		if function.ValidateSecretName(name) == nil && versionName(name, number) == ref.SecretName {
			return name
		}
	}
	return ref.SecretName
}
