package local

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"faas/function"
)

// TestWorkingDirectoryGoesWhenEmpty removes functions, of which one wrote a file.
func TestWorkingDirectoryGoesWhenEmpty(t *testing.T) {
	f := run(t, Options{})
	dirs := map[string]string{}
	for _, name := range []string{"empty", "none", "used"} {
		fn := echo(name)
		if name == "none" {
			fn.Labels = map[string]string{"com.openfaas.scale.min": "0", "com.openfaas.scale.zero": "true"}
		}
		f.deploy(fn)
		dirs[name] = filepath.Join(f.opts.DataDir, "functions", name)
		if _, err := os.Stat(dirs[name]); err != nil {
			t.Fatal(err)
		}
	}
	f.awaitReady("empty", 1)
	f.call(f.awaitReady("used", 1).Replicas[0], "/run", "echo mine >file")
	for name := range dirs {
		if err := f.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"empty", "none"} {
		eventually(t, 5*time.Second, name+" has no directory", func() bool {
			_, err := os.Stat(dirs[name])
			return os.IsNotExist(err)
		})
	}
	f.stop()
	if data, err := os.ReadFile(filepath.Join(dirs["used"], "file")); err != nil || string(data) != "mine\n" {
		t.Errorf("the file of a removed function: %q, %v", data, err)
	}
}

// TestWorkingDirectoryOfTheNext has a function take the name of one that drains still.
func TestWorkingDirectoryOfTheNext(t *testing.T) {
	f := run(t, Options{})
	for range 10 {
		f.deploy(echo("f"))
		f.awaitReady("f", 1)
		if err := f.Remove(t.Context(), "f"); err != nil {
			t.Fatal(err)
		}
	}
	f.deploy(echo("f"))
	st := f.await("f", "ready", func(st function.Status) bool { return st.Available() == 1 })
	dir := filepath.Join(f.opts.DataDir, "functions", "f")
	if got := f.call(st.Replicas[0], "/run", "echo x >file; pwd"); got != dir+"\n" {
		t.Errorf("it runs in %q, want %s", got, dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "file")); err != nil {
		t.Error(err)
	}
}

// TestWorkingDirectoryIsMadeAgain has somebody take the directory away between two replicas.
func TestWorkingDirectoryIsMadeAgain(t *testing.T) {
	f := run(t, Options{})
	f.deploy(echo("f"))
	f.scale("f", 0)
	f.awaitReady("f", 0)
	if err := os.Remove(filepath.Join(f.opts.DataDir, "functions", "f")); err != nil {
		t.Fatal(err)
	}
	f.scale("f", 1)
	f.awaitReady("f", 1)
}
