package swarm

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"faas/api"
	"faas/e2e"
	"faas/e2e/samples"
)

const second = time.Second

// What functions of these tests run: busybox, with a process for each request, and where there are many requests
// and other tests beside, a server.
const (
	echoImage   = "faas/echoit:latest"
	serverImage = "faas/work:latest"
)

// stack is the deployed stack, as the tests use it.
type stack struct {
	*e2e.Stack

	outside *samples.Outside
}

func TestStack(t *testing.T) {
	s := deployStack(t)
	// A start of a replica takes a third of a second of a processor: what starts many is spread over the groups.
	for _, group := range []struct {
		name  string
		tests map[string]func(*testing.T)
	}{
		{"alone", map[string]func(*testing.T){
			"parts killed": s.testPartsKilled,
		}},
		{"load", map[string]func(*testing.T){
			"much at once": s.testLoad,
		}},
		{"first", map[string]func(*testing.T){
			"one to ten to one":          s.testOneToTenToOne,
			"threshold changed":          s.testThresholdChanged,
			"ten requests a second":      s.testScaling,
			"steady at a boundary":       s.testSteadyAtABoundary,
			"rolling update":             s.testRollingUpdate,
			"crash loop":                 s.testCrashLoop,
			"functions reach no control": s.testIsolation,
		}},
		{"second", map[string]func(*testing.T){
			"step up and down":         s.testStepUpAndDown,
			"several targets at once":  s.testSeveralTargets,
			"replica killed":           s.testReplicaKilled,
			"service scaled by hand":   s.testServiceScaledByHand,
			"service made by hand":     s.testServiceMadeByHand,
			"hundred requests at zero": s.testHundredRequestsAtZero,
			"no suitable node":         s.testNoSuitableNode,
			"own function":             s.testOwnFunction,
			"private registry":         s.testPrivateRegistry,
		}},
		{"samples", map[string]func(*testing.T){
			"READMEs": s.testSamples,
		}},
		{"clients", map[string]func(*testing.T){
			"stock clients": s.testContract,
			"portal":        s.testPortal,
		}},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t)
				})
			}
		})
	}
}

// deployStack deploys the stack on the engine that the environment names, for the length of the test, and holds
// it to leaving nothing behind.
func deployStack(t *testing.T) stack {
	t.Helper()
	host := os.Getenv(e2e.EngineVariable)
	if host == "" {
		t.Skipf("no engine to test on: set %s to the URL of a Docker Engine in swarm mode, as `make test-swarm` does",
			e2e.EngineVariable)
	}
	outside := startOutside(t)
	began := time.Now()
	deployed, err := e2e.Deploy(t.Context(), e2e.StackOptions{
		Root: "../..", Engine: e2e.Engine{Host: host}, Port: freePort(t), Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("deployed in %s", time.Since(began).Round(10*time.Millisecond))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second) // the test's own has ended
		defer cancel()
		if t.Failed() {
			t.Log(deployed.Logs(ctx))
		}
		began := time.Now()
		if err := deployed.Undeploy(ctx); err != nil {
			t.Error(err)
		}
		t.Logf("removed in %s", time.Since(began).Round(10*time.Millisecond))
	})
	return stack{deployed, outside}
}

// freePort is one that nobody listens on now, below those that the kernel hands out by itself.
func freePort(t *testing.T) int {
	t.Helper()
	for port := 18080; port < 18180; port++ {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort("", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close() // it was only tried
			return port
		}
	}
	t.Fatal("no port from 18080 to 18179 is free")
	return 0
}

// server is the deployment of a function that is a server; labels are scaling settings without their prefix.
func server(name string, labels map[string]string) api.FunctionDeployment {
	d := echo(name, labels)
	d.Image, d.EnvProcess = serverImage, ""
	return d
}

// echo is the deployment of a function that answers with what it gets; labels are as above.
func echo(name string, labels map[string]string) api.FunctionDeployment {
	scaling := map[string]string{}
	for key, value := range labels {
		scaling["com.openfaas.scale."+key] = value
	}
	return api.FunctionDeployment{Service: name, Image: echoImage, EnvProcess: "cat", Labels: &scaling}
}

// deploy runs a function for the length of the test and returns once it has its first replica.
func (s stack) deploy(t *testing.T, d api.FunctionDeployment) {
	t.Helper()
	s.create(t, d)
	if err := s.WaitFor(t.Context(), d.Service, 30*second, func(c e2e.Count) bool { return c.Ready > 0 }); err != nil {
		t.Fatal(err)
	}
}

// create deploys a function and does not wait.
func (s stack) create(t *testing.T, d api.FunctionDeployment) {
	t.Helper()
	if err := s.Deploy(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*second) // as above
		defer cancel()
		if t.Failed() {
			t.Log(s.explain(ctx, d.Service))
		}
		if err := s.Remove(ctx, d.Service); err != nil {
			t.Error(err)
		}
	})
}

// explain tells what Swarm and the gateway have to say about a function.
func (s stack) explain(ctx context.Context, function string) string {
	tasks, _ := s.Engine().Docker(ctx, "service", "ps", "--no-trunc", function) // it may be gone
	status, _ := s.Describe(ctx, function)                                      // as above
	return fmt.Sprintf("%s\nblocked: %s", tasks, status.Blocked)
}
