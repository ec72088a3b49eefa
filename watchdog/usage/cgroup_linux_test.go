package usage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files writes files below a new directory.
func files(t testing.TB, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOwnCgroup(t *testing.T) {
	t.Parallel()
	group := func(change map[string]string) map[string]string {
		all := map[string]string{
			"self":           "0::/\n",
			"cpu.stat":       "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n",
			"memory.current": "10485760\n",
			"memory.stat":    "anon 4096\ninactive_file 2097152\nactive_file 1\n",
		}
		for name, text := range change {
			if all[name] = text; text == "" {
				delete(all, name)
			}
		}
		return all
	}
	tests := []struct {
		name  string
		files map[string]string
		want  bool
	}{
		{"container", group(nil), true},
		{"beside version 1", group(map[string]string{"self": "4:memory:/x\n0::/\n"}), true},
		{"a slice of a machine", group(map[string]string{"self": "0::/user.slice/x.scope\n"}), false},
		{"version 1", group(map[string]string{"self": "4:memory:/\n"}), false},
		{"the machine itself", group(map[string]string{"memory.current": ""}), false},
		{"hybrid", group(map[string]string{"cpu.stat": ""}), false},
		{"another format", group(map[string]string{"cpu.stat": "usage 5\n"}), false},
		{"no numbers", group(map[string]string{"memory.stat": "inactive_file x\n"}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := files(t, tt.files)
			c := ownCgroup(filepath.Join(dir, "self"), dir)
			if (c != nil) != tt.want {
				t.Fatalf("got %v", c)
			}
			if c == nil {
				return
			}
			got, err := c.sample()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample{cpu: 1.5, memory: 8 << 20}, got, cmp.AllowUnexported(sample{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
