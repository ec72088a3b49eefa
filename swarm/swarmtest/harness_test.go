package swarmtest

import (
	"testing"
	"time"

	"github.com/docker/docker/api/types/mount"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t testing.TB, e *Engine) *client.Client {
	t.Helper()
	c, err := client.NewClientWithOpts(client.WithHost(e.Host()), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// spec is a service on the network of functions that restarts at once and updates start-first.
func spec(name string, count uint64, change ...func(*api.ServiceSpec)) api.ServiceSpec {
	s := api.ServiceSpec{
		Annotations: api.Annotations{Name: name, Labels: map[string]string{"function": "true"}},
		Mode:        api.ServiceMode{Replicated: &api.ReplicatedService{Replicas: &count}},
		TaskTemplate: api.TaskSpec{
			ContainerSpec: &api.ContainerSpec{Image: "faas/echo:latest", Mounts: []mount.Mount{}},
			RestartPolicy: &api.RestartPolicy{Condition: api.RestartPolicyConditionAny, Delay: new(time.Duration)},
			Networks:      []api.NetworkAttachmentConfig{{Target: "functions"}},
		},
		UpdateConfig: &api.UpdateConfig{Parallelism: 1, Order: api.UpdateOrderStartFirst, FailureAction: api.UpdateFailureActionRollback},
		EndpointSpec: &api.EndpointSpec{Mode: api.ResolutionModeDNSRR},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

// create makes a service through the client and returns its ID.
func create(t testing.TB, c *client.Client, s api.ServiceSpec) string {
	t.Helper()
	made, err := c.ServiceCreate(t.Context(), s, api.ServiceCreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// change updates a service through the client, as it is now.
func change(t testing.TB, c *client.Client, name string, do func(*api.ServiceSpec)) {
	t.Helper()
	s, _, err := c.ServiceInspectWithRaw(t.Context(), name, api.ServiceInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	do(&s.Spec)
	if _, err := c.ServiceUpdate(t.Context(), s.ID, s.Version, s.Spec, api.ServiceUpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func scale(t testing.TB, c *client.Client, name string, count uint64) {
	t.Helper()
	change(t, c, name, func(s *api.ServiceSpec) { s.Mode.Replicated.Replicas = &count })
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		<-tick.C
	}
}

func awaitRunning(t testing.TB, e *Engine, name string, n int) {
	t.Helper()
	eventually(t, name+" runs as wanted", func() bool { return e.Running(name) == n })
}
