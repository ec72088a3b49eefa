package local

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

func TestStateRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	f := function.Function{
		Name: "f", Image: "i", Process: "cat", Env: map[string]string{"a": "b"}, Labels: map[string]string{"l": "1"},
		Annotations: map[string]string{"n": "2"}, Constraints: []string{"c"}, Secrets: []string{"s"}, Limits: &function.Resources{Memory: "1Mi"},
		Requests: &function.Resources{CPU: "1m"}, ReadOnlyRootFilesystem: true,
	}
	want := newState()
	want.Functions["f"] = keptFunction{Desired: 3, CreatedAt: time.Unix(1, 2).UTC(), Function: keep(f)}
	want.Functions["s"] = keptFunction{Desired: 0}
	for range 2 { // also over an older one
		if err := writeState(path, want); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	got, err := loadState(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(f, got.Functions["f"].Function.restore("f")); diff != "" {
		t.Errorf("function (-want +got):\n%s", diff)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files left: %v, %v", files, err)
	}
}

func TestCorruptStateIsSetAside(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON": "{", "version": `{"version": 9}`, "name": `{"version": 1, "functions": {"../x": {}}}`,
		"count": `{"version": 1, "functions": {"x": {"desired": -1}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "state.json", text)
			f := run(t, Options{DataDir: dir})
			f.deploy(echo("f"))
			f.awaitReady("f", 1)
			aside, err := filepath.Glob(filepath.Join(dir, "state.json.corrupt-*"))
			if err != nil || len(aside) != 1 || !strings.Contains(f.log.String(), "state file is corrupt") {
				t.Errorf("set aside %v, %v; log:\n%s", aside, err, f.log)
			}
		})
	}
}

// TestUnknownImageIsParked has a function whose image the stack file does not know any more.
func TestUnknownImageIsParked(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "state.json", `{"version": 1, "functions": {"f": {"desired": 2, "function": {"image": "gone:1"}}}}`)
	f := run(t, Options{DataDir: dir})
	f.deploy(echo("g"))
	f.stop()
	if !strings.Contains(f.log.String(), "cannot be run any more") {
		t.Errorf("log:\n%s", f.log)
	}
	f = run(t, Options{DataDir: dir, StackFile: writeFile(t, t.TempDir(), "stack.yml",
		"functions: {s: {fprocess: cat, image: gone:1}}")})
	f.awaitReady("f", 2)
	f.awaitReady("g", 1)
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version": 1, "functions": {"f": {"desired": 2, "function": {"image": "a"}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := parseState(data)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "state.json")
		if err := writeState(path, st); err != nil {
			t.Fatal(err)
		}
		if _, err := loadState(path, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPortsDiffer(t *testing.T) {
	p := newPorts()
	seen := map[int]bool{}
	for range 50 {
		port, err := p.take()
		if err != nil || seen[port] || port < firstPort || port > lastPort {
			t.Fatalf("port %d, %v", port, err)
		}
		seen[port] = true
	}
}

func TestLoopbackUpstream(t *testing.T) {
	for url, rewritten := range map[string]bool{
		"http://127.0.0.1:8082": true, "http://localhost:5000/x": true, "http://[::1]:80": true,
		"http://127.0.0.1": false, "http://10.0.0.1:80": false, "http://db.internal:80": false,
	} {
		u, err := loopbackUpstream(map[string]string{"mode": "http", "upstream_url": url})
		if err != nil || (u != nil) != rewritten {
			t.Errorf("%s: %v, %v", url, u, err)
		}
	}
}
