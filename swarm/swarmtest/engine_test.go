package swarmtest

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	api "github.com/docker/docker/api/types/swarm"
)

func TestLifecycle(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	id := create(t, c, spec("f", 2))
	if got := c.ClientVersion(); got != APIVersion {
		t.Errorf("the client speaks %s, want %s", got, APIVersion)
	}
	awaitRunning(t, e, "f", 2)
	tasks, err := c.TaskList(t.Context(), api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", "f"))})
	if err != nil || len(tasks) != 2 || tasks[0].ServiceID != id || tasks[0].Slot != 1 || tasks[1].Slot != 2 {
		t.Fatalf("tasks %+v, %v", tasks, err)
	}
	addr, _, err := net.ParseCIDR(tasks[1].NetworksAttachments[0].Addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t, e, addr.String()+":8080", "/", "hello"); got != "200 hello" {
		t.Errorf("the task answers %q", got)
	}
	if got := call(t, e, addr.String()+":8080", "/_/ready", ""); got != "200 " {
		t.Errorf("the task is ready as %q", got)
	}
	scale(t, c, "f", 5)
	awaitRunning(t, e, "f", 5)
	scale(t, c, "f", 1)
	eventually(t, "one task is left", func() bool { return len(e.Tasks("f")) == 1 && e.Running("f") == 1 })
	if got := e.Tasks("f")[0].Slot; got != 1 {
		t.Errorf("slot %d is left, want 1", got)
	}
	scale(t, c, "f", 0)
	eventually(t, "no task is left", func() bool { return len(e.Tasks("f")) == 0 })
	if err := c.ServiceRemove(t.Context(), "f"); err != nil {
		t.Error(err)
	}
	_, _, err = c.ServiceInspectWithRaw(t.Context(), "f", api.ServiceInspectOptions{})
	if !errdefs.IsNotFound(err) {
		t.Errorf("inspect after remove: %v", err)
	}
}

func call(t testing.TB, e *Engine, addr, path, body string) string {
	t.Helper()
	transport := &http.Transport{DialContext: e.Dial, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return resp.Status[:4] + string(text)
}

func TestRefused(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	create(t, c, spec("f", 1))
	s, _, err := c.ServiceInspectWithRaw(t.Context(), "f", api.ServiceInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		do   func() error
		want string
		is   func(error) bool
	}{
		{"a name twice", func() error {
			_, err := c.ServiceCreate(t.Context(), spec("f", 1), api.ServiceCreateOptions{})
			return err
		}, "name conflicts with an existing object: service f already exists", errdefs.IsConflict},
		{"a bad name", func() error {
			_, err := c.ServiceCreate(t.Context(), spec("f.g", 1), api.ServiceCreateOptions{})
			return err
		}, "name must be valid as a DNS name component", errdefs.IsInvalidArgument},
		{"too little memory", func() error {
			_, err := c.ServiceCreate(t.Context(), spec("g", 1, func(s *api.ServiceSpec) {
				s.TaskTemplate.Resources = &api.ResourceRequirements{Limits: &api.Limit{MemoryBytes: 1000}}
			}), api.ServiceCreateOptions{})
			return err
		}, "invalid memory value 1000: Must be at least 4MiB", errdefs.IsInvalidArgument},
		{"no such network", func() error {
			_, err := c.ServiceCreate(t.Context(), spec("g", 1, func(s *api.ServiceSpec) {
				s.TaskTemplate.Networks[0].Target = "nonet"
			}), api.ServiceCreateOptions{})
			return err
		}, "network nonet not found", errdefs.IsInternal},
		{"no such secret", func() error {
			_, err := c.ServiceCreate(t.Context(), spec("g", 1, func(s *api.ServiceSpec) {
				s.TaskTemplate.ContainerSpec.Secrets = []*api.SecretReference{{SecretID: "abc", SecretName: "key"}}
			}), api.ServiceCreateOptions{})
			return err
		}, "secret not found: key", errdefs.IsInvalidArgument},
		{"an old version", func() error {
			_, err := c.ServiceUpdate(t.Context(), s.ID, api.Version{Index: s.Version.Index - 1}, s.Spec, api.ServiceUpdateOptions{})
			return err
		}, "rpc error: code = Unknown desc = update out of sequence", errdefs.IsInternal},
		{"an unknown service", func() error { return c.ServiceRemove(t.Context(), "g") }, "service g not found", errdefs.IsNotFound},
		{"tasks of an unknown service", func() error {
			_, err := c.TaskList(t.Context(), api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", "g"))})
			return err
		}, "service g not found", errdefs.IsNotFound},
		{"an unknown filter", func() error {
			_, err := c.TaskList(t.Context(), api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("colour", "g"))})
			return err
		}, "Invalid filter 'colour'", errdefs.IsInvalidArgument},
		{"no registry", func() error {
			_, err := c.DistributionInspect(t.Context(), "faas/echo", "")
			return err
		}, "no such host", errdefs.IsInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.do()
			if err == nil || !strings.Contains(err.Error(), tt.want) || !tt.is(err) {
				t.Errorf("error %v, want one of the right kind with %q", err, tt.want)
			}
		})
	}
}

func TestNetworks(t *testing.T) {
	e := Start(t, Options{Networks: []Network{
		{Name: "functions", Labels: map[string]string{"openfaas": "true"}}, {Name: "control"},
	}})
	c := connect(t, e)
	labelled := filters.NewArgs(filters.Arg("label", "openfaas=true"))
	list, err := c.NetworkList(t.Context(), network.ListOptions{Filters: labelled})
	if err != nil || len(list) != 1 || list[0].Name != "functions" || list[0].Scope != "swarm" {
		t.Fatalf("networks %+v, %v", list, err)
	}
	n, err := c.NetworkInspect(t.Context(), "control", network.InspectOptions{})
	if err != nil || n.IPAM.Config[0].Subnet != "10.2.0.0/16" {
		t.Errorf("network %+v, %v", n, err)
	}
}

func TestEvents(t *testing.T) {
	e := Start(t, Options{})
	c := connect(t, e)
	kinds := filters.NewArgs(filters.Arg("type", "service"))
	messages, failed := c.Events(t.Context(), events.ListOptions{Filters: kinds})
	next := func() events.Message {
		t.Helper()
		select {
		case m := <-messages:
			return m
		case err := <-failed:
			t.Fatalf("the stream ended: %v", err)
		case <-time.After(10 * time.Second):
			t.Fatal("no event")
		}
		return events.Message{}
	}
	id := create(t, c, spec("f", 1))
	if m := next(); m.Action != events.ActionCreate || m.Actor.ID != id || m.Actor.Attributes["name"] != "f" || m.Scope != "swarm" {
		t.Errorf("event %+v", m)
	}
	e.LoseEvents(1)
	scale(t, c, "f", 2)
	scale(t, c, "f", 3)
	if m := next(); m.Action != events.ActionUpdate || m.Actor.Attributes["replicas.old"] != "2" || m.Actor.Attributes["replicas.new"] != "3" {
		t.Errorf("event %+v", m)
	}
	if n := e.EndEvents(); n != 1 {
		t.Errorf("%d streams", n)
	}
	if err := <-failed; err != io.EOF { //nolint:errorlint // the client gives it bare
		t.Errorf("the stream ended with %v, want EOF", err)
	}
}
