package swarm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
	"faas/swarm/swarmtest"
)

const (
	createEndpoint = "POST /secrets/create"
	removeEndpoint = "DELETE /secrets/{id}"
)

// slow is quick without a resync to mend anything.
func slow() timing {
	t := quick()
	t.resync = time.Hour
	return t
}

func (l lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l lab) put(value string) error {
	return l.b.UpdateSecret(l.Context(), function.Secret{Name: "key", Value: []byte(value)})
}

func (l lab) create(name, value string) error {
	return l.b.CreateSecret(l.Context(), function.Secret{Name: name, Value: []byte(value)})
}

// uses deploys a function that has the secret key, and waits for its replicas.
func (l lab) uses(name string, replicas int) {
	l.Helper()
	l.must(l.b.Deploy(l.Context(), keyed(name)))
	l.must(l.b.Scale(l.Context(), name, replicas))
	l.ready(name, replicas)
}

func keyed(name string) function.Function {
	return function.Function{Name: name, Image: "faas/echo:latest", Secrets: []string{"key"}}
}

// reads is what a function was given as key; empty where it is not the same in both places.
func (l lab) reads(name string) string {
	l.Helper()
	s, _ := l.Service(name)
	value := ""
	for i, ref := range s.Spec.TaskTemplate.ContainerSpec.Secrets {
		now := string(l.SecretValue(ref.SecretID))
		if i > 0 && now != value {
			return ""
		}
		value = now
	}
	return value
}

func (l lab) wantReads(want string, names ...string) {
	l.Helper()
	for _, name := range names {
		if got := l.reads(name); got != want {
			l.Errorf("%s has the value %q, want %q", name, got, want)
		}
	}
}

// versions are the numbers of those of key.
func (l lab) versions() []uint64 {
	l.Helper()
	shelf, err := l.b.secretShelf(l.Context())
	l.must(err)
	list := []uint64{}
	for _, v := range shelf.managed["key"] {
		list = append(list, v.number)
	}
	return list
}

func (l lab) wantVersions(when string, want ...uint64) {
	l.Helper()
	if got := l.versions(); !slices.Equal(got, want) {
		l.Errorf("%s there are the versions %d, want %d", when, got, want)
	}
}

func TestSecretVersions(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.must(l.create("key", "one"))
	l.must(l.put("two"))
	l.must(l.put("three"))
	l.wantVersions("without a function", 1, 2, 3)
	l.uses("a", 2)
	l.uses("asleep", 0)
	l.must(l.put("four"))
	l.wantReads("four", "a", "asleep")
	l.wantVersions("while functions may be rolled back", 1, 3, 4)
	l.until("the update to end", func() bool { s, _ := l.Service("a"); return s.UpdateStatus != nil && s.UpdateStatus.CompletedAt != nil })
	l.must(l.b.Scale(t.Context(), "a", 3))
	l.must(l.b.Scale(t.Context(), "asleep", 1))
	l.until("the resync to collect", func() bool { return slices.Equal(l.versions(), []uint64{1, 4}) })
	l.ready("a", 3)
	if s, err := l.b.Function(t.Context(), "a"); err != nil || !slices.Equal(s.Secrets, []string{"key"}) {
		t.Errorf("it is shown with the secrets %q, %v", s.Secrets, err)
	}
	if err := l.create("key", "five"); !errors.Is(err, function.ErrConflict) {
		t.Errorf("CreateSecret where there are versions: %v, want a conflict", err)
	}
}

// TestSecretByTwoGateways holds that gateways which replace a secret at once end at one value everywhere.
func TestSecretByTwoGateways(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	other := runLab(t, l.Engine, slow())
	l.must(l.create("key", "none"))
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		l.uses(name, 1)
	}
	for round := range 10 {
		var all sync.WaitGroup
		for i, gateway := range []lab{l, other, l, other} {
			all.Go(func() {
				if err := gateway.put(fmt.Sprintf("value %d of round %d", i, round)); err != nil {
					t.Errorf("UpdateSecret: %v", err)
				}
			})
		}
		all.Wait()
		shelf, err := l.b.secretShelf(t.Context())
		l.must(err)
		newest, _ := shelf.newest("key")
		l.wantReads(string(l.SecretValue(newest.ID)), names...)
	}
	l.must(l.put("the last"))
	l.wantReads("the last", names...)
	if n := len(l.versions()); n > 3 {
		t.Errorf("%d versions are left, want the newest, that before, and the first", n)
	}
}

