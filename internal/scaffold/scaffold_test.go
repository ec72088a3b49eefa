package scaffold

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"faas/internal/stack"
)

// tests are how a language's tests are run.
var tests = map[string][]string{
	"go": {"go", "test", "./..."}, "python": {"python3", "-m", "unittest"}, "node": {"node", "--test"},
	"sh": {"sh", "test.sh"}, "dockerfile": {"sh", "test.sh"},
}

func TestLanguages(t *testing.T) {
	for _, lang := range Languages() {
		t.Run(lang, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "Hello-1.x")
			made, err := New{Name: "Hello-1.x", Lang: lang, Dir: dir}.Make()
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range made {
				if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte("[[.")) || strings.HasSuffix(file, suffix) {
					t.Errorf("%s: %v\n%s", file, err, text)
				}
			}
			s, _, err := stack.Load(filepath.Join(dir, "stack.yml"), os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			f := s.Functions["Hello-1.x"]
			if f.Lang != lang || f.Handler != dir || f.Image != "localhost/hello-1.x:latest" || f.Process+f.LocalProcess() == "" {
				t.Errorf("%+v", f)
			}
			if _, err := os.Stat(filepath.Join(dir, "Dockerfile")); err != nil {
				t.Error(err)
			}
			test := tests[lang]
			if _, err := exec.LookPath(test[0]); err != nil {
				t.Fatalf("%v: run tools/languages.sh", err)
			}
			cmd := exec.CommandContext(t.Context(), test[0], test[1:]...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", strings.Join(test, " "), err, out)
			}
		})
	}
}

func TestAppend(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "stack.yml")
	before := "# mine\nfunctions:\n  a:\n    fprocess: cat # stays\n"
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(before)
	n := New{Name: "b", Lang: "sh", Dir: filepath.Join(dir, "x", "b"), Append: file, Prefix: "registry:5000/team/"}
	if _, err := n.Make(); err != nil {
		t.Fatal(err)
	}
	s, _, err := stack.Load(file, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Functions["b"]; f.Handler != n.Dir || f.Image != "registry:5000/team/b:latest" {
		t.Errorf("%+v", f)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(text), before) {
		t.Errorf("the file is now %s (%v)", text, err)
	}
	for name, text := range map[string]string{"there already": "functions:\n  c: {fprocess: cat}\n", "another key is last": "functions:\n  a: {fprocess: cat}\nversion: 1.0\n"} {
		write(text)
		n.Name, n.Dir = "c", filepath.Join(dir, "c")
		if _, err := n.Make(); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(n.Dir); err == nil {
			t.Errorf("%s: the folder was made", name)
		}
	}
}

// TestAppendFromElsewhere names the folder or the stack file by a whole path, and the other one from here.
func TestAppendFromElsewhere(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	for _, test := range []struct{ dir, file, want string }{
		{"a", filepath.Join(root, "sub", "stack.yml"), "../a"},
		{filepath.Join(root, "b"), "stack.yml", "./b"},
		{"sub/c", filepath.Join(root, "sub", "stack.yml"), "./c"},
	} {
		if err := os.MkdirAll(filepath.Dir(test.file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(test.file, []byte("functions:\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (New{Name: "x", Lang: "sh", Dir: test.dir, Append: test.file}).Make(); err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		if text, err := os.ReadFile(test.file); err != nil || !strings.Contains(string(text), "handler: "+test.want+"\n") {
			t.Errorf("%+v: %v\n%s", test, err, text)
		}
	}
}

func TestRefused(t *testing.T) {
	none := t.TempDir()
	for _, test := range []struct {
		new  New
		want string
	}{
		{New{Name: "../x", Lang: "go"}, `function name "../x"`},
		{New{Name: "x", Lang: "cobol"}, `language "cobol": there are dockerfile, go, node, python, sh`},
		{New{Name: "x", Lang: "go", Dir: t.TempDir()}, "is there already"},
		{New{Name: "a-", Lang: "go"}, `function name "a-": no image can have it: use a single`},
		{New{Name: "a..b", Lang: "go"}, `function name "a..b": no image can have it`},
		{New{Name: "a___b", Lang: "go"}, `function name "a___b": no image can have it`},
		{New{Name: "x", Lang: "go", Prefix: "My Reg: x #"}, `prefix "My Reg: x #": image My Reg: x #/x:latest would be no image's name: write it as`},
		{New{Name: "x", Lang: "go", Prefix: "Registry.io/Team"}, `prefix "Registry.io/Team": image`},
		{New{Name: "x", Lang: "go", Prefix: "Team"}, `prefix "Team": image`},
		{New{Name: "x", Lang: "go", Prefix: "https://registry.io/team"}, `prefix "https://registry.io/team": image`},
		{New{Name: "x", Lang: "go", Prefix: "[::1]:5000/team"}, `stack.yml:`}, // what YAML takes for a list
	} {
		if test.new.Dir == "" {
			test.new.Dir = filepath.Join(none, "x")
		}
		if _, err := test.new.Make(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.new, err, test.want)
		}
		if _, err := os.Stat(filepath.Join(none, "x")); err == nil {
			t.Errorf("%+v: the folder was made", test.new)
			if err := os.RemoveAll(filepath.Join(none, "x")); err != nil {
				t.Fatal(err)
			}
		}
	}
}
