package swarmtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/events"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
)

func TestFaults(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 1))
	list := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := c.TaskList(ctx, api.TaskListOptions{})
		return err
	}
	e.Inject(Fault{Endpoint: TaskListEndpoint, Skip: 1, Times: 2, Status: 503, Message: "not now"})
	if err := list(); err != nil {
		t.Errorf("the first list: %v", err)
	}
	for range 2 {
		if err := list(); !errdefs.IsUnavailable(err) || !strings.Contains(err.Error(), "not now") {
			t.Errorf("list: %v", err)
		}
	}
	if err := list(); err != nil {
		t.Errorf("the fourth list: %v", err)
	}
	e.Inject(Fault{Endpoint: TaskListEndpoint, Times: 1, Delay: 30 * time.Millisecond})
	begin := time.Now()
	if err := list(); err != nil || time.Since(begin) < 30*time.Millisecond {
		t.Errorf("a slow list took %s: %v", time.Since(begin), err)
	}
	e.Inject(Fault{Endpoint: TaskListEndpoint, Times: -1, Hang: true})
	for range 2 {
		if err := list(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a list that hangs: %v", err)
		}
	}
	e.Heal()
	if err := list(); err != nil {
		t.Errorf("after all: %v", err)
	}
	if got := e.Calls()[TaskListEndpoint]; got != 8 {
		t.Errorf("%d lists, want 8; calls %v", got, e.Calls())
	}
}

func TestConflictAndCut(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 1))
	to := func(n uint64) error {
		s, _, err := c.ServiceInspectWithRaw(t.Context(), "f", api.ServiceInspectOptions{})
		if err != nil {
			return err
		}
		s.Spec.Mode.Replicated.Replicas = &n
		_, err = c.ServiceUpdate(t.Context(), s.ID, s.Version, s.Spec, api.ServiceUpdateOptions{})
		return err
	}
	e.Inject(Fault{Endpoint: ServiceUpdateEndpoint, Times: 1, Conflict: true})
	if err := to(2); err == nil || !strings.Contains(err.Error(), "update out of sequence") {
		t.Errorf("the first scale: %v", err)
	}
	if err := to(2); err != nil {
		t.Errorf("the second scale: %v", err)
	}
	e.Inject(Fault{Endpoint: ServiceUpdateEndpoint, Times: 1, Cut: true})
	if err := to(3); err == nil {
		t.Error("a scale without an answer has no error")
	}
	awaitRunning(t, e, "f", 3) // it was done all the same
}

func TestStuck(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 3))
	awaitRunning(t, e, "f", 3)
	e.Inject(Fault{Endpoint: ServiceUpdateEndpoint, Times: 1, Stuck: true})
	scale(t, c, "f", 1)
	s, _ := e.Service("f")
	if *s.Spec.Mode.Replicated.Replicas != 1 || e.Running("f") != 3 {
		t.Errorf("%d wanted, %d run", *s.Spec.Mode.Replicated.Replicas, e.Running("f"))
	}
	change(t, c, "f", func(s *api.ServiceSpec) { s.Labels["touched"] = "now" })
	awaitRunning(t, e, "f", 1)
}

func TestRestart(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 2))
	awaitRunning(t, e, "f", 2)
	_, failed := c.Events(t.Context(), events.ListOptions{})
	e.Stop()
	if err := <-failed; err == nil {
		t.Error("the stream of events ended in good order")
	}
	if _, err := c.ServiceList(t.Context(), api.ServiceListOptions{}); !client.IsErrConnectionFailed(err) {
		t.Errorf("list while the engine is away: %v", err)
	}
	if err := e.Resume(); err != nil {
		t.Fatal(err)
	}
	list, err := c.ServiceList(t.Context(), api.ServiceListOptions{})
	if err != nil || len(list) != 1 || e.Running("f") != 2 {
		t.Errorf("services %+v, %v", list, err)
	}
	if err := e.Restart(t.Context(), 10*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	scale(t, c, "f", 3)
	awaitRunning(t, e, "f", 3)
}

func TestSecrets(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	made, err := c.SecretCreate(t.Context(), api.SecretSpec{Annotations: api.Annotations{Name: "key"}, Data: []byte("value")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.SecretCreate(t.Context(), api.SecretSpec{Annotations: api.Annotations{Name: "key"}, Data: []byte("other")})
	if !errdefs.IsConflict(err) {
		t.Errorf("the second of a name: %v", err)
	}
	create(t, c, spec("f", 1, func(s *api.ServiceSpec) {
		s.TaskTemplate.ContainerSpec.Secrets = []*api.SecretReference{{
			SecretID: made.ID, SecretName: "key", File: &api.SecretReferenceFileTarget{Name: "key", UID: "0", GID: "0", Mode: 0o444},
		}}
	}))
	if err := c.SecretRemove(t.Context(), made.ID); err == nil ||
		!strings.Contains(err.Error(), "secret 'key' is in use by the following service: f") {
		t.Errorf("remove one in use: %v", err)
	}
	list, err := c.SecretList(t.Context(), api.SecretListOptions{})
	if err != nil || len(list) != 1 || list[0].Spec.Data != nil || string(e.SecretValue("key")) != "value" {
		t.Errorf("secrets %+v, %v", list, err)
	}
	if err := c.ServiceRemove(t.Context(), "f"); err != nil {
		t.Fatal(err)
	}
	if err := c.SecretRemove(t.Context(), made.ID); err != nil {
		t.Errorf("remove: %v", err)
	}
}

func BenchmarkTaskList(b *testing.B) {
	e := Start(b, Options{})
	c := connect(b, e)
	begin := time.Now()
	for i := range 500 {
		create(b, c, spec(fmt.Sprintf("f%d", i), 2))
	}
	eventually(b, "a thousand tasks run", func() bool {
		for i := range 500 {
			if e.Running(fmt.Sprintf("f%d", i)) != 2 {
				return false
			}
		}
		return true
	})
	setup := time.Since(begin)
	for b.Loop() {
		if list, err := c.TaskList(b.Context(), api.TaskListOptions{}); err != nil || len(list) != 1000 {
			b.Fatal(len(list), err)
		}
	}
	b.ReportMetric(setup.Seconds(), "setup-s")
}
