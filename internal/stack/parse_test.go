package stack

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

func TestParse(t *testing.T) {
	s, err := Parse("dir/stack.yml", []byte(`
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
`), os.LookupEnv)
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
	for name, e := range s.Functions {
		got[name] = e.Function
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	if e := s.Functions["full"]; e.Handler != "dir/full" || e.Line != 6 || len(e.envFiles) != 1 || e.envFiles[0].path != "dir/env.yml" {
		t.Errorf("full: %+v", e)
	}
	if diff := cmp.Diff([]string{"version", "provider", "configuration", "functions.full.lang"}, s.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `s.yml: the file is empty: it needs a key "functions"`},
		{"a comment alone", "# nothing\n", `s.yml: the file is empty: it needs a key "functions"`},
		{"not YAML", "a:\n\t- b", "s.yml: line 2: found character that cannot start any token"},
		{"no functions", "version: 1.0", `s.yml:1: the key "functions" is missing`},
		{
			"two documents", "---\nfunctions: {a: {fprocess: cat}}\n---\nfunctions: {b: {fprocess: cat}}\n",
			"s.yml:3: another document begins here: one document per file, take the line --- out or make two files",
		},
		{"a mistake after a document", "functions: {a: {fprocess: cat}}\n---\n\t- b", "s.yml: line 3: found character that cannot start any token"},
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
			_, err := Parse("s.yml", []byte(c.text), os.LookupEnv)
			if !errors.Is(err, function.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOneDocument has files that end in a line of hyphens, or of dots, which say nothing more.
func TestOneDocument(t *testing.T) {
	for _, end := range []string{"---\n", "...\n", "--- # no more\n---\n"} {
		s, err := Parse("s.yml", []byte("---\nfunctions: {a: {fprocess: cat}}\n"+end), os.LookupEnv)
		if err != nil || len(s.Functions) != 1 {
			t.Errorf("%q: %v", end, err)
		}
	}
	if _, err := parseEnvFile("e.yml", []byte("environment: {a: 1}\n---\nenvironment: {b: 2}\n")); err == nil || !strings.HasPrefix(err.Error(), "e.yml:2: another document begins here") {
		t.Errorf("an environment file: %v", err)
	}
}

func FuzzStackFile(f *testing.F) {
	if data, err := os.ReadFile("../../functions/stack.yml"); err == nil {
		f.Add(data)
	}
	f.Add([]byte("functions: {a: {fprocess: cat, environment: {a: &x b, c: *x}}}"))
	f.Add([]byte("functions: &f {a: *f}"))
	f.Add([]byte("functions:\n  ? [a]\n  : b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("s.yml", data, os.LookupEnv)
		if err != nil {
			if !errors.Is(err, function.ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
			return
		}
		for name, e := range s.Functions {
			if err := e.Validate(); err != nil || e.Name != name {
				t.Errorf("%s: %+v: %v", name, e.Function, err)
			}
		}
		if env, err := parseEnvFile("e.yml", data); err != nil && env != nil && !errors.Is(err, function.ErrInvalid) {
			t.Errorf("%v is not ErrInvalid", err)
		}
	})
}
