package swarm

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testIsolation runs a function that tries to reach what steers functions by name, and holds that they share no network.
// Addresses are not tried: where no network leads to one, the packets would leave the machine.
func (s stack) testIsolation(t *testing.T) {
	d := echo("burglar", nil)
	d.Image, d.EnvProcess = s.probeImage(t), "probe"
	s.deploy(t, d)
	t.Run("networks", func(t *testing.T) {
		for part, want := range map[string]string{
			d.Service: "func_functions", "func_prometheus": "func_control", "func_alertmanager": "func_control",
			"func_queue":   "func_control",
			"func_gateway": "func_control func_functions",
		} {
			if got := s.networks(t, part); got != want {
				t.Errorf("%s is on the networks %s, want %s", part, got, want)
			}
		}
		if out, err := s.Engine().Docker(t.Context(), "network", "inspect", "-f", "{{.Internal}}", "func_control"); err != nil || strings.TrimSpace(out) != "true" {
			t.Errorf("func_control is internal: %s, %v", out, err)
		}
	})
	for _, c := range []struct {
		name, url, want string
	}{
		{"itself, so that it can reach anything at all", "http://127.0.0.1:8080/_/health", "answered 200"},
		{"the gateway, for other functions", "http://gateway:8080/healthz", "answered 200"},
		{"functions without credentials", "http://gateway:8080/system/functions", "answered 401"},
		{"alerts without credentials", "http://gateway:8080/system/alert", "answered 401"},
		{"metrics", "http://gateway:8082/metrics", "answered 403"},
		{"the way to replicas' metrics", "http://gateway:8082/sd/replicas", "answered 403"},
		{"Prometheus", "http://prometheus:9090/-/ready", "nothing"},
		{"Alertmanager", "http://alertmanager:9093/-/ready", "nothing"},
		{"the queue", "http://queue:4222/", "nothing"},
		{"the queue by its other name", "http://_queue:4222/", "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.Invoke(t.Context(), d.Service, c.url)
			if err != nil || !strings.HasPrefix(got, c.want) {
				t.Errorf("%s: %q, %v; want %q", c.url, got, err, c.want)
			}
		})
	}
}

// networks are those of a service's container, but for the one by which it reaches the outside.
func (s stack) networks(t *testing.T, service string) string {
	t.Helper()
	ids, err := s.Engine().Containers(t.Context(), service)
	if err != nil || len(ids) != 1 {
		t.Fatalf("containers of %s: %v, %v", service, ids, err)
	}
	names, err := s.Engine().Lines(t.Context(), "inspect", "-f",
		`{{range $name, $n := .NetworkSettings.Networks}}{{$name}}{{"\n"}}{{end}}`, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// probeImage makes the image of the program in probe/.
func (s stack) probeImage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "probe"), "./probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const probe = "faas/probe:test"
	if err := s.Engine().Build(t.Context(), probe, "FROM "+echoImage+"\nCOPY probe /usr/bin/probe\n", dir); err != nil {
		t.Fatal(err)
	}
	return probe
}
