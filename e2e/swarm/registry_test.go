package swarm

import (
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// testPrivateRegistry builds a function without the engine, pushes it to a registry that asks for a password, and has the
// engine pull it from there with what is sent with the deployment.
func (s stack) testPrivateRegistry(t *testing.T) {
	const user, password = "me", "s3cret"
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://") // of this machine: Docker wants no TLS there
	dir, login := t.TempDir(), t.TempDir()
	faas := s.cli(t, "DOCKER_CONFIG="+login)
	run := func(args ...string) (string, error) { return faas(dir, args...) }
	mustRun := func(args ...string) string {
		t.Helper()
		out, err := run(args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	mustRun("new", "private", "--lang", "go", "--prefix", host+"/team")
	if _, err := run("build", "-f", "private/stack.yml", "--push"); err == nil || !strings.Contains(err.Error(), "docker login "+host) {
		t.Errorf("pushed without a password: %v", err)
	}
	if _, err := run("deploy", "-f", "private/stack.yml", "-a"); err == nil || !strings.Contains(err.Error(), "no credentials of "+host+" are kept") {
		t.Errorf("deployed with a password that is not there: %v", err)
	}
	config := `{"auths":{"` + host + `":{"auth":"` + base64.StdEncoding.EncodeToString([]byte(user+":"+password)) + `"}}}`
	if err := os.WriteFile(filepath.Join(login, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun("build", "-f", "private/stack.yml", "--push")
	defer mustRun("rm", "private")
	mustRun("deploy", "-f", "private/stack.yml", "-a")
	if got := mustRun("invoke", "private", "--body", "hello"); got != "private got hello\n" {
		t.Errorf("it answers %q", got)
	}
	pulled, err := s.Engine().Docker(t.Context(), "image", "ls", "-q", host+"/team/private")
	if err != nil || pulled == "" {
		t.Errorf("the engine has not pulled it: %q, %v", pulled, err)
	}
}
