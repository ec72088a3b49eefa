package backendtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"faas/function"
)

// secretTests hold a backend to what it does with secrets.
func secretTests() []test {
	return []test{
		{"secrets are kept, replaced and removed", secretsKept},
		{"secrets that are refused", secretsRefused},
		{"a function that names an unknown secret is refused", secretUnknown},
		{"a function reads its secrets and no others", secretsRead},
		{"a replaced secret reaches what runs and what starts later", secretReplaced},
		{"a replaced secret wakes nobody", secretReplacedAtZero},
		{"a secret replaced by many at once ends at one value", secretReplacedAtOnce},
		{"a deployment of the same with a replaced secret restarts nothing", secretUnchanged},
		{"a secret in use stays", secretInUse},
		{"secrets of an ended backend are unavailable", secretsEnded},
	}
}

func (s *suite) secret(name, value string) function.Secret {
	return function.Secret{Name: s.name(name), Value: []byte(value)}
}

func (s *suite) createSecret(name, value string) string {
	s.Helper()
	s.must("CreateSecret", s.Backend.CreateSecret(s.ctx(), s.secret(name, value)))
	return s.name(name)
}

func (s *suite) updateSecret(name, value string) {
	s.Helper()
	s.must("UpdateSecret", s.Backend.UpdateSecret(s.ctx(), s.secret(name, value)))
}

// secrets are the names of those of the suite. There may be others.
func (s *suite) secrets() []string {
	s.Helper()
	all, err := s.Backend.Secrets(s.ctx())
	s.must("Secrets", err)
	if !slices.IsSorted(all) {
		s.Errorf("secrets are not in the order of their names: %q", all)
	}
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !strings.HasPrefix(name, s.Prefix) })
}

func (s *suite) wantSecrets(when string, want ...string) {
	s.Helper()
	names := make([]string, 0, len(want))
	for _, name := range want {
		names = append(names, s.name(name))
	}
	if got := s.secrets(); !slices.Equal(got, names) {
		s.Errorf("%s there are the secrets %q, want %q", when, got, names)
	}
}

// wantValue holds every replica of a function to a value of a secret, as it reads it.
func (s *suite) wantValue(st function.Status, secret, want string) {
	s.Helper()
	for _, r := range st.Replicas {
		if got, err := s.Secret(s.ctx(), r, secret); err != nil || got != want {
			s.Errorf("replica %s reads secret %s as %.50q, %v, want %.50q", r.ID, secret, got, err, want)
		}
	}
}

// withSecrets is f that may read secrets.
func withSecrets(f function.Function, names ...string) function.Function {
	f = f.Clone()
	f.Secrets = names
	return f
}

func secretsKept(s *suite) {
	s.wantSecrets("at first")
	s.createSecret("b-key", "one")
	s.createSecret("a-key", "one")
	s.wantSecrets("after two were made", "a-key", "b-key")
	s.want("the second CreateSecret", s.Backend.CreateSecret(s.ctx(), s.secret("a-key", "two")), function.ErrConflict)
	s.updateSecret("a-key", "two")
	s.updateSecret("a-key", "three")
	s.wantSecrets("after one was replaced twice", "a-key", "b-key")
	s.want("CreateSecret after it was replaced", s.Backend.CreateSecret(s.ctx(), s.secret("a-key", "four")), function.ErrConflict)
	s.must("RemoveSecret", s.Backend.RemoveSecret(s.ctx(), s.name("a-key")))
	s.wantSecrets("after one was removed", "b-key")
	s.want("the second RemoveSecret", s.Backend.RemoveSecret(s.ctx(), s.name("a-key")), function.ErrNotFound)
	s.want("UpdateSecret of one that is gone", s.Backend.UpdateSecret(s.ctx(), s.secret("a-key", "five")), function.ErrNotFound)
	s.createSecret("a-key", "six")
	f := withSecrets(s.function("reads"), s.name("a-key"))
	s.deploy(f)
	s.wantValue(s.awaitReady(f.Name, 1), s.name("a-key"), "six")
}

func secretsRefused(s *suite) {
	s.createSecret("key", "one")
	for what, secret := range map[string]function.Secret{
		"no name":                   {Value: []byte("x")},
		"a name with a path":        {Name: s.name("../key"), Value: []byte("x")},
		"a name with a blank":       {Name: s.name("a key"), Value: []byte("x")},
		"a name that is too long":   {Name: s.name(strings.Repeat("k", 65)), Value: []byte("x")},
		"no value":                  {Name: s.name("key")},
		"a value that is too large": {Name: s.name("key"), Value: make([]byte, function.MaxSecretSize+1)},
	} {
		s.want("CreateSecret with "+what, s.Backend.CreateSecret(s.ctx(), secret), function.ErrInvalid)
		s.want("UpdateSecret with "+what, s.Backend.UpdateSecret(s.ctx(), secret), function.ErrInvalid)
		if function.ValidateSecretName(secret.Name) != nil {
			s.want("RemoveSecret with "+what, s.Backend.RemoveSecret(s.ctx(), secret.Name), function.ErrInvalid)
		}
	}
	s.wantSecrets("after all that was refused", "key")
	f := withSecrets(s.function("reads"), s.name("key"))
	s.deploy(f)
	s.wantValue(s.awaitReady(f.Name, 1), s.name("key"), "one")
}

