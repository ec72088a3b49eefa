package swarm_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/swarm"
)

// TestTuneOnEngine holds on a real Swarm that a change of scaling labels replaces no task and leaves the rest of a service
// byte for byte, also of one with labels on its containers, as the ancestor's stack files have them.
func TestTuneOnEngine(t *testing.T) {
	host := os.Getenv(engineVariable)
	if host == "" {
		t.Skipf("set %s to a Docker host, such as unix:///var/run/docker.sock, whose engine is a Swarm manager on this machine", engineVariable)
	}
	e := newRealEngine(t, host)
	b, _ := runBackend(t, swarm.Options{Host: host, Network: e.network, Dial: e.dial})
	name, count := e.prefix+"tuned", uint64(2)
	labelMax, labelTarget := function.ScalingLabelPrefix+"max", function.ScalingLabelPrefix+"target"
	made, err := e.client.ServiceCreate(t.Context(), api.ServiceSpec{
		Annotations: api.Annotations{Name: name},
		TaskTemplate: api.TaskSpec{
			ContainerSpec: &api.ContainerSpec{Image: e.image, Labels: map[string]string{"function": "true", labelMax: "7", labelTarget: "50"}},
			Networks:      []api.NetworkAttachmentConfig{{Target: e.network}},
		},
		Mode: api.ServiceMode{Replicated: &api.ReplicatedService{Replicas: &count}},
	}, api.ServiceCreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e.awaitReady(b, name, 2)
	before, tasks := e.spec(made.ID), e.tasks(made.ID)
	for _, step := range []struct {
		change func(labels map[string]string)
		want   map[string]string
	}{
		{
			func(l map[string]string) { l[labelMax], l[labelTarget] = "30", "100" },
			map[string]string{labelMax: "30", labelTarget: "100"},
		},
		{func(l map[string]string) { delete(l, labelMax) }, map[string]string{labelTarget: "100"}},
		{func(l map[string]string) { l[labelMax] = "7" }, map[string]string{labelMax: "7", labelTarget: "100"}},
	} {
		if err := b.Tune(t.Context(), name, func(l map[string]string) error { step.change(l); return nil }); err != nil {
			t.Fatal(err)
		}
		st, err := b.Function(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, st.Labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		after := e.spec(made.ID)
		delete(before, "Labels")
		delete(after, "Labels")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the service, beside its labels (-before +after):\n%s", diff)
		}
	}
	if err := b.Scale(t.Context(), name, 3); err != nil { // whose task comes after any that was replaced
		t.Fatal(err)
	}
	e.awaitReady(b, name, 3)
	for _, id := range tasks {
		if !slices.Contains(e.tasks(made.ID), id) {
			t.Errorf("task %s was replaced", id)
		}
	}
	if all := e.tasks(made.ID); len(all) != 3 {
		t.Errorf("there were %d tasks in all, want 3: %v", len(all), all)
	}
}

func (e *realEngine) awaitReady(b *swarm.Backend, name string, n int) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	ready := false
	_ = b.Watch(ctx, func(s function.Snapshot) {
		for _, st := range s.Functions {
			if ready = ready || st.Name == name && st.Available() == n; ready {
				cancel()
			}
		}
	}) // the context's
	if !ready {
		e.t.Fatalf("%s has not %d ready replicas", name, n)
	}
}

// spec is a service's spec, each part of it as the engine wrote it.
func (e *realEngine) spec(id string) map[string]json.RawMessage {
	e.t.Helper()
	_, text, err := e.client.ServiceInspectWithRaw(e.t.Context(), id, api.ServiceInspectOptions{})
	if err != nil {
		e.t.Fatal(err)
	}
	var s struct{ Spec map[string]json.RawMessage }
	if err := json.Unmarshal(text, &s); err != nil {
		e.t.Fatal(err)
	}
	return s.Spec
}

// tasks are the IDs of all tasks that a service has or had.
func (e *realEngine) tasks(id string) []string {
	e.t.Helper()
	list, err := e.client.TaskList(e.t.Context(), api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", id))})
	if err != nil {
		e.t.Fatal(err)
	}
	var ids []string
	for _, task := range list {
		ids = append(ids, task.ID)
	}
	return ids
}
