package swarm

import (
	"slices"
	"strings"
	"testing"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

func secretAt(secret, file string) *api.SecretReference {
	return &api.SecretReference{SecretName: secret, File: &api.SecretReferenceFileTarget{Name: file}}
}

func TestSecretName(t *testing.T) {
	long := strings.Repeat("k", 64)
	for name, test := range map[string]struct {
		ref  *api.SecretReference
		want string
	}{
		"the first version":              {secretAt("key", "/run/secrets/key"), "key"},
		"a later version":                {secretAt(versionName("key", 2), "/run/secrets/key"), "key"},
		"one with dots":                  {secretAt(versionName("tls.key.1", 12), "/run/secrets/tls.key.1"), "tls.key.1"},
		"a later version, by hand":       {secretAt(versionName("key", 2), "/etc/other"), "key"},
		"a later version without a file": {&api.SecretReference{SecretName: versionName("key", 2)}, "key"},
		"a later version that was cut":   {secretAt(versionName(long, 2), "/run/secrets/"+long), long},
		"the same by Docker's short way": {secretAt(versionName(long, 2), long), long},
		"one that looks like it":         {secretAt("key.00000000.2", "/run/secrets/key"), "key.00000000.2"},
		"numbers of somebody's own":      {secretAt("key.v.2", "/run/secrets/key"), "key.v.2"},
		"of another name, by hand":       {secretAt("key", "/run/secrets/password"), "key"},
		"nothing but dots":               {secretAt("..2", ""), "..2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := secretName(test.ref); got != test.want {
				t.Errorf("the secret of %+v is %q, want %q", test.ref, got, test.want)
			}
		})
	}
	if a, b := versionName(long[:63]+"a", 2), versionName(long[:63]+"b", 2); a == b {
		t.Errorf("two secrets have versions of one name, %s", a)
	}
}

// FuzzSecretName holds that every name comes back from its versions, and that these have names that Docker takes.
func FuzzSecretName(f *testing.F) {
	f.Add("key", uint64(2), "key.01234567.2")
	f.Add(strings.Repeat("k.", 32), uint64(1<<63), "..")
	f.Fuzz(func(t *testing.T, name string, number uint64, other string) {
		_ = secretName(secretAt(other, name)) // does not panic
		_ = secretName(secretAt(name, other))
		if function.ValidateSecretName(name) != nil {
			return
		}
		version := versionName(name, number)
		if len(version) > maxDockerName || function.ValidateSecretName(version) != nil {
			t.Errorf("version %d of %s is called %s", number, name, version)
		}
		for _, folder := range secretFolders() {
			if got := secretName(secretAt(version, folder+name)); got != name {
				t.Errorf("the secret of %s at %s is %q, want %q", version, folder+name, got, name)
			}
		}
	})
}

// TestUnneeded holds that a version stays for as long as a service has it, or would have it after it was rolled back, and
// the first, which stack files name, for good.
func TestUnneeded(t *testing.T) {
	secret := func(id, name, number string) api.Secret {
		s := api.Secret{ID: id}
		s.Spec.Name, s.Spec.Labels = name, map[string]string{labelOwner: ownerOurs}
		if number != "" {
			s.Spec.Name = name + "." + number
			s.Spec.Labels[labelSecret], s.Spec.Labels[labelVersion] = name, number
		}
		return s
	}
	with := func(ids ...string) api.ServiceSpec {
		c := &api.ContainerSpec{Secrets: []*api.SecretReference{nil}}
		for _, id := range ids {
			c.Secrets = append(c.Secrets, &api.SecretReference{SecretID: id})
		}
		return api.ServiceSpec{TaskTemplate: api.TaskSpec{ContainerSpec: c}}
	}
	others := secret("others", "key.1", "")
	others.Spec.Labels = nil
	shelf := newSecretShelf([]api.Secret{
		secret("a10", "a", "10"), secret("a9", "a", "9"), secret("a3", "a", "3"), secret("a2", "a", "2"), secret("a1", "a", ""),
		secret("b1", "b", ""), others,
	})
	before := with("a2")
	services := []api.Service{{Spec: with("a9", "others"), PreviousSpec: &before}, {Spec: api.ServiceSpec{}}}
	var got []string
	for _, v := range shelf.unneeded(services) {
		got = append(got, v.ID)
	}
	if !slices.Equal(got, []string{"a3"}) {
		t.Errorf("unneeded are %q, want a3", got)
	}
	if v, _ := shelf.newest("a"); v.ID != "a10" {
		t.Errorf("the newest is %s, want a10", v.ID)
	}
}
