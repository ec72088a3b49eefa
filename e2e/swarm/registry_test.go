package swarm

import (
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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
	secret := filepath.Join(dir, "password")
	gatewayPassword, err := s.Password()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte(gatewayPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	faas, err := filepath.Abs("../../bin/faas")
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), faas, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DOCKER_HOST="+s.Engine().Host, "DOCKER_CONFIG="+login, "FAAS_GATEWAY="+s.Gateway(), "FAAS_PASSWORD_FILE="+secret)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	mustRun := func(args ...string) string {
		t.Helper()
		out, err := run(args...)
		if err != nil {
			t.Fatalf("faas %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	mustRun("new", "private", "--lang", "go", "--prefix", host+"/team")
	if out, err := run("build", "-f", "private/stack.yml", "--push"); err == nil || !strings.Contains(out, "docker login "+host) {
		t.Errorf("pushed without a password: %v, %s", err, out)
	}
	if out, err := run("deploy", "-f", "private/stack.yml", "-a"); err == nil || !strings.Contains(out, "no credentials of "+host+" are kept") {
		t.Errorf("deployed with a password that is not there: %v, %s", err, out)
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
