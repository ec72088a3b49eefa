package swarm

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
	"faas/swarm/swarmtest"
)

// TestImageGivenByHand holds that what is shown is what runs, also after somebody gave a service another image.
func TestImageGivenByHand(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.shows("a", "faas/echo:latest")
	if err := l.UpdateService("a", func(spec *api.ServiceSpec) {
		spec.TaskTemplate.ContainerSpec.Image = "x:2@sha256:" + strings.Repeat("0", 64)
	}); err != nil {
		t.Fatal(err)
	}
	l.shows("a", "x:2")
}

func (l lab) shows(name, image string) {
	l.Helper()
	l.until(name+" with image "+image, func() bool {
		s, err := l.b.Function(l.Context(), name)
		return err == nil && s.Image == image
	})
}

// TestUpdateKeepsWhatWasSetByHand holds that an update through the API changes what the API has a word for.
func TestUpdateKeepsWhatWasSetByHand(t *testing.T) {
	l := startLab(t, swarmtest.Options{Networks: []swarmtest.Network{
		{Name: "functions", Labels: map[string]string{"openfaas": "true"}}, {Name: "db"},
	}}, quick())
	l.deploy("a", 1)
	check := &container.HealthConfig{Test: []string{"CMD", "check"}}
	if err := l.UpdateService("a", func(spec *api.ServiceSpec) {
		task := &spec.TaskTemplate
		task.Networks = append(task.Networks, api.NetworkAttachmentConfig{Target: "db", Aliases: []string{"alias"}})
		task.ContainerSpec.Healthcheck = check
		task.Resources = &api.ResourceRequirements{Limits: &api.Limit{Pids: 7}}
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.b.Update(t.Context(), function.Function{
		Name: "a", Image: "faas/echo:latest", Limits: &function.Resources{Memory: "64Mi"},
	}); err != nil {
		t.Fatal(err)
	}
	s, _ := l.Service("a")
	task := s.Spec.TaskTemplate
	if len(task.Networks) != 2 || len(task.Networks[1].Aliases) != 1 {
		t.Errorf("networks: %+v", task.Networks)
	}
	if task.ContainerSpec.Healthcheck == nil || task.ContainerSpec.Healthcheck.Test[0] != "CMD" {
		t.Errorf("health check: %+v", task.ContainerSpec.Healthcheck)
	}
	if task.Resources.Limits.Pids != 7 || task.Resources.Limits.MemoryBytes != 64<<20 {
		t.Errorf("limits: %+v", task.Resources.Limits)
	}
}

// TestMadeElsewhereStartsFirst holds that services for which nobody said how replicas are replaced, as OpenFaaS's provider
// left those that it made, get the new one before the old one goes. Where somebody said it, or it cannot be, it stays.
func TestMadeElsewhereStartsFirst(t *testing.T) {
	stopFirst := &api.UpdateConfig{Order: api.UpdateOrderStopFirst}
	for name, c := range map[string]struct {
		said  *api.UpdateConfig
		ports []api.PortConfig
		want  string
	}{
		"nothing said":       {nil, nil, api.UpdateOrderStartFirst},
		"said":               {stopFirst, nil, api.UpdateOrderStopFirst},
		"a port of the node": {nil, []api.PortConfig{{TargetPort: 8080, PublishMode: api.PortConfigPublishModeHost}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLab(t, swarmtest.Options{}, slow())
			l.must(l.create("key", "one"))
			list, err := l.b.secrets.listSecrets(t.Context())
			l.must(err)
			for _, service := range []string{"a", "b"} {
				_, err := l.CreateService(api.ServiceSpec{
					Annotations: api.Annotations{Name: service, Labels: map[string]string{labelName: service, "function": "true"}},
					TaskTemplate: api.TaskSpec{
						ContainerSpec: &api.ContainerSpec{Image: "x:1", Secrets: []*api.SecretReference{{
							SecretID: list[0].ID, SecretName: "key", File: &api.SecretReferenceFileTarget{Name: "/var/openfaas/secrets/key"},
						}}},
						Networks: []api.NetworkAttachmentConfig{{Target: "functions"}},
					},
					Mode:         api.ServiceMode{Replicated: &api.ReplicatedService{Replicas: ptr(uint64(1))}},
					EndpointSpec: &api.EndpointSpec{Ports: c.ports},
					UpdateConfig: c.said,
				})
				l.must(err)
				l.ready(service, 1)
			}
			l.must(l.b.Update(t.Context(), function.Function{Name: "a", Image: "faas/echo:latest"}))
			l.must(l.put("two"))
			for _, service := range []string{"a", "b"} {
				s, _ := l.Service(service)
				got := ""
				if s.Spec.UpdateConfig != nil {
					got = s.Spec.UpdateConfig.Order
				}
				if got != c.want {
					t.Errorf("%s is updated %q, want %q", service, got, c.want)
				}
			}
		})
	}
}

// TestControlPlaneIsClosed holds that a function gets neither the gateway's secrets nor a network that is not for functions.
func TestControlPlaneIsClosed(t *testing.T) {
	e := swarmtest.Start(t, swarmtest.Options{Networks: []swarmtest.Network{
		{Name: "functions", Labels: map[string]string{"openfaas": "true"}}, {Name: "func_control"},
	}})
	l := runLab(t, e, quick())
	l.b.opts.ReservedSecrets = []string{"basic-auth-password"}
	for name, f := range map[string]function.Function{
		"network": {Name: "a", Image: "b", Network: "func_control"},
		"secret":  {Name: "a", Image: "b", Secrets: []string{"basic-auth-password"}},
	} {
		if err := l.b.Deploy(t.Context(), f); !errors.Is(err, function.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want an invalid one that names it", name, err)
		}
	}
}

// TestGlobalService holds that a service with a replica on each node is shown, and left alone by the rules.
func TestGlobalService(t *testing.T) {
	l := startLab(t, swarmtest.Options{Nodes: []swarmtest.Node{{Hostname: "a"}, {Hostname: "b"}, {Hostname: "c"}}}, quick())
	if _, err := l.CreateService(api.ServiceSpec{
		Annotations: api.Annotations{Name: "everywhere", Labels: map[string]string{"function": "true"}},
		Mode:        api.ServiceMode{Global: &api.GlobalService{}},
		TaskTemplate: api.TaskSpec{
			ContainerSpec: &api.ContainerSpec{Image: "x:1"}, Networks: []api.NetworkAttachmentConfig{{Target: "functions"}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	l.ready("everywhere", 3)
	s, err := l.b.Function(t.Context(), "everywhere")
	if err != nil || s.Scaling.Min != 3 || s.Scaling.Max != 3 {
		t.Errorf("%+v, %v: want bounds of 3", s.Scaling, err)
	}
	if err := l.b.Scale(t.Context(), "everywhere", 5); !errors.Is(err, function.ErrInvalid) {
		t.Errorf("scale: %v, want an invalid order", err)
	}
}

// TestServiceGoneDuringLook holds that one service that is gone, for which Docker refuses the whole list of tasks, does
// not keep others from being looked at.
func TestServiceGoneDuringLook(t *testing.T) {
	tm := quick()
	tm.resync, tm.retryMax = time.Hour, 20*time.Second
	l := startLab(t, swarmtest.Options{}, tm)
	l.deploy("a", 1)
	l.Behave("b", swarmtest.Behaviour{Prepare: time.Hour}) // so that it is looked at often
	if err := l.b.Deploy(t.Context(), function.Function{Name: "b", Image: "faas/echo:latest"}); err != nil {
		t.Fatal(err)
	}
	l.LoseEvents(-1)
	if err := l.RemoveService("b"); err != nil {
		t.Fatal(err)
	}
	if err := l.b.Scale(t.Context(), "a", 3); err != nil {
		t.Fatal(err)
	}
	l.ready("a", 3)
	l.until("the other to be gone", func() bool { return len(l.all()) == 1 })
}

// TestReadBeforeRemoval holds that what was read of a service before it was removed does not bring it back.
func TestReadBeforeRemoval(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	before, _ := l.Service("a")
	if err := l.b.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	before.Version.Index += 100
	l.b.shown(t.Context(), func(s *state, now time.Time) { s.setService(now, before) })
	if all := l.all(); len(all) != 0 {
		t.Errorf("it is back: %+v", all)
	}
}

// TestCrashesBeforeSleep holds that a function is woken without a grudge.
func TestCrashesBeforeSleep(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.Behave("a", swarmtest.Behaviour{Crash: true})
	if err := l.b.Deploy(t.Context(), function.Function{Name: "a", Image: "faas/echo:latest"}); err != nil {
		t.Fatal(err)
	}
	l.blocked("a", "again and again")
	if err := l.b.Scale(t.Context(), "a", 0); err != nil {
		t.Fatal(err)
	}
	l.blocked("a", "")
	l.Behave("a", swarmtest.Behaviour{Start: 50 * time.Millisecond})
	if err := l.b.Scale(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	if s, err := l.b.Function(t.Context(), "a"); err != nil || s.Blocked != "" {
		t.Errorf("right after the wake: blocked %q, %v", s.Blocked, err)
	}
	l.ready("a", 1)
}
