package swarmtest

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/filters"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
)

// interviewSecrets asks an engine about secrets: what it takes, what it refuses, and what holds one.
func interviewSecrets(
	t *testing.T, c *client.Client, on func(...func(*api.ServiceSpec)) api.ServiceSpec, said map[string][]string, note func(string, error),
) {
	t.Helper()
	ctx, name := t.Context(), on().Name
	made := map[string]string{}
	t.Cleanup(func() {
		for _, id := range made {
			_ = c.SecretRemove(context.Background(), id) // it may be gone
		}
	})
	add := func(what, secret string, value []byte, labels map[string]string) {
		r, err := c.SecretCreate(ctx, api.SecretSpec{Annotations: api.Annotations{Name: secret, Labels: labels}, Data: value})
		note(what, err)
		if err == nil {
			made[secret] = r.ID
		}
	}
	one, two, three := name+"-one", name+"-two", name+"-three"
	add("a secret", one, []byte("1"), map[string]string{"a": "b"})
	add("a secret without labels", two, []byte("2"), nil)
	add("the largest secret", three, make([]byte, 500<<10-1), nil)
	add("a secret's name twice", one, []byte("3"), nil)
	add("a secret without a value", name+"-none", nil, nil)
	add("a secret that is too large", name+"-large", make([]byte, 500<<10), nil)
	add("a secret without a name", "", []byte("1"), nil)
	add("a secret with a blank in its name", name+" x", []byte("1"), nil)
	add("a secret that begins with a dot", "."+name, []byte("1"), nil)
	add("a secret that ends with a dot", name+".", []byte("1"), nil)
	add("a secret with dots", name+".0123abcd.2", []byte("1"), nil)
	add("a long name of a secret", name+strings.Repeat("k", 64-len(name)), []byte("1"), nil)
	add("a name of a secret that is too long", name+strings.Repeat("k", 65-len(name)), []byte("1"), nil)

	s, raw, err := c.SecretInspectWithRaw(ctx, made[one])
	note("a secret read", err)
	said["secret"] = fields(t, raw)
	_, raw, err = c.SecretInspectWithRaw(ctx, made[two])
	note("another secret read", err)
	said["secret without labels"] = fields(t, raw)
	list, err := c.SecretList(ctx, api.SecretListOptions{Filters: filters.NewArgs(filters.Arg("name", name+"-t"))})
	note("secrets whose names begin so", err)
	said["secrets whose names begin so"] = append(said["secrets whose names begin so"], fmt.Sprint(len(list)))
	_, _, err = c.SecretInspectWithRaw(ctx, "no-such-secret")
	note("read no secret", err)
	note("remove no secret", c.SecretRemove(ctx, "no-such-secret"))

	label := func(what string, version uint64, change func(*api.SecretSpec)) {
		spec := s.Spec
		spec.Labels = map[string]string{"c": "d"}
		change(&spec)
		note(what, c.SecretUpdate(ctx, s.ID, api.Version{Index: version}, spec))
	}
	label("another value", s.Version.Index, func(s *api.SecretSpec) { s.Data = []byte("4") })
	label("another name of a secret", s.Version.Index, func(s *api.SecretSpec) { s.Name += "x" })
	label("an old version of a secret", s.Version.Index-1, func(*api.SecretSpec) {})
	label("other labels of a secret", s.Version.Index, func(*api.SecretSpec) {})
	label("the version before", s.Version.Index, func(*api.SecretSpec) {})
	s, _, err = c.SecretInspectWithRaw(ctx, one)
	note("a secret read by its name", err)
	said["labels"] = []string{fmt.Sprint(s.Spec.Labels)}

	interviewUsers(t, c, on, note, made)
	note("remove a secret by its name", c.SecretRemove(ctx, three))
	note("remove it again", c.SecretRemove(ctx, made[three]))
}

// interviewUsers asks which secrets a service holds: those of its spec, and not those of the spec before.
func interviewUsers(
	t *testing.T, c *client.Client, on func(...func(*api.ServiceSpec)) api.ServiceSpec, note func(string, error), made map[string]string,
) {
	t.Helper()
	ctx, nameOf := t.Context(), map[string]string{}
	for name, id := range made {
		nameOf[id] = name
	}
	one, two := made[on().Name+"-one"], made[on().Name+"-two"]
	refer := func(ids ...string) func(*api.ServiceSpec) {
		return func(s *api.ServiceSpec) {
			s.TaskTemplate.ContainerSpec.Secrets = nil
			for _, id := range ids {
				s.TaskTemplate.ContainerSpec.Secrets = append(s.TaskTemplate.ContainerSpec.Secrets, &api.SecretReference{
					SecretID: id, SecretName: cmp.Or(nameOf[id], id), File: &api.SecretReferenceFileTarget{Name: "f" + id, UID: "0", GID: "0", Mode: 0o444},
				})
			}
		}
	}
	var users []string
	for _, suffix := range []string{"-a", "-b"} {
		made, err := c.ServiceCreate(ctx, on(refer(one), func(s *api.ServiceSpec) { s.Name += suffix }), api.ServiceCreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.ServiceRemove(context.Background(), made.ID) }) // it may be gone
		users = append(users, made.ID)
	}
	give := func(what, service string, ids ...string) {
		s, _, err := c.ServiceInspectWithRaw(ctx, service, api.ServiceInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		refer(ids...)(&s.Spec)
		_, err = c.ServiceUpdate(ctx, s.ID, s.Version, s.Spec, api.ServiceUpdateOptions{})
		note(what, err)
	}
	err := c.SecretRemove(ctx, one)
	if err == nil || !strings.Contains(err.Error(), "is in use by the following services: ") || !strings.Contains(err.Error(), on().Name+"-b") {
		note("remove a secret of two services", err) // they are named in any order
	}
	name := nameOf[one]
	nameOf[one] = "another-name"
	give("a secret by another name", users[0], one)
	nameOf[one] = name
	give("a secret that is not there", users[0], "abc")
	give("secrets that are not there", users[0], "abc", two, "def")
	give("another secret", users[0], two)
	note("remove a secret of one service", c.SecretRemove(ctx, one))
	give("another secret for the last", users[1], two)
	note("remove a secret of previous specs", c.SecretRemove(ctx, one))
	for _, id := range users {
		if err := c.ServiceRemove(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	note("remove a secret right after its services", c.SecretRemove(ctx, two))
}
