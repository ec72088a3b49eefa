package monitoring

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// put writes a file in one go, as an editor saves it.
func put(t *testing.T, name, text string) {
	t.Helper()
	if err := write(name, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func rendered(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := list(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

// TestRefusedIsTakenBack checks that a server which starts again finds what it last accepted.
func TestRefusedIsTakenBack(t *testing.T) {
	const rules = "prometheus/rules/a.yml"
	var answer atomic.Int64
	answer.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(answer.Load()))
	}))
	defer server.Close()
	from, dir := t.TempDir(), t.TempDir()
	for name, file := range source() {
		put(t, filepath.Join(from, name), string(file.Data))
	}
	reports := make(chan string, 8)
	f := Follower{
		Source: from, Dir: dir, Setting: setting,
		Servers: []Server{{Name: "Prometheus", Folder: "prometheus", Address: strings.TrimPrefix(server.URL, "http://")}},
		Report:  func(server string, err error) { reports <- fmt.Sprint(server, " ", err) },
	}
	if err := f.Render(); err != nil {
		t.Fatal(err)
	}
	look := func(want string) {
		t.Helper()
		f.look(t.Context())
		got := "nothing"
		select {
		case got = <-reports:
		default:
		}
		if !strings.Contains(got, want) {
			t.Errorf("reported %q, want %q", got, want)
		}
	}
	before := rendered(t, dir)
	unchanged := func() {
		t.Helper()
		if diff := cmp.Diff(before, rendered(t, dir)); diff != "" {
			t.Errorf("on disk (-want +got):\n%s", diff)
		}
	}

	answer.Store(http.StatusInternalServerError)
	put(t, filepath.Join(from, rules), "broken\n")
	put(t, filepath.Join(from, "prometheus/rules/more.yml"), "broken\n")
	look("nothing") // it may be half written
	look("500")
	unchanged()
	look("nothing") // it is not tried again until it changes
	unchanged()

	server.CloseClientConnections()
	address := f.Servers[0].Address
	f.Servers[0].Address = "127.0.0.1:1" // it died
	answer.Store(http.StatusOK)
	put(t, filepath.Join(from, rules), "groups: []\n")
	look("nothing")
	look("connection refused")
	unchanged()
	look("nothing") // it is tried again, which nobody need be told twice
	f.Servers[0].Address = address
	look("Prometheus <nil>")
	if got := rendered(t, dir)[rules]; got != "groups: []\n" {
		t.Errorf("on disk stands %q", got)
	}
	look("nothing")
}
