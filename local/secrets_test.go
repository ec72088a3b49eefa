package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// hush is a value that must be nowhere but in the files of secrets.
const hush = "hush-4b1d"

func (f *fixture) createSecret(name, value string) {
	f.t.Helper()
	if err := f.CreateSecret(f.t.Context(), function.Secret{Name: name, Value: []byte(value)}); err != nil {
		f.t.Fatal(err)
	}
}

// withSecret is a function whose replicas answer with the secrets that they have.
func withSecret(name string, secrets ...string) function.Function {
	fn := echo(name)
	fn.Secrets = secrets
	return fn
}

// filesOf are the files and directories below dir with their modes.
func filesOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err == nil {
			name, _ := filepath.Rel(dir, path)
			found[name] = info.Mode().String()
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

func TestSecretsOnDisk(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "secrets/basic-auth-password", "the operator's")
	f := run(t, Options{DataDir: dir})
	f.createSecret("key", hush)
	f.createSecret("other", hush)
	f.deploy(withSecret("f", "key"))
	f.deploy(echo("plain"))
	f.awaitReady("plain", 1)
	r := f.awaitReady("f", 1).Replicas[0]
	own := filepath.Join(dir, "replica-secrets", r.ID) + "/"
	if got := f.call(r, "/run", `printf %s "$secret_mount_path"; cat "${secret_mount_path}key"; ls -A "$secret_mount_path"`); got != own+hush+"key\n" {
		t.Errorf("the function sees %q", got)
	}
	values := map[string]string{"key": "-r--------", "other": "-r--------"}
	if diff := cmp.Diff(values, filesOf(t, filepath.Join(dir, "function-secrets"))); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	copies := map[string]string{r.ID: "drwx------", r.ID + "/key": "-r--------"}
	if diff := cmp.Diff(copies, filesOf(t, filepath.Join(dir, "replica-secrets"))); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
	for _, name := range []string{"function-secrets", "replica-secrets"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if names, err := f.Secrets(t.Context()); err != nil || !slices.Equal(names, []string{"key", "other"}) {
		t.Errorf("secrets are %q, %v", names, err)
	}
	f.wantHushed(r)
	if err := f.Remove(t.Context(), "f"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "no copies", func() bool { return len(filesOf(t, filepath.Join(dir, "replica-secrets"))) == 0 })
	f.stop()
	f.wantHushed(r)
}

// wantHushed wants the value of no secret in the log, in a file outside of those for secrets, or in the environment of
// a replica.
func (f *fixture) wantHushed(r function.Replica) {
	f.t.Helper()
	if strings.Contains(f.log.String(), hush) {
		f.t.Errorf("the log tells the value:\n%s", f.log)
	}
	for name := range filesOf(f.t, f.opts.DataDir) {
		if top, _, _ := strings.Cut(name, "/"); strings.HasSuffix(top, "-secrets") {
			continue
		}
		if data, err := os.ReadFile(filepath.Join(f.opts.DataDir, name)); err == nil && strings.Contains(string(data), hush) {
			f.t.Errorf("file %s tells the value:\n%s", name, data)
		}
	}
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		f.t.Fatal(err)
	}
	for _, file := range files {
		environ, _ := os.ReadFile(file) // of another user, or gone: not ours
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if strings.Contains(string(environ), r.ID) && strings.Contains(string(environ)+string(line), hush) {
			f.t.Errorf("%s tells the value", file)
		}
	}
}

func TestSecretsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	f := run(t, Options{DataDir: dir})
	f.createSecret("key", "one")
	f.createSecret("late", "one")
	f.deploy(withSecret("f", "key", "late"))
	f.awaitReady("f", 1)
	for _, value := range []string{"two", "three"} {
		if err := f.UpdateSecret(t.Context(), function.Secret{Name: "key", Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
	}
	f.stop()
	// What a machine leaves that stops suddenly, and what never was a secret.
	writeFile(t, dir, "function-secrets/.new-0123", "half")
	writeFile(t, dir, "replica-secrets/f.1.0123456789ab/key", "one")
	writeFile(t, dir, "function-secrets/no secret", "x")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "function-secrets", "passwd")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "function-secrets", "late")); err != nil { // by somebody's hand
		t.Fatal(err)
	}
	f = run(t, Options{DataDir: dir})
	names, err := f.Secrets(t.Context())
	if err != nil || !slices.Equal(names, []string{"key"}) {
		t.Errorf("secrets are %q, %v", names, err)
	}
	st := f.await("f", "waiting", func(st function.Status) bool { return strings.Contains(st.Blocked, "do not exist yet: late") })
	if len(st.Replicas) > 0 || st.Desired != 1 {
		t.Errorf("without its secret it is %+v", st)
	}
	f.createSecret("late", "again")
	r := f.awaitReady("f", 1).Replicas[0]
	if got := f.call(r, "/run", `cd "$secret_mount_path"; cat key late`); got != "threeagain" {
		t.Errorf("after the restart it reads %q", got)
	}
	if got := filesOf(t, filepath.Join(dir, "replica-secrets")); len(got) != 3 || got[r.ID] == "" {
		t.Errorf("copies: %v", got)
	}
	if got := filesOf(t, filepath.Join(dir, "function-secrets")); got[".new-0123"] != "" {
		t.Errorf("values: %v", got)
	}
}

