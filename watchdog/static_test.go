package watchdog

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStatic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := start(t, "mode=static", "static_path="+dir)
	res, body, err := w.do(t, w.request(t, http.MethodGet, "/a.txt", nil))
	if err != nil || body != "hello" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %v %q %v", res, body, err)
	}
	for range 50 {
		if _, body, err := w.do(t, w.request(t, http.MethodPost, "/a.txt", strings.NewReader("unread"))); err != nil || body != "hello" {
			t.Fatalf("got %q %v", body, err)
		}
	}
	for path, want := range map[string]int{"/none": 404, "/../../etc/passwd": 404, "/_/ready": 200} {
		if got := w.status(t, path); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
}

func TestReadyPath(t *testing.T) {
	t.Parallel()
	for process, want := range map[string]int{
		`sh -c 'test "$Http_Path" = /r'`: 200,
		"false":                          500,
	} {
		w := start(t, "mode=streaming", "ready_path=/r", "fprocess="+process)
		if got := w.status(t, "/_/ready"); got != want {
			t.Errorf("%s: got %d, want %d", process, got, want)
		}
	}
}

func TestRunReportsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, vars := range [][]string{
		{"fprocess=/no/such/program"},
		{"mode=static", "static_path=/no/such/directory"},
	} {
		c, err := ConfigFromEnv(lookup(vars...))
		if err != nil {
			t.Fatal(err)
		}
		w, err := New(Options{Config: c})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no such") {
			t.Errorf("%v: got %v", vars, err)
		}
	}
}
