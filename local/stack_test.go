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

func TestParseStack(t *testing.T) {
	s, err := parseStack("dir/stack.yml", []byte(`
version: 1.0
provider: {name: openfaas, gateway: "http://127.0.0.1:8080"}
configuration: {templates: [{name: go}]}
functions:
  full:
    lang: dockerfile
    handler: ./full
    image: reg/full:1.0
    fprocess: "cat -"
    namespace: openfaas-fn
    environment: {write_debug: true, level: 1.10, empty: }
    environment_file: [env.yml]
    labels: {com.openfaas.scale.min: 2}
    annotations: {topic: a.b}
    limits: {memory: 128Mi, cpu: 100m}
    requests: {memory: 64Mi}
    constraints: ["node.role == worker"]
    readonly_root_filesystem: true
  short: &short
    fprocess: wc
  alias: *short
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]function.Function{
		"full": {
			Name: "full", Image: "reg/full:1.0", Process: "cat -",
			Env:         map[string]string{"write_debug": "true", "level": "1.10", "empty": ""},
			Labels:      map[string]string{"com.openfaas.scale.min": "2"},
			Annotations: map[string]string{"topic": "a.b"},
			Limits:      &function.Resources{Memory: "128Mi", CPU: "100m"}, Requests: &function.Resources{Memory: "64Mi"},
			Constraints: []string{"node.role == worker"}, ReadOnlyRootFilesystem: true,
		},
		"short": {Name: "short", Image: "short:latest", Process: "wc"},
		"alias": {Name: "alias", Image: "alias:latest", Process: "wc"},
	}
	got := map[string]function.Function{}
	for name, e := range s.functions {
		got[name] = e.function
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	if e := s.functions["full"]; e.dir != "dir/full" || e.line != 6 || len(e.envFiles) != 1 || e.envFiles[0].path != "dir/env.yml" {
		t.Errorf("full: %+v", e)
	}
	if diff := cmp.Diff([]string{"version", "provider", "configuration", "functions.full.lang"}, s.notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestParseStackErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `s.yml: the file is empty: it needs a key "functions"`},
		{"not YAML", "a:\n\t- b", "s.yml: line 2: found character that cannot start any token"},
		{"no functions", "version: 1.0", `s.yml:1: the key "functions" is missing`},
		{"a list", "functions: [a]", "s.yml:1: functions must be a mapping of keys to values"},
		{
			"all at once", `
functons: {}
functions:
  a:
    fprocess: cat
    hander: ./a
    labels: {com.openfaas.scale.max: many}
  b:
    fprocess: [cat]
    readonly_root_filesystem: perhaps
    fprocess: wc
  ../c: {}
  d:
    namespace: other
    limits: {memory: 1, disk: 2}
  e:
    labels: {com.openfaas.scale.max: many}
  f:
    secrets: [key, a/key]
`,
			`s.yml:2: unknown key "functons": there are functions, version, provider, configuration
s.yml:6: function a: unknown key "hander"
s.yml:9: function b: expected plain text here
s.yml:10: function b: "perhaps": use true or false
s.yml:11: function b: key "fprocess" is there already, on line 9
s.yml:12: function ../c: function name "../c": use letters, digits, '-', '_' and '.', starting with a letter or digit
s.yml:14: function d: namespace "other": there is only "openfaas-fn"; leave it out
s.yml:15: function d: unknown key "disk" in limits: there are memory and cpu
s.yml:16: function e: label com.openfaas.scale.max="many": use a whole number from 1 to 10000
s.yml:18: function f: secret name "a/key": use letters, digits, '-', '_' and '.', starting and ending with a letter or digit`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseStack("s.yml", []byte(c.text))
			if !errors.Is(err, function.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

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

func FuzzStackFile(f *testing.F) {
	if data, err := os.ReadFile("../functions/stack.yml"); err == nil {
		f.Add(data)
	}
	f.Add([]byte("functions: {a: {fprocess: cat, environment: {a: &x b, c: *x}}}"))
	f.Add([]byte("functions: &f {a: *f}"))
	f.Add([]byte("functions:\n  ? [a]\n  : b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseStack("s.yml", data)
		if err != nil {
			if !errors.Is(err, function.ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
			return
		}
		for name, e := range s.functions {
			if err := e.function.Validate(); err != nil || e.function.Name != name {
				t.Errorf("%s: %+v: %v", name, e.function, err)
			}
		}
		if env, err := parseEnvFile("e.yml", data); err != nil && env != nil && !errors.Is(err, function.ErrInvalid) {
			t.Errorf("%v is not ErrInvalid", err)
		}
	})
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