// TestStackWaitsForSecrets has a stack file that is older than the secrets of the machine.
func TestStackWaitsForSecrets(t *testing.T) {
	var said notices
	dir := t.TempDir()
	stack := writeFile(t, dir, "stack.yml", "functions: {f: {fprocess: cat, secrets: [b, a]}, g: {fprocess: cat}}")
	f := run(t, Options{StackFile: stack, Notice: said.add})
	f.awaitReady("g", 1)
	st := f.await("f", "waiting", func(st function.Status) bool { return st.Blocked != "" })
	if want := "f waits for secrets that do not exist yet: a, b; create them, as in: faas-cli secret create a"; st.Blocked != want {
		t.Errorf("blocked %q, want %q", st.Blocked, want)
	}
	f.createSecret("a", "one")
	st = f.await("f", "waiting for one", func(st function.Status) bool { return strings.Contains(st.Blocked, "yet: b;") })
	if len(st.Replicas) > 0 {
		t.Errorf("it runs without a secret: %+v", st)
	}
	f.createSecret("b", "two")
	st = f.awaitReady("f", 1)
	if st.Blocked != "" {
		t.Errorf("blocked %q", st.Blocked)
	}
	read := func(st function.Status) string {
		return f.call(st.Replicas[0], "/run", `cd "$secret_mount_path"; tail -n +1 *`)
	}
	if got := read(st); !strings.Contains(got, "one") || !strings.Contains(got, "two") {
		t.Errorf("it reads %q", got)
	}
	if err := f.RemoveSecret(t.Context(), "a"); !errors.Is(err, function.ErrConflict) || !strings.Contains(err.Error(), "used by f") {
		t.Errorf("the removal of one in use: %v", err)
	}

	// A change of the file names one more: the old replica serves on until it is there.
	old := st.Replicas[0].ID
	writeFile(t, dir, "stack.yml", "functions: {f: {fprocess: cat, secrets: [b, a, third]}, g: {fprocess: cat}}")
	st = f.await("f", "waiting for the third", func(st function.Status) bool { return strings.Contains(st.Blocked, "third") })
	if st.Available() != 1 || st.Replicas[0].ID != old {
		t.Errorf("while it waits it is %+v", st)
	}
	f.createSecret("third", "three")
	st = f.await("f", "replaced", func(st function.Status) bool {
		return len(st.Replicas) == 1 && st.Available() == 1 && st.Replicas[0].ID != old
	})
	if got := read(st); !strings.Contains(got, "three") {
		t.Errorf("it reads %q", got)
	}
}

func TestSecretMountPathIsOurs(t *testing.T) {
	f := run(t, Options{})
	f.createSecret("key", "one")
	fn := withSecret("f", "key")
	fn.Env = map[string]string{secretPathVariable: "/var/openfaas/secrets/"} //nolint:gosec // a path
	if err := f.Deploy(t.Context(), fn); !errors.Is(err, function.ErrInvalid) || !strings.Contains(err.Error(), "leave it out") {
		t.Errorf("a path of its own: %v", err)
	}
	fn.Secrets = nil // then it means nothing to the backend
	f.deploy(fn)
	if got := f.call(f.awaitReady("f", 1).Replicas[0], "/run", "printf %s $secret_mount_path"); got != "/var/openfaas/secrets/" {
		t.Errorf("without secrets its own variable is %q", got)
	}
}

// TestSecretsCannotBeKept has a directory in which nothing can be written. What was before stays as it was.
func TestSecretsCannotBeKept(t *testing.T) {
	f := run(t, Options{})
	f.createSecret("key", "one")
	f.createSecret("free", "one")
	f.deploy(withSecret("f", "key"))
	before := f.awaitReady("f", 1).Replicas[0]
	dir := filepath.Join(f.opts.DataDir, "function-secrets")
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	writeFile(t, f.opts.DataDir, "function-secrets", "no directory")
	ctx := t.Context()
	secret := function.Secret{Name: "new", Value: []byte(hush)}
	for verb, err := range map[string]error{
		"create": f.CreateSecret(ctx, secret),
		"update": f.UpdateSecret(ctx, function.Secret{Name: "key", Value: []byte(hush)}),
		"remove": f.RemoveSecret(ctx, "free"),
	} {
		if !errors.Is(err, function.ErrUnavailable) || strings.Contains(fmt.Sprintf("%v %+v", err, err), hush) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if err := errors.Join(os.Remove(dir), os.Rename(dir+".away", dir)); err != nil {
		t.Fatal(err)
	}
	if names, err := f.Secrets(ctx); err != nil || !slices.Equal(names, []string{"free", "key"}) {
		t.Errorf("secrets are %q, %v", names, err)
	}
	if st := f.awaitReady("f", 1); st.Replicas[0].ID != before.ID {
		t.Errorf("a change that failed replaced the replica")
	}
	f.deploy(withSecret("g", "free"))
	f.awaitReady("g", 1)
}

func TestSecretStoreKeepsToItsDirectories(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "outside", "x")
	s := newSecretStore(dir)
	for _, name := range []string{"../outside", "/etc/passwd", ".."} {
		if err := s.put(function.Secret{Name: name, Value: []byte("y")}); err == nil {
			t.Errorf("put %s: no error", name)
		}
		if err := s.remove(name); err == nil {
			t.Errorf("remove %s: no error", name)
		}
		if _, err := s.lend("r", []string{name}); err == nil {
			t.Errorf("lend %s: no error", name)
		}
	}
	if data, err := os.ReadFile(filepath.Join(dir, "outside")); err != nil || string(data) != "x" {
		t.Errorf("outside there is %q, %v", data, err)
	}
	if err := s.withdraw("r"); err != nil {
		t.Error(err)
	}
	want := map[string]string{"outside": "-rw-------", "function-secrets": "drwx------", "replica-secrets": "drwx------"}
	if diff := cmp.Diff(want, filesOf(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