// TestSecretReplacedDuringDeploy holds that a function which is deployed while its secret is replaced gets the new value.
func TestSecretReplacedDuringDeploy(t *testing.T) {
	for name, keeps := range map[string]bool{"the version before is gone": false, "the version before is there": true} {
		t.Run(name, func(t *testing.T) {
			l := startLab(t, swarmtest.Options{}, slow())
			l.must(l.create("key", "one"))
			l.deploy("updated", 1)
			if keeps {
				l.uses("keeps", 1)
			}
			for endpoint, change := range map[string]func() error{
				swarmtest.ServiceCreateEndpoint: func() error { return l.b.Deploy(t.Context(), keyed("deployed")) },
				swarmtest.ServiceUpdateEndpoint: func() error { return l.b.Update(t.Context(), keyed("updated")) },
			} {
				before := l.Calls()[endpoint]
				l.Inject(swarmtest.Fault{Endpoint: endpoint, Times: 1, Delay: 300 * time.Millisecond})
				ended := make(chan error, 1)
				go func() { ended <- change() }()
				l.until("the change to be under way", func() bool { return l.Calls()[endpoint] > before })
				l.must(l.put("at " + endpoint))
				l.must(<-ended)
				if endpoint == swarmtest.ServiceCreateEndpoint {
					l.wantReads("at "+endpoint, "deployed")
				} else {
					l.wantReads("at "+endpoint, "updated")
				}
			}
		})
	}
}

// TestSecretLeftHalfWay holds that functions which an update of a secret did not reach get the value later.
func TestSecretLeftHalfWay(t *testing.T) {
	for name, fault := range map[string]swarmtest.Fault{
		"nobody knows that it was made":  {Endpoint: createEndpoint, Times: 1, Cut: true},
		"no function is found":           {Endpoint: swarmtest.ServiceListEndpoint, Times: 1, Status: 503, Message: "away"},
		"one function cannot be changed": {Endpoint: swarmtest.ServiceUpdateEndpoint, Times: 1, Status: 503, Message: "away"},
	} {
		for later, tm := range map[string]timing{"the resync": quick(), "the next update": slow()} {
			t.Run(name+", mended by "+later, func(t *testing.T) {
				l := startLab(t, swarmtest.Options{}, tm)
				l.must(l.create("key", "one"))
				names := []string{"a", "b", "c"}
				for _, name := range names {
					l.uses(name, 1)
				}
				l.LoseEvents(-1)
				l.Inject(fault)
				err := l.put("two")
				if fault.Endpoint != swarmtest.ServiceListEndpoint && !errors.Is(err, function.ErrUnavailable) { // a resync may have met it
					t.Errorf("UpdateSecret half way: %v, want unavailable", err)
				}
				want := "two"
				if fault.Endpoint == swarmtest.ServiceUpdateEndpoint {
					if !strings.Contains(fmt.Sprint(err), "update a:") || strings.Contains(fmt.Sprint(err), "update b:") {
						t.Errorf("it does not name the one that failed: %v", err)
					}
					l.wantReads("two", "b", "c")
				}
				if later == "the next update" {
					want = "three"
					l.must(l.put("three"))
				}
				l.until("all to have the value "+want, func() bool {
					return !slices.ContainsFunc(names, func(name string) bool { return l.reads(name) != want })
				})
				for _, name := range names {
					l.ready(name, 1)
				}
			})
		}
	}
}

func TestRemoveSecretVersions(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	l.must(l.create("key", "one"))
	l.uses("a", 1)
	l.must(l.put("two"))
	l.must(l.put("three"))
	l.wantVersions("in use", 1, 2, 3)
	if err := l.b.RemoveSecret(t.Context(), "key"); !errors.Is(err, function.ErrConflict) || !strings.Contains(err.Error(), "used by a:") {
		t.Errorf("RemoveSecret in use: %v, want a conflict that names the function", err)
	}
	l.must(l.b.Remove(t.Context(), "a"))
	l.Inject(swarmtest.Fault{Endpoint: removeEndpoint, Skip: 2, Times: 1, Status: 503, Message: "away"})
	if err := l.b.RemoveSecret(t.Context(), "key"); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("RemoveSecret half way: %v, want unavailable", err)
	}
	l.wantVersions("half way", 3) // no older value comes back
	l.must(l.b.RemoveSecret(t.Context(), "key"))
	l.wantVersions("in the end")
	_, err := l.CreateService(api.ServiceSpec{
		Annotations:  api.Annotations{Name: "db"},
		TaskTemplate: api.TaskSpec{ContainerSpec: &api.ContainerSpec{Image: "db:1", Secrets: l.byHand("key", "key")}},
	})
	l.must(err)
	if err := l.b.RemoveSecret(t.Context(), "key"); !errors.Is(err, function.ErrConflict) || !strings.Contains(err.Error(), "db (a service") {
		t.Errorf("RemoveSecret of one that a service has: %v, want a conflict that names it", err)
	}
}

