package swarm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"faas/e2e"
)

// oldAlertmanager is the environment variable with a directory in which Debian's package prometheus-alertmanager is
// unpacked (dpkg -x), whose version 0.25 is to be one of the pair. Its libraries are those of this machine.
const oldAlertmanager = "FAAS_TEST_OLD_ALERTMANAGER"

// pair is two of everything: gateways, Prometheis and Alertmanagers that know of each other, in containers on one
// network with the functions, on one Swarm. Nothing else scales functions there meanwhile.
//
//	          ┌─▶ Prometheus 1 ─┬─▶ Alertmanager 1 ─┐
//	gateways ─┤                 ╳         ║         ├─▶ one of the gateways ═ relays ═ the other
//	          └─▶ Prometheus 2 ─┴─▶ Alertmanager 2 ─┘
type pair struct {
	engine   e2e.Engine
	dir      string
	ports    []int // of gateway 1 and its metrics, of gateway 2 and its metrics
	gateways []*e2e.Client
	serving  [2]atomic.Bool // requests are sent to it
	next     atomic.Int64
}

const pairPassword = "pair"

// pairNetwork is another one in each run: Swarm may still be removing the last.
var pairNetwork = fmt.Sprint("faas-pair-", os.Getpid())

// name is that of a container.
func name(part string, i int) string { return fmt.Sprintf("%s-%s-%d", pairNetwork, part, i+1) }

// Gateway implements e2e.System: requests take turns.
func (p *pair) Gateway() string {
	for {
		if i := int(p.next.Add(1) % 2); p.serving[i].Load() {
			return p.gateways[i].Gateway()
		}
	}
}

// Counts implements e2e.System.
func (p *pair) Counts(ctx context.Context) (map[string]e2e.Count, error) {
	return p.gateways[0].Counts(ctx)
}

// Gateways implements e2e.System.
func (p *pair) Gateways() []*e2e.Client { return p.gateways }

// startPair starts two of everything for the length of the test, and returns when both gateways know the Swarm.
func startPair(t *testing.T) *pair {
	t.Helper()
	host := os.Getenv(e2e.EngineVariable)
	if host == "" {
		t.Skipf("no engine to test on: set %s to the URL of a Docker Engine in swarm mode, as `make test-swarm` does",
			e2e.EngineVariable)
	}
	p := &pair{engine: e2e.Engine{Host: host}, dir: t.TempDir(), ports: freePorts(t, 4)}
	if err := p.engine.Unused(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		p.gateways = append(p.gateways, e2e.NewClient(
			func() string { return "http://127.0.0.1:" + strconv.Itoa(p.ports[2*i]) },
			func() (string, error) { return pairPassword, nil }))
		p.serving[i].Store(true)
	}
	t.Cleanup(func() { p.end(t) })
	p.configure(t)
	p.docker(t, "network", "create", "--driver", "overlay", "--attachable", "--label", "openfaas=true", pairNetwork)
	// Prometheus looks for gateways as it starts, and then every 5 s.
	p.side(t, p.startGateway, p.startAlertmanager)
	for _, g := range p.gateways {
		if !e2e.Poll(20*second, func() bool { _, err := g.Functions(t.Context()); return err == nil }) {
			t.Fatalf("%s does not answer", g.Gateway())
		}
	}
	p.side(t, p.startPrometheus)
	return p
}

