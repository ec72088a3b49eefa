package swarmtest

import (
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

func setEnv(value string) func(*api.ServiceSpec) {
	return func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Env = []string{"A=" + value} }
}

func updateState(e *Engine, name string) api.UpdateState {
	s, _ := e.Service(name)
	if s.UpdateStatus == nil {
		return ""
	}
	return s.UpdateStatus.State
}

func awaitState(t *testing.T, e *Engine, name string, want api.UpdateState) {
	t.Helper()
	eventually(t, name+": "+string(want), func() bool { return updateState(e, name) == want })
}

func TestUpdateStartFirst(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 3))
	awaitRunning(t, e, "f", 3)
	before := e.Tasks("f")
	least := 3
	change(t, c, "f", setEnv("1"))
	eventually(t, "the update is completed", func() bool {
		least = min(least, e.Running("f"))
		return updateState(e, "f") == api.UpdateStateCompleted
	})
	if least < 3 {
		t.Errorf("%d tasks ran meanwhile, want 3", least)
	}
	eventually(t, "the old tasks have ended", func() bool {
		n := 0
		for _, task := range e.Tasks("f") {
			if task.Status.State == api.TaskStateShutdown {
				n++
			}
		}
		return n == 3 && e.Running("f") == 3
	})
	for i, task := range e.Tasks("f")[3:] {
		if task.Slot != before[i].Slot || task.Spec.ContainerSpec.Env[0] != "A=1" {
			t.Errorf("task %d: %+v", i, task)
		}
	}
}

func TestUpdateStopFirst(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 2, func(s *api.ServiceSpec) { s.UpdateConfig = nil }))
	awaitRunning(t, e, "f", 2)
	most := 0
	change(t, c, "f", setEnv("1"))
	eventually(t, "the update is completed", func() bool {
		most = max(most, e.Running("f"))
		return updateState(e, "f") == api.UpdateStateCompleted
	})
	if most > 2 || e.Running("f") != 2 {
		t.Errorf("%d tasks ran meanwhile, %d in the end, want 2", most, e.Running("f"))
	}
}

// TestNoRestart holds that what is no part of the task template replaces no task.
func TestNoRestart(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 1))
	awaitRunning(t, e, "f", 1)
	change(t, c, "f", func(s *api.ServiceSpec) { s.Labels["com.openfaas.scale.target"] = "7" })
	scale(t, c, "f", 2)
	awaitRunning(t, e, "f", 2)
	if got := e.Tasks("f"); len(got) != 2 || updateState(e, "f") != "" {
		t.Errorf("tasks %+v, update %q", got, updateState(e, "f"))
	}
	// Defaults that are read are not written back without harm.
	s, _, err := c.ServiceInspectWithRaw(t.Context(), "f", api.ServiceInspectOptions{InsertDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ServiceUpdate(t.Context(), s.ID, s.Version, s.Spec, api.ServiceUpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both are replaced", func() bool { return len(e.Tasks("f")) == 4 })
}

func TestRollback(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 2))
	awaitRunning(t, e, "f", 2)
	old := e.Tasks("f")[0].ID
	e.Behave("faas/broken:latest", Behaviour{Crash: true})
	change(t, c, "f", func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Image = "faas/broken:latest" })
	awaitState(t, e, "f", api.UpdateStateRollbackCompleted)
	s, _ := e.Service("f")
	if s.Spec.TaskTemplate.ContainerSpec.Image != "faas/echo:latest" || e.Running("f") != 2 || e.Tasks("f")[0].ID != old {
		t.Errorf("service %+v, tasks %q", s, states(e, "f"))
	}
}

func TestPause(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 2, func(s *api.ServiceSpec) { s.UpdateConfig.FailureAction = api.UpdateFailureActionPause }))
	awaitRunning(t, e, "f", 2)
	e.Behave("faas/broken:latest", Behaviour{Crash: true})
	change(t, c, "f", func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Image = "faas/broken:latest" })
	awaitState(t, e, "f", api.UpdateStatePaused)
	change(t, c, "f", func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Image = "faas/echo:2" })
	awaitState(t, e, "f", api.UpdateStateCompleted)
	awaitRunning(t, e, "f", 2)
}

// TestScaleDuringUpdate holds that a start-first update goes on being one.
func TestScaleDuringUpdate(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 2))
	awaitRunning(t, e, "f", 2)
	e.Behave("faas/slow:latest", Behaviour{Start: 20 * time.Millisecond})
	change(t, c, "f", func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Image = "faas/slow:latest" })
	scale(t, c, "f", 3)
	least := 2
	eventually(t, "three of the new image run", func() bool {
		least = min(least, e.Running("f"))
		n := 0
		for _, task := range e.Tasks("f") {
			if task.DesiredState == api.TaskStateRunning && task.Status.State == api.TaskStateRunning &&
				task.Spec.ContainerSpec.Image == "faas/slow:latest" {
				n++
			}
		}
		return n == 3 && e.Running("f") == 3
	})
	if least < 2 {
		t.Errorf("%d tasks ran meanwhile, want 2", least)
	}
}