// TestRemoveSecretDuringDeploy holds that what Docker says of a function that came meanwhile is a conflict.
func TestRemoveSecretDuringDeploy(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	l.must(l.create("key", "one"))
	l.Inject(swarmtest.Fault{Endpoint: removeEndpoint, Times: 1, Delay: 200 * time.Millisecond})
	ended := make(chan error, 1)
	go func() { ended <- l.b.RemoveSecret(t.Context(), "key") }()
	l.until("the removal to be under way", func() bool { return l.Calls()[removeEndpoint] > 0 })
	l.must(l.b.Deploy(t.Context(), keyed("a")))
	if err := <-ended; !errors.Is(err, function.ErrConflict) || !strings.Contains(err.Error(), "used by a:") {
		t.Errorf("RemoveSecret: %v, want a conflict that names the function", err)
	}
	l.ready("a", 1)
}

// byHand makes a secret where there is none, and a reference to it as docker service create writes it.
func (l lab) byHand(secret, file string) []*api.SecretReference {
	l.Helper()
	shelf, err := l.b.secretShelf(l.Context())
	l.must(err)
	if _, ok := shelf.find(secret); !ok {
		l.must(l.create(secret, "one"))
		shelf, err = l.b.secretShelf(l.Context())
		l.must(err)
	}
	s, _ := shelf.find(secret)
	return []*api.SecretReference{{
		SecretID: s.ID, SecretName: s.Spec.Name, File: &api.SecretReferenceFileTarget{Name: file, UID: "7", GID: "8", Mode: 0o400},
	}}
}

// TestSecretOfServiceByHand holds that a function that was made by hand gets new values too, in its own places.
func TestSecretOfServiceByHand(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	spec := api.ServiceSpec{
		Annotations: api.Annotations{Name: "a", Labels: map[string]string{labelFunction: "true"}},
		TaskTemplate: api.TaskSpec{
			ContainerSpec: &api.ContainerSpec{Image: "x:1", Secrets: l.byHand("key", "/etc/password")},
			Networks:      []api.NetworkAttachmentConfig{{Target: "functions"}},
		},
	}
	_, err := l.CreateService(spec)
	l.must(err)
	spec.Name, spec.Labels = "no-function", nil
	_, err = l.CreateService(spec)
	l.must(err)
	l.ready("a", 1)
	l.must(l.put("two"))
	l.wantReads("two", "a")
	l.wantReads("one", "no-function")
	s, _ := l.Service("a")
	if file := s.Spec.TaskTemplate.ContainerSpec.Secrets[0].File; *file != (api.SecretReferenceFileTarget{Name: "/etc/password", UID: "7", GID: "8", Mode: 0o400}) {
		t.Errorf("its file is now %+v", file)
	}
	if st, err := l.b.Function(t.Context(), "a"); err != nil || !slices.Equal(st.Secrets, []string{"key"}) {
		t.Errorf("it is shown with the secrets %q, %v", st.Secrets, err)
	}
	l.must(l.put("three"))
	l.wantVersions("while a service that is no function has the first", 1, 2, 3)
}

// TestSecretsOfOthers holds that what others made is used, and neither shown nor changed.
func TestSecretsOfOthers(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	l.b.opts.ReservedSecrets = []string{"basic-auth-password"}
	add := func(name string, labels map[string]string) {
		l.must(l.b.secrets.createSecret(t.Context(), api.SecretSpec{
			Annotations: api.Annotations{Name: name, Labels: labels}, Data: []byte("theirs"),
		}))
	}
	add("key", nil)
	add("basic-auth-password", map[string]string{labelOwner: ownerOurs})
	add("other", map[string]string{labelOwner: "somebody", labelSecret: "key", labelVersion: "7"})
	add(versionName("mine", 2), nil)
	l.must(l.create("mine", "one"))
	if list, err := l.b.Secrets(t.Context()); err != nil || !slices.Equal(list, []string{"mine"}) {
		t.Errorf("the secrets are %q, %v", list, err)
	}
	for _, test := range []struct {
		name, text string
		create     error
		change     error
	}{
		{"key", "made by another tool", function.ErrConflict, function.ErrNotFound},
		{"basic-auth-password", "the gateway's own", function.ErrInvalid, function.ErrInvalid},
	} {
		s := function.Secret{Name: test.name, Value: []byte("x")}
		for verb, got := range map[string][2]error{
			"create": {l.b.CreateSecret(t.Context(), s), test.create},
			"update": {l.b.UpdateSecret(t.Context(), s), test.change},
			"remove": {l.b.RemoveSecret(t.Context(), test.name), test.change},
		} {
			if !errors.Is(got[0], got[1]) || !strings.Contains(got[0].Error(), test.text) {
				t.Errorf("%s %s: %v, want %v with %q", verb, test.name, got[0], got[1], test.text)
			}
		}
	}
	l.uses("a", 1)
	l.wantReads("theirs", "a")
	l.must(l.b.UpdateSecret(t.Context(), function.Secret{Name: "mine", Value: []byte("two")})) // over a name that is taken
	shelf, err := l.b.secretShelf(t.Context())
	l.must(err)
	if v, _ := shelf.newest("mine"); v.number != 3 || string(l.SecretValue(v.ID)) != "two" {
		t.Errorf("the newest version is %d", v.number)
	}
}