// side runs each start for both at once.
func (p *pair) side(t *testing.T, starts ...func(context.Context, int) error) {
	t.Helper()
	var all sync.WaitGroup
	errs := make([]error, 2*len(starts))
	for n := range errs {
		all.Go(func() { errs[n] = starts[n/2](t.Context(), n%2) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// configure writes the project's own files with two Alertmanagers in place of one.
func (p *pair) configure(t *testing.T) {
	t.Helper()
	edit := func(from string, replace ...string) []byte {
		text, err := os.ReadFile(filepath.Join("../..", from))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(replace); i += 2 {
			if !bytes.Contains(text, []byte(replace[i])) {
				t.Fatalf("%s has no %s", from, replace[i])
			}
			text = bytes.ReplaceAll(text, []byte(replace[i]), []byte(replace[i+1]))
		}
		return text
	}
	for file, text := range map[string][]byte{
		"prometheus/prometheus.yml": edit("prometheus/prometheus.yml",
			`"alertmanager:9093"`, `"`+name("alertmanager", 0)+`:9093", "`+name("alertmanager", 1)+`:9093"`),
		"prometheus/rules/scaling.yml":  edit("prometheus/rules/scaling.yml"),
		"alertmanager/alertmanager.yml": edit("alertmanager/alertmanager.yml"),
		"secrets/basic-auth-user":       []byte("admin"),
		"secrets/basic-auth-password":   []byte(pairPassword),
	} {
		file = filepath.Join(p.dir, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// run starts a container of the pair.
func (p *pair) run(ctx context.Context, part string, i int, args ...string) error {
	_, err := p.engine.Docker(ctx, slices.Concat([]string{
		"run", "--detach", "--name", name(part, i), "--network", pairNetwork, "--network-alias", part,
		"--read-only", "--cap-drop", "ALL",
	}, args)...)
	return err
}

func (p *pair) startGateway(ctx context.Context, i int) error {
	port := func(n, to int) string { return fmt.Sprintf("127.0.0.1:%d:%d", p.ports[2*i+n], to) }
	return p.run(
		ctx, "gateway", i, "--user", "0:0", "--publish", port(0, 8080), "--publish", port(1, 8082),
		"--env", "FAAS_NETWORK="+pairNetwork, "--env", "FAAS_PEERS=gateway:8080",
		"--env", "FAAS_ALERTMANAGER=http://alertmanager:9093", "--env", "FAAS_PROMETHEUS=http://prometheus:9090",
		"--volume", strings.TrimPrefix(p.engine.Host, "unix://")+":/var/run/docker.sock",
		"--volume", p.dir+"/secrets:/run/secrets:ro", "faas/gateway", "gateway",
	)
}

func (p *pair) startPrometheus(ctx context.Context, i int) error {
	return p.run(ctx, "prometheus", i, append([]string{
		"--user", "65534:65534", "--volume", "/prometheus", "--volume", p.dir + "/prometheus:/etc/prometheus:ro",
		"faas/prometheus",
	}, command("prometheus")...)...)
}

func (p *pair) startAlertmanager(ctx context.Context, i int) error {
	args := []string{
		"--user", "65534:65534", "--volume", "/alertmanager", "--volume", p.dir + "/alertmanager:/etc/alertmanager:ro",
		"--volume", p.dir + "/secrets:/run/secrets:ro",
	}
	if old := os.Getenv(oldAlertmanager); old != "" && i == 1 {
		args = append(args, "--volume", "/lib:/lib:ro", "--volume", "/lib64:/lib64:ro", "--volume", "/usr/lib:/usr/lib:ro",
			"--volume", old+"/usr/bin:/old:ro", "--volume", old+"/usr/share/prometheus:/usr/share/prometheus:ro",
			"--entrypoint", "/old/prometheus-alertmanager")
	}
	args = append(args, "faas/alertmanager")
	for _, flag := range command("alertmanager") {
		if !strings.HasPrefix(flag, "--cluster.") {
			args = append(args, flag)
		}
	}
	return p.run(ctx, "alertmanager", i, append(
		args, "--cluster.listen-address=0.0.0.0:9094",
		"--cluster.peer="+name("alertmanager", 1-i)+":9094",
		// The second waits so long for the first, and whoever starts waits for ten times as long as gossip takes.
		"--cluster.peer-timeout=1s", "--cluster.gossip-interval=50ms",
	)...)
}

// command is that of a service of docker-compose.yml.
func command(service string) []string {
	var stack struct {
		Services map[string]struct{ Command []string }
	}
	text, err := os.ReadFile("../../docker-compose.yml")
	if err == nil {
		err = yaml.Unmarshal(text, &stack)
	}
	if err != nil || len(stack.Services[service].Command) == 0 {
		panic(fmt.Sprint("docker-compose.yml has no command of ", service, ": ", err))
	}
	return stack.Services[service].Command
}

// await waits until a gateway's log says that the control loop is alive, or lost.
func (p *pair) await(t *testing.T, gateway int, what string) {
	t.Helper()
	var log string
	if !e2e.Poll(20*second, func() bool {
		log = p.log(t.Context(), "gateway", gateway)
		return strings.Contains(log, "control loop "+what)
	}) {
		t.Fatalf("gateway %d does not say that the control loop is %s after 20 s:\n%s", gateway+1, what, log)
	}
}

// log is what a container has written since it was started last.
func (p *pair) log(ctx context.Context, part string, i int) string {
	since, err := p.engine.Docker(ctx, "inspect", "-f", "{{.State.StartedAt}}", name(part, i))
	if err != nil {
		return err.Error()
	}
	return p.engine.Logs(ctx, name(part, i), since)
}

// docker runs the docker command.
func (p *pair) docker(t *testing.T, args ...string) {
	t.Helper()
	if _, err := p.engine.Docker(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// kill is an action that ends a container with SIGKILL.
func (p *pair) kill(part string, i int) e2e.Action {
	return e2e.Do("kill "+name(part, i), func(ctx context.Context) error {
		_, err := p.engine.Docker(ctx, "kill", name(part, i))
		return err
	})
}

// end removes all that was started.
func (p *pair) end(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*second) // the test's own has ended
	defer cancel()
	began := time.Now()
	var names []string
	for i := range 2 {
		for _, part := range []string{"gateway", "prometheus", "alertmanager"} {
			names = append(names, name(part, i))
			if t.Failed() {
				lines := strings.Split(p.log(ctx, part, i), "\n")
				t.Logf("---- %s\n%s", name(part, i), strings.Join(lines[max(0, len(lines)-30):], "\n"))
			}
		}
	}
	_, err := p.engine.Docker(ctx, append([]string{"rm", "--force", "--volumes"}, names...)...)
	if err != nil {
		t.Error(err)
	}
	removed := e2e.Poll(20*second, func() bool { // refused while a function's last task ends
		_, err = p.engine.Docker(ctx, "network", "rm", pairNetwork)
		return err == nil || strings.Contains(err.Error(), "not found")
	})
	if !removed {
		t.Error(err)
	}
	t.Logf("removed in %s", time.Since(began).Round(10*time.Millisecond))
}

// freePorts are some that nobody listens on now.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for port := 18180; len(ports) < n && port < 18280; port++ {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close() // it was only tried
			ports = append(ports, port)
		}
	}
	if len(ports) < n {
		t.Fatal("too few ports from 18180 to 18279 are free")
	}
	return ports
}