func secretUnknown(s *suite) {
	s.createSecret("known", "one")
	f := withSecrets(s.function("curious"), s.name("known"), s.name("no-such-secret"))
	refused := func(what string, err error) {
		s.Helper()
		s.want(what, err, function.ErrInvalid)
		if err != nil && !strings.Contains(err.Error(), s.name("no-such-secret")) {
			s.Errorf("%s does not name the secret: %v", what, err)
		}
	}
	refused("Deploy", s.Backend.Deploy(s.ctx(), f))
	s.deploy(withSecrets(f, s.name("known")))
	s.awaitReady(f.Name, 1)
	refused("Update", s.Backend.Update(s.ctx(), f))
	if st := s.status(f.Name); !slices.Equal(st.Secrets, []string{s.name("known")}) {
		s.Errorf("after an update that was refused it has the secrets %q", st.Secrets)
	}
}

func secretsRead(s *suite) {
	long := strings.Repeat("k", 64-len(s.Prefix))
	binary := "\x00\xff line\r\n\n"
	large := strings.Repeat("0123456789abcdef", 1+function.MaxSecretSize/16)[:function.MaxSecretSize]
	z, a := s.createSecret("z", binary), s.createSecret("a", "plain")
	k, other := s.createSecret(long, large), s.createSecret("other", "none of yours")
	f := withSecrets(s.function("reads"), z, k, a) // not in the order of their names
	s.deploy(f)
	st := s.awaitReady(f.Name, 1)
	s.wantValue(st, z, binary)
	s.wantValue(st, a, "plain")
	s.wantValue(st, k, large)
	if got, err := s.Secret(s.ctx(), st.Replicas[0], other); err == nil {
		s.Errorf("it reads %q from a secret that it does not name", got)
	}
	s.updateSecret(long, "short")
	s.updateSecret("z", "text")
	st = s.awaitReplaced(st, 1)
	if !slices.Equal(st.Secrets, f.Secrets) {
		s.Errorf("it has the secrets %q, want %q", st.Secrets, f.Secrets)
	}
	s.update(withSecrets(f, other, z)) // the names that were read back and others are good for an update
	st = s.await(s.Within, f.Name, "updated", func(st function.Status) bool {
		if st.Available() != 1 || len(st.Replicas) != 1 {
			return false
		}
		_, err := s.Secret(s.ctx(), st.Replicas[0], other)
		return err == nil
	})
	s.wantValue(st, other, "none of yours")
	s.wantValue(st, z, "text")
	if _, err := s.Secret(s.ctx(), st.Replicas[0], k); err == nil {
		s.Error("it still reads a secret that an update took away")
	}
	if !slices.Equal(st.Secrets, []string{other, z}) {
		s.Errorf("after an update it has the secrets %q, want %q", st.Secrets, []string{other, z})
	}
}

func secretReplaced(s *suite) {
	key := s.createSecret("key", "one")
	f, bystander := withSecrets(s.function("reads"), key), s.function("bystander")
	s.deploy(f)
	s.deploy(bystander)
	s.scale(f.Name, 2)
	before, untouched := s.awaitReady(f.Name, 2), s.awaitReady(bystander.Name, 1)
	s.wantValue(before, key, "one")
	seen := s.follow(before)
	s.updateSecret("key", "two")
	if st := s.status(f.Name); st.Desired != 2 || !slices.Equal(st.Secrets, []string{key}) {
		s.Errorf("right after UpdateSecret: desired %d, secrets %q", st.Desired, st.Secrets)
	}
	after := s.awaitReplaced(before, 2)
	s.wantServed(seen(), before)
	s.wantValue(after, key, "two")
	s.scale(f.Name, 3)
	s.wantValue(s.awaitReady(f.Name, 3), key, "two")
	late := withSecrets(s.function("late"), key)
	s.deploy(late)
	s.wantValue(s.awaitReady(late.Name, 1), key, "two")
	if st := s.awaitReady(bystander.Name, 1); !slices.Equal(ids(st), ids(untouched)) {
		s.Errorf("a function without the secret was restarted: before %s, after %s", show(untouched), show(st))
	}
}

func secretReplacedAtZero(s *suite) {
	key := s.createSecret("key", "one")
	f := withSecrets(s.function("asleep"), key)
	s.deploy(f)
	s.awaitReady(f.Name, 1)
	s.scale(f.Name, 0)
	s.awaitReady(f.Name, 0)
	s.updateSecret("key", "two")
	woken := func(r function.Replica) bool { return r.State != function.ReplicaDraining } // what goes may still be there
	if st := s.status(f.Name); st.Desired != 0 || slices.ContainsFunc(st.Replicas, woken) {
		s.Errorf("a replaced secret woke it: %s", show(st))
	}
	s.scale(f.Name, 1)
	s.wantValue(s.awaitReady(f.Name, 1), key, "two")
}

