package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sent lists what Docker gets.
func sent(t *testing.T, o DockerOptions) []string {
	t.Helper()
	o.Arch = "amd64"
	var context bytes.Buffer
	if err := writeContext(&context, o); err != nil {
		t.Fatal(err)
	}
	var names []string
	for archive := tar.NewReader(&context); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
}

func TestIgnore(t *testing.T) {
	watchdog := program(t, "watchdog")
	files := map[string]string{"Dockerfile": "", "a.py": "", "b.log": "", "lib/c.py": "", "lib/d.log": "", "node_modules/x/y.js": "", "secret/key": "", "run": "1"}
	for name, test := range map[string]struct {
		ignore      string
		sent, image []string
	}{
		"nothing": {
			"# all\n",
			[]string{".dockerignore", "Dockerfile", "a.py", "b.log", "lib", "lib/c.py", "lib/d.log", "node_modules", "node_modules/x", "node_modules/x/y.js", "run", "secret", "secret/key", "fwatchdog"},
			[]string{".dockerignore", "Dockerfile", "a.py", "b.log", "lib/", "lib/c.py", "lib/d.log", "node_modules/", "node_modules/x/", "node_modules/x/y.js", "run", "secret/", "secret/key"},
		},
		"directories, and files of a name": {
			"node_modules\n/secret\n*.log\n",
			[]string{".dockerignore", "Dockerfile", "a.py", "lib", "lib/c.py", "lib/d.log", "run", "fwatchdog"},
			[]string{".dockerignore", "Dockerfile", "a.py", "lib/", "lib/c.py", "lib/d.log", "run"},
		},
		"at any depth": {
			"**/*.log\nnode_modules/*\nsecret/**\n",
			[]string{".dockerignore", "Dockerfile", "a.py", "lib", "lib/c.py", "node_modules", "run", "secret", "fwatchdog"},
			[]string{".dockerignore", "Dockerfile", "a.py", "lib/", "lib/c.py", "node_modules/", "run", "secret/"},
		},
		"all but some": {
			"*\n!**/*.py\n!run\nrunner\n",
			[]string{".dockerignore", "Dockerfile", "a.py", "lib/c.py", "run", "fwatchdog"},
			[]string{"a.py", "lib/", "lib/c.py", "run"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, files)
			if err := os.WriteFile(filepath.Join(dir, ignoreFile), []byte(test.ignore), 0o600); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.sent, sent(t, DockerOptions{Dir: dir, Watchdog: watchdog})); diff != "" {
				t.Errorf("Docker gets: %s", diff)
			}
			l := newLayer(time.Unix(0, 0))
			if err := l.tree(WorkDir, folder{dir: dir}); err != nil {
				t.Fatal(err)
			}
			var have []string
			for entry := range l.entries {
				if in, ok := strings.CutPrefix(entry, WorkDir[1:]+"/"); ok && in != "" {
					have = append(have, in)
				}
			}
			slices.Sort(have)
			if diff := cmp.Diff(test.image, have); diff != "" {
				t.Errorf("the image has: %s", diff)
			}
		})
	}
}

// TestIgnoredWatchdog has a folder whose own watchdog is excluded: Docker gets the other one.
func TestIgnoredWatchdog(t *testing.T) {
	dir := write(t, map[string]string{"Dockerfile": "", "fwatchdog": "", ".dockerignore": "*"})
	if diff := cmp.Diff([]string{".dockerignore", "Dockerfile", "fwatchdog"}, sent(t, DockerOptions{Dir: dir, Watchdog: program(t, "watchdog")})); diff != "" {
		t.Error(diff)
	}
}

// TestIgnoredState has a function that writes a log into its folder.
func TestIgnoredState(t *testing.T) {
	dir := write(t, map[string]string{".dockerignore": "*.log\nDockerfile\n", "Dockerfile": "", "x.py": ""})
	before, err := State(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		file, text string
		same       bool
	}{{"x.log", "one", true}, {"x.log", "two", true}, {"Dockerfile", "FROM scratch", false}, {".dockerignore", "*.log", false}, {"x.py", "1", false}} {
		if err := os.WriteFile(filepath.Join(dir, test.file), []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		now, err := State(dir)
		if err != nil || (now == before) != test.same {
			t.Errorf("%s is %q: the state is %s, before %s, %v", test.file, test.text, now, before, err)
		}
		before = now
	}
}

func TestIgnoreErrors(t *testing.T) {
	for text, want := range map[string]string{"[": "syntax error", "!": "illegal exclusion pattern"} {
		dir := write(t, map[string]string{".dockerignore": text})
		if _, err := State(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, ".dockerignore")+": "+want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	dir := write(t, map[string]string{".dockerignore": "run", "run": "1"})
	_, err := New(t.Context(), Options{Watchdog: program(t, "watchdog"), ProgramPath: WorkDir + "/run", Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "not have its program run: it must be a file of "+dir+", and not excluded by its .dockerignore") {
		t.Errorf("without its program: %v", err)
	}
}
