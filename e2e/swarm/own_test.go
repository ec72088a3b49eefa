package swarm

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/e2e"
)

// ownImage is what the function of the next test is built as. Nobody pulls from localhost.
const ownImage = "localhost/own:latest"

// cli returns what runs commands of faas in a directory, on the stack and its engine, and returns what they print to standard
// output. Its errors have what they print beside. env is added to the environment.
func (s stack) cli(t *testing.T, env ...string) func(dir string, args ...string) (string, error) {
	t.Helper()
	password, err := s.Password()
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	env = append([]string{"DOCKER_HOST=" + s.Engine().Host, "FAAS_GATEWAY=" + s.Gateway(), "FAAS_PASSWORD_FILE=" + secret}, env...)
	faas := filepath.Join(root(t), "bin", "faas")
	return func(dir string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), faas, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("faas %s: %w\n%s%s", strings.Join(args, " "), err, out, said.String())
		}
		return string(out), err
	}
}

// testOwnFunction builds a Go function without the engine, has it run there, and checks what is in its image.
func (s stack) testOwnFunction(t *testing.T) {
	faas := s.cli(t)
	run := func(dir string, args ...string) string {
		t.Helper()
		out, err := faas(dir, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	// Twice, in two places: one image.
	var own string
	var digests []string
	for range 2 {
		dir := t.TempDir()
		run(dir, "new", "own", "--lang", "go")
		own = filepath.Join(dir, "own")
		var all []struct{ Digest string }
		if err := json.Unmarshal([]byte(run(own, "build", "-o", "tar,json")), &all); err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		digests = append(digests, all[0].Digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("built twice it is %v", digests)
	}
	if _, err := s.Engine().Docker(t.Context(), "load", "-i", filepath.Join(own, "build", "own.tar")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*second) // the test's own has ended
		defer cancel()
		if _, err := s.Engine().Docker(ctx, "image", "rm", "-f", ownImage); err != nil {
			t.Error(err)
		}
	})
	s.checkOwnImage(t)
	defer run(own, "rm", "-f", "stack.yml")
	run(own, "deploy")
	answer := func(want string) {
		t.Helper()
		if got := run(own, "invoke", "own", "--body", "hello"); got != want {
			t.Errorf("it answers %q, want %q", got, want)
		}
	}
	answer("own got hello\n")
	if log := run(own, "logs", "own"); !strings.Contains(log, "function ready") {
		t.Errorf("its log is %s", log)
	}
	// A change, under the same name.
	handler := filepath.Join(own, "handler.go")
	text, err := os.ReadFile(handler)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(handler, []byte(strings.Replace(string(text), "got", "now got", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(own, "deploy", "--build", "--load")
	e2e.Poll(20*second, func() bool { return run(own, "invoke", "own", "--body", "hello") == "own now got hello\n" })
	answer("own now got hello\n")
}

// checkOwnImage checks the labels, configuration and files of the image as the engine has it.
func (s stack) checkOwnImage(t *testing.T) {
	t.Helper()
	text, err := s.Engine().Docker(t.Context(), "image", "inspect", "-f", "{{json .Config}}", ownImage)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		User, WorkingDir string
		Env, Cmd         []string
		Labels           map[string]string
		Healthcheck      struct{ Test []string }
	}
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	if config.User != "65534:65534" || config.WorkingDir != "/home/app" || !slices.Contains(config.Env, "fprocess=./own") ||
		!slices.Equal(config.Cmd, []string{"/usr/bin/fwatchdog"}) || len(config.Healthcheck.Test) != 3 {
		t.Errorf("it is configured as %s", text)
	}
	for label, want := range map[string]string{"org.opencontainers.image.title": "own", "com.openfaas.function": "own", "com.faas.lang": "go"} {
		if got := config.Labels[label]; got != want {
			t.Errorf("label %s is %q, want %q", label, got, want)
		}
	}
	container, err := s.Engine().Docker(t.Context(), "create", ownImage)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := s.Engine().Docker(t.Context(), "rm", "-f", container); err != nil {
			t.Error(err)
		}
	}()
	archive := filepath.Join(t.TempDir(), "files.tar")
	if _, err := s.Engine().Docker(t.Context(), "export", "-o", archive, container); err != nil {
		t.Fatal(err)
	}
	list, err := exec.CommandContext(t.Context(), "tar", "-tf", archive).Output()
	if err != nil {
		t.Fatal(err)
	}
	// The engine adds what it mounts into every container, below dev, proc, sys and etc.
	files := slices.DeleteFunc(strings.Fields(string(list)), func(file string) bool {
		return strings.HasSuffix(file, "/") || strings.HasPrefix(file, "etc/") || file == ".dockerenv" || strings.HasPrefix(file, "dev/")
	})
	slices.Sort(files)
	if diff := cmp.Diff([]string{"home/app/own", "usr/bin/fwatchdog"}, files); diff != "" {
		t.Error(diff)
	}
}