func secretReplacedAtOnce(s *suite) {
	key := s.createSecret("key", "none")
	f := withSecrets(s.function("reads"), key)
	s.deploy(f)
	s.scale(f.Name, 2)
	s.awaitReady(f.Name, 2)
	var all sync.WaitGroup
	var values []string
	for i := range 6 {
		value := fmt.Sprintf("value %d", i)
		values = append(values, value)
		all.Go(func() {
			if err := s.Backend.UpdateSecret(s.ctx(), s.secret("key", value)); err != nil {
				s.Errorf("UpdateSecret: %v", err)
			}
		})
	}
	all.Wait()
	var last string
	s.eventually("two replicas with one of the values", func() bool {
		st := s.status(f.Name)
		if st.Available() != 2 || len(st.Replicas) != 2 {
			return false
		}
		var read [2]string
		for i, r := range st.Replicas {
			read[i], _ = s.Secret(s.ctx(), r, key) // of one that goes; the next time
		}
		last = read[0]
		return read[0] == read[1] && slices.Contains(values, last)
	})
	late := withSecrets(s.function("late"), key)
	s.deploy(late)
	s.wantValue(s.awaitReady(late.Name, 1), key, last)
	s.updateSecret("key", "the last")
	for _, name := range []string{f.Name, late.Name} {
		s.eventually(name+" to read the last value", func() bool {
			st := s.status(name)
			return len(st.Replicas) == st.Desired && st.Available() == st.Desired && !slices.ContainsFunc(st.Replicas, func(r function.Replica) bool {
				got, err := s.Secret(s.ctx(), r, key)
				return err != nil || got != "the last"
			})
		})
	}
}

func secretUnchanged(s *suite) {
	key := s.createSecret("key", "one")
	f := withSecrets(s.function("steady"), key)
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	s.updateSecret("key", "two")
	before = s.awaitReplaced(before, 1)
	s.update(f)
	s.update(f)
	s.scale(f.Name, 2) // whose replica comes after any that an update might have started
	after := s.awaitReady(f.Name, 2)
	if !slices.Contains(ids(after), ids(before)[0]) {
		s.Errorf("a deployment of the same replaced the replica: before %s, after %s", show(before), show(after))
	}
	s.wantValue(after, key, "two")
}

func secretInUse(s *suite) {
	key, other := s.createSecret("key", "one"), s.createSecret("other", "one")
	one, two := withSecrets(s.function("one"), key), withSecrets(s.function("two"), other, key)
	s.deploy(one)
	s.deploy(two)
	s.awaitReady(one.Name, 1)
	before := s.awaitReady(two.Name, 1)
	refused := func(users ...string) {
		s.Helper()
		err := s.Backend.RemoveSecret(s.ctx(), key)
		s.want("RemoveSecret of one in use", err, function.ErrConflict)
		for _, user := range users {
			if err != nil && !strings.Contains(err.Error(), user) {
				s.Errorf("it does not name %s: %v", user, err)
			}
		}
	}
	refused(one.Name, two.Name)
	s.updateSecret("key", "two")
	refused(one.Name, two.Name)
	s.wantSecrets("after what was refused", "key", "other")
	s.wantValue(s.awaitReplaced(before, 1), key, "two")
	s.must("Remove", s.Backend.Remove(s.ctx(), one.Name))
	refused(two.Name)
	s.update(withSecrets(two, other))
	s.eventually("a secret that no function names to be removed", func() bool {
		return s.Backend.RemoveSecret(s.ctx(), key) == nil // an orchestrator may want the update to be over
	})
	s.wantSecrets("after that", "other")
	s.must("Remove", s.Backend.Remove(s.ctx(), two.Name))
	s.must("RemoveSecret right after its last function", s.Backend.RemoveSecret(s.ctx(), other))
	s.wantSecrets("in the end")
}

func secretsEnded(s *suite) {
	s.createSecret("key", "one")
	s.Stop()
	_, listed := s.Backend.Secrets(s.ctx())
	for name, err := range map[string]error{
		"Secrets": listed, "CreateSecret": s.Backend.CreateSecret(s.ctx(), s.secret("late", "one")),
		"UpdateSecret": s.Backend.UpdateSecret(s.ctx(), s.secret("key", "two")),
		"RemoveSecret": s.Backend.RemoveSecret(s.ctx(), s.name("key")),
	} {
		s.want(name+" after the end", err, function.ErrUnavailable)
	}
}

// eventually waits for what no snapshot shows.
func (s *suite) eventually(what string, ok func() bool) {
	s.Helper()
	deadline := time.NewTimer(s.Within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			s.Fatalf("waited in vain for %s", what)
		}
	}
}
