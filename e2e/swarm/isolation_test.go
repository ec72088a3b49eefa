package swarm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testIsolation runs a function that tries to reach what steers functions, by name and by address.
func (s stack) testIsolation(t *testing.T) {
	d := echo("burglar", nil)
	d.Image, d.EnvProcess = s.probeImage(t), "probe"
	s.deploy(t, d)
	gateway, prometheus, alertmanager := s.addresses(t, "gateway"), s.addresses(t, "prometheus"), s.addresses(t, "alertmanager")
	for _, c := range []struct {
		name, url, want string
	}{
		{"itself, so that it can reach anything at all", "http://127.0.0.1:8080/_/health", "answered 200"},
		{"the gateway, for other functions", "http://gateway:8080/healthz", "answered 200"},
		{"functions without credentials", "http://gateway:8080/system/functions", "answered 401"},
		{"alerts without credentials", "http://gateway:8080/system/alert", "answered 401"},
		{"metrics", "http://gateway:8082/metrics", "answered 403"},
		{"the way to replicas' metrics", "http://gateway:8082/sd/replicas", "answered 403"},
		{"the gateway on the control network", "http://" + gateway["func_control"] + ":8082/metrics", "nothing"},
		{"Prometheus", "http://prometheus:9090/-/ready", "nothing"},
		{"Prometheus by its address", "http://" + prometheus["func_control"] + ":9090/-/ready", "nothing"},
		{"Alertmanager", "http://alertmanager:9093/-/ready", "nothing"},
		{"Alertmanager by its address", "http://" + alertmanager["func_control"] + ":9093/-/ready", "nothing"},
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

// addresses are those of a part's container, by network.
func (s stack) addresses(t *testing.T, part string) map[string]string {
	t.Helper()
	ids, err := s.Engine().Containers(t.Context(), "func_"+part)
	if err != nil || len(ids) != 1 {
		t.Fatalf("containers of %s: %v, %v", part, ids, err)
	}
	lines, err := s.Engine().Lines(t.Context(), "inspect", "-f",
		`{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{$n.IPAddress}}{{"\n"}}{{end}}`, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{}
	for _, line := range lines {
		name, address, _ := strings.Cut(line, " ")
		addresses[name] = address
	}
	if addresses["func_control"] == "" {
		t.Fatalf("%s is not on the control network: %v", part, addresses)
	}
	return addresses
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
