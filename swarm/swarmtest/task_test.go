package swarmtest

import (
	"errors"
	"syscall"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// state has the tasks of a service as "desired state error".
func states(e *Engine, name string) []string {
	var list []string
	for _, t := range e.Tasks(name) {
		list = append(list, string(t.DesiredState)+" "+string(t.Status.State)+" "+t.Status.Err)
	}
	return list
}

func TestCrashLoop(t *testing.T) {
	attempts, window := uint64(3), time.Minute
	e := Start(t, Options{})
	c := connect(t, e)
	e.Behave("f", Behaviour{Crash: true})
	create(t, c, spec("f", 1, func(s *api.ServiceSpec) {
		s.TaskTemplate.RestartPolicy.MaxAttempts, s.TaskTemplate.RestartPolicy.Window = &attempts, &window
	}))
	const crashed = "shutdown failed task: non-zero exit (1)"
	eventually(t, "four crashes and no more", func() bool {
		got := states(e, "f")
		return len(got) == 4 && got[3] == crashed
	})
	if task := e.Tasks("f")[0]; states(e, "f")[0] != crashed || task.Status.ContainerStatus.ExitCode != 1 {
		t.Errorf("task %+v", task)
	}
	e.Behave("f", Behaviour{})
	change(t, c, "f", func(s *api.ServiceSpec) { s.Labels["touched"] = "now" })
	awaitRunning(t, e, "f", 1)
}

func TestUnplaceable(t *testing.T) {
	e := Start(t, Options{Nodes: []Node{{Hostname: "a", MemoryBytes: 1 << 30}}})
	c := connect(t, e)
	reserve := func(bytes int64) func(*api.ServiceSpec) {
		return func(s *api.ServiceSpec) {
			s.TaskTemplate.Resources = &api.ResourceRequirements{Reservations: &api.Resources{MemoryBytes: bytes}}
		}
	}
	create(t, c, spec("big", 1, reserve(700<<20)))
	awaitRunning(t, e, "big", 1)
	create(t, c, spec("bigger", 1, reserve(800<<20)))
	create(t, c, spec("elsewhere", 1, func(s *api.ServiceSpec) {
		s.TaskTemplate.Placement = &api.Placement{Constraints: []string{"node.labels.disk == ssd"}}
	}))
	await := func(name, want string) {
		t.Helper()
		eventually(t, name+": "+want, func() bool {
			got := states(e, name)
			return len(got) == 1 && got[0] == want
		})
	}
	await("bigger", "running pending no suitable node (insufficient resources on 1 node)")
	await("elsewhere", "running pending no suitable node (scheduling constraints not satisfied on 1 node)")
	scale(t, c, "big", 0)
	awaitRunning(t, e, "bigger", 1)
	if err := e.UpdateNode("a", func(n *api.Node) { n.Spec.Labels = map[string]string{"disk": "ssd"} }); err != nil {
		t.Fatal(err)
	}
	awaitRunning(t, e, "elsewhere", 1)
	e.Behave("mute", Behaviour{Unplaceable: "no suitable node (1 node not available for new tasks)"})
	create(t, c, spec("mute", 1))
	await("mute", "running pending no suitable node (1 node not available for new tasks)")
	e.Behave("mute", Behaviour{})
	awaitRunning(t, e, "mute", 1)
}

func TestUnknownImage(t *testing.T) {
	e := Start(t, Options{Images: []Image{{Name: "faas/echo:latest"}}})
	c := connect(t, e)
	create(t, c, spec("f", 1, func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Image = "faas/other:1" }))
	eventually(t, "the task is rejected, time and again", func() bool {
		got := states(e, "f")
		return len(got) == historyLimit && got[0] == "shutdown rejected No such image: faas/other:1"
	})
	i, err := c.ImageInspect(t.Context(), "faas/echo")
	if err != nil || len(i.RepoDigests) != 0 {
		t.Fatalf("image %+v, %v", i, err)
	}
	change(t, c, "f", func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Image = i.ID })
	awaitRunning(t, e, "f", 1)
}

func TestKill(t *testing.T) {
	e := Start(t, Options{Timing: Timing{Start: 20 * time.Millisecond}})
	c := connect(t, e)
	create(t, c, spec("f", 1))
	awaitRunning(t, e, "f", 1)
	first := e.Tasks("f")[0]
	conn, err := e.Dial(t.Context(), "tcp", first.NetworksAttachments[0].Addresses[0][:len("10.1.0.2")]+":8080")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := e.Kill("f.1." + first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlived the container")
	}
	awaitRunning(t, e, "f", 1)
	got := e.Tasks("f")
	if len(got) != 2 || got[0].Status.Err != "task: non-zero exit (137)" || got[1].Slot != 1 {
		t.Errorf("tasks %+v", got)
	}
}

func TestDialNobody(t *testing.T) {
	e := Start(t, Options{Timing: Timing{Start: time.Hour}})
	c := connect(t, e)
	if _, err := e.Dial(t.Context(), "tcp", "10.1.0.2:8080"); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("dial of nobody: %v", err)
	}
	create(t, c, spec("f", 1))
	eventually(t, "the task is starting", func() bool { return states(e, "f")[0] == "running starting " })
	if _, err := e.Dial(t.Context(), "tcp", "10.1.0.2:8080"); !errors.Is(err, syscall.ECONNREFUSED) || e.EarlyDials() != 1 {
		t.Errorf("dial of a container that starts: %v, %d", err, e.EarlyDials())
	}
}

func TestGlobal(t *testing.T) {
	e := Start(t, Options{Nodes: []Node{{Hostname: "a"}, {Hostname: "b"}, {Hostname: "c"}}})
	c := connect(t, e)
	create(t, c, spec("g", 0, func(s *api.ServiceSpec) { s.Mode = api.ServiceMode{Global: &api.GlobalService{}} }))
	create(t, c, spec("f", 6))
	awaitRunning(t, e, "g", 3)
	awaitRunning(t, e, "f", 6)
	if err := e.UpdateNode("b", func(n *api.Node) { n.Spec.Availability = api.NodeAvailabilityDrain }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the drained node is left", func() bool { return e.Running("g") == 2 && e.Running("f") == 6 })
	if err := e.UpdateNode("c", func(n *api.Node) { n.Status.State = api.NodeStateDown }); err != nil {
		t.Fatal(err)
	}
	onA := func() bool {
		n := 0
		for _, task := range e.Tasks("f") {
			if task.DesiredState == api.TaskStateRunning && task.Status.State == api.TaskStateRunning && task.NodeID == e.nodes[0].ID {
				n++
			}
		}
		return n == 6
	}
	eventually(t, "all is on the one that is left", onA)
	for _, name := range []string{"b", "c"} {
		if err := e.UpdateNode(name, func(n *api.Node) {
			n.Status.State, n.Spec.Availability = api.NodeStateReady, api.NodeAvailabilityActive
		}); err != nil {
			t.Fatal(err)
		}
	}
	awaitRunning(t, e, "g", 3)
	awaitRunning(t, e, "f", 6)
}
