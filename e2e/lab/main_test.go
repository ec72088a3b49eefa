package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"faas/api"
	"faas/e2e"
	"faas/e2e/samples"
)

const (
	second  = time.Second
	network = "10.214.77"
	port    = 18080
)

// lab is a swarm of three nodes with the stack on it.
type lab struct {
	*e2e.Stack
	dir string
}

// The tests go on from what the one before left: two workers become managers in the middle.
func TestLab(t *testing.T) {
	l := start(t)
	l.deploy(t, "spread", map[string]string{"min": "6", "target": "1000"}, 6)
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"replicas are on all nodes", l.testSpread},
		{"worker killed", l.testWorkerKilled},
		{"worker drained", l.testWorkerDrained},
		{"worker cut off and healed", l.testWorkerCutOff},
		{"a gateway on each manager", l.testGatewayOnEachManager},
		{"engine of the leader restarted", l.testLeaderRestarted},
		{"leader lost", l.testLeaderLost},
	} {
		if !t.Run(step.name, step.test) {
			t.Log(l.nodes(t.Context()))
		}
	}
}

// start starts three nodes, one of them a manager, and deploys the stack.
func start(t *testing.T) *lab {
	t.Helper()
	host := os.Getenv(e2e.EngineVariable)
	if host == "" {
		t.Skipf("no engine to take the images from: set %s to the URL of one, as `make test-lab` does", e2e.EngineVariable)
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make network namespaces")
	}
	began := time.Now()
	l := &lab{dir: filepath.Join(os.TempDir(), "faas-lab-"+strconv.Itoa(os.Getpid()))}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second) // the test's own has ended
		defer cancel()
		if err := l.run(ctx, "down"); err != nil {
			t.Error(err)
		}
	})
	l.must(t, "up", "3")
	up := time.Now()
	l.loadImages(t, e2e.Engine{Host: host})
	loaded := time.Now()
	stack, err := e2e.Deploy(t.Context(), e2e.StackOptions{
		Root: "../..", Engine: l.engine(1), Port: port, Dir: t.TempDir(),
		Via: []string{"nsenter", "--net=/run/netns/faaslab1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Stack = stack
	t.Logf("nodes up after %s, images loaded in %s, stack deployed in %s", up.Sub(began).Round(10*time.Millisecond),
		loaded.Sub(up).Round(10*time.Millisecond), time.Since(loaded).Round(10*time.Millisecond))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.Logs(context.Background())) // as above
		}
	})
	return l
}

// needed are the images that run in these tests, so that no more are copied.
var needed = []string{"gateway", "prometheus", "alertmanager", "echoit", "wordcount", "nodeinfo", "work"}

// loadImages copies the images that are needed from an engine to all nodes. The stack file is given echoit's for the samples of which
// no replica runs.
func (l *lab) loadImages(t *testing.T, from e2e.Engine) {
	t.Helper()
	save := []string{"save", "-o", filepath.Join(t.TempDir(), "images.tar")}
	for _, name := range needed {
		save = append(save, "faas/"+name+":latest")
	}
	if _, err := from.Docker(t.Context(), save...); err != nil {
		t.Fatalf("%v: run `make images` with DOCKER_HOST=%s", err, from.Host)
	}
	echoit, err := from.Docker(t.Context(), "image", "inspect", "-f", "{{.Id}}", "faas/echoit")
	if err != nil {
		t.Fatal(err)
	}
	names, err := samples.Names("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !slices.Contains(needed, name) {
			t.Setenv("FAAS_"+strings.ReplaceAll(strings.ToUpper(name), "-", "_")+"_IMAGE", echoit)
		}
	}
	l.must(t, "load", save[2])
}

// run runs swarm-lab.sh.
func (l *lab) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "./swarm-lab.sh", args...)
	cmd.Env = append(os.Environ(), "LAB="+l.dir, "NET="+network, "HOSTIP="+network+".254",
		// A node counts as lost after three of these; Swarm's own default is 5 s.
		"INIT_ARGS=--dispatcher-heartbeat 1s")
	cmd.WaitDelay = second // the engines that it starts keep its output open
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("swarm-lab.sh %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (l *lab) must(t *testing.T, args ...string) {
	t.Helper()
	if err := l.run(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// do is an action of swarm-lab.sh on a node.
func (l *lab) do(what string, node int) e2e.Action {
	return e2e.Do(fmt.Sprint(what, " node ", node), func(ctx context.Context) error {
		return l.run(ctx, what, strconv.Itoa(node))
	})
}

// engine is that of a node.
func (l *lab) engine(node int) e2e.Engine {
	return e2e.Engine{Host: "unix://" + filepath.Join(l.dir, strconv.Itoa(node), "docker.sock")}
}

// gateway is a client of the gateway on a node.
func (l *lab) gateway(node int) *e2e.Client { return l.On(network + "." + strconv.Itoa(node)) }

// Gateways implements e2e.System: each manager has one.
func (l *lab) Gateways() []*e2e.Client {
	return []*e2e.Client{l.gateway(1), l.gateway(2), l.gateway(3)}
}

// seenBy is the lab as the clients of one gateway see it.
type seenBy struct {
	*e2e.Client
	lab *lab
}

// Gateways implements e2e.System.
func (s seenBy) Gateways() []*e2e.Client { return s.lab.Gateways() }

// nodes says what the swarm thinks of its nodes.
func (l *lab) nodes(ctx context.Context) string {
	var all []string
	for node := 1; node <= 3; node++ {
		out, err := l.engine(node).Docker(ctx, "node", "ls")
		all = append(all, fmt.Sprint("node ", node, ": ", out, err))
	}
	return strings.Join(all, "\n")
}

// deploy runs a function with replicas, until the lab ends.
func (l *lab) deploy(t *testing.T, name string, labels map[string]string, replicas int) {
	t.Helper()
	scaling := map[string]string{}
	for key, value := range labels {
		scaling["com.openfaas.scale."+key] = value
	}
	d := api.FunctionDeployment{Service: name, Image: "faas/work:latest", Labels: &scaling}
	if err := l.Deploy(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	l.await(t, l.Client, name, replicas, 30*second)
}

// await waits until a function has that many ready replicas.
func (l *lab) await(t *testing.T, from *e2e.Client, function string, replicas int, within time.Duration) {
	t.Helper()
	if err := from.WaitFor(t.Context(), function, within, func(c e2e.Count) bool { return c.Ready == replicas }); err != nil {
		t.Fatal(err)
	}
}

// count is the number of a function's containers on a node.
func (l *lab) count(t *testing.T, node int, function string) int {
	t.Helper()
	ids, err := l.engine(node).Containers(t.Context(), function)
	if err != nil {
		t.Fatal(err)
	}
	return len(ids)
}
