package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

func TestLoadStack(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a/README.md", "")
	writeFile(t, dir, "env.yml", "environment: {shared: file, more: 1}")
	file := writeFile(t, dir, "stack.yml", `
functions:
  a: {handler: ./a, fprocess: cat, environment: {shared: yaml, own: 2}, environment_file: [env.yml]}
`)
	s, files, err := loadStack(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{file, filepath.Join(dir, "env.yml")}, files); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{"shared": "file", "more": "1", "own": "2"}
	if diff := cmp.Diff(want, s.functions["a"].function.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	bad := writeFile(t, dir, "bad.yml", `
functions:
  a: {handler: ./none, fprocess: cat}
  b: {handler: ./a}
  c: {fprocess: cat, environment_file: [none.yml]}
`)
	_, _, err = loadStack(bad)
	for _, want := range []string{
		bad + ":3: function a: handler " + dir + "/none is not a directory",
		bad + ":4: function b: no process to run",
		bad + ":5: function c: environment_file: open " + dir + "/none.yml",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
}

// edit replaces the stack file as an editor does, with a time that differs.
func edit(t *testing.T, file, text string) {
	t.Helper()
	tmp := writeFile(t, filepath.Dir(file), ".new", text)
	if err := os.Chtimes(tmp, time.Time{}, time.Now().Add(time.Duration(len(text))*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, file); err != nil {
		t.Fatal(err)
	}
}

func TestStackFileIsFollowed(t *testing.T) {
	file := writeFile(t, t.TempDir(), "stack.yml", `
functions:
  a: {fprocess: cat, labels: {com.openfaas.scale.min: 2}}
  b: {fprocess: cat}
`)
	f := run(t, Options{StackFile: file})
	f.deploy(echo("c"))
	f.awaitReady("b", 1)
	f.awaitReady("c", 1)
	before := f.awaitReady("a", 2)

	edit(t, file, "functions:\n  a:\n    fprocess: cat\n    nonsense: 1\n")
	eventually(t, 5*time.Second, "the bad edit is in the log", func() bool {
		return strings.Contains(f.log.String(), `stack.yml:4: function a: unknown key`)
	})
	edit(t, file, `
functions:
  a: {fprocess: cat, labels: {com.openfaas.scale.min: 2, com.openfaas.scale.max: 9}}
  d: {fprocess: cat}
`)
	st := f.await("a", "relabelled", func(st function.Status) bool { return st.Scaling.Max == 9 })
	if diff := cmp.Diff(before.Replicas, st.Replicas); diff != "" {
		t.Errorf("a label's change changed replicas:\n%s", diff)
	}
	f.awaitReady("d", 1)
	if _, err := f.Function(t.Context(), "b"); !errors.Is(err, function.ErrNotFound) {
		t.Errorf("b vanished from the file, but %v", err)
	}
	if _, err := f.Function(t.Context(), "c"); err != nil {
		t.Errorf("c, of the API: %v", err)
	}
	eventually(t, 5*time.Second, "one line for each change", func() bool {
		log := f.log.String()
		return strings.Count(log, "msg=notice") == 4 && strings.Count(log, "refused: ") == 1
	})
}

func TestBadStackFileAtStart(t *testing.T) {
	b, err := New(Options{
		DataDir: t.TempDir(), Watchdog: binaries().standIn, StackFile: writeFile(t, t.TempDir(), "stack.yml", "functions: 1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context()); !errors.Is(err, function.ErrInvalid) {
		t.Errorf("Run with a bad stack file: %v", err)
	}
}

func TestDeployImageOfStack(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "h/x", "")
	f := run(t, Options{StackFile: writeFile(t, dir, "stack.yml",
		"functions: {a: {handler: ./h, image: reg/a:1, fprocess: cat, environment: {x: 1, y: 1}}}")})
	f.deploy(function.Function{Name: "b", Image: "reg/a:1", Env: map[string]string{"y": "2"}})
	r := f.awaitReady("b", 1).Replicas[0]
	if got := f.call(r, "/run", `echo "$x $y $fprocess $(pwd)"`); got != "1 2 cat "+dir+"/h\n" {
		t.Errorf("the function has %q", got)
	}
	st, err := f.Function(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	want := function.Function{Name: "b", Image: "reg/a:1", Env: map[string]string{"y": "2"}}
	if diff := cmp.Diff(want, st.Function); diff != "" {
		t.Errorf("what was deployed does not come back (-want +got):\n%s", diff)
	}
}
