package swarmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// TestLikeness asks a real engine and this package's the same, and compares what is refused and in which words, and which
// fields there are in what is answered.
func TestLikeness(t *testing.T) {
	host := os.Getenv("FAAS_TEST_ENGINE")
	if host == "" {
		t.Skip("set FAAS_TEST_ENGINE to a Docker host, such as unix:///var/run/docker.sock, whose engine is a Swarm manager")
	}
	net := fmt.Sprintf("likeness%d", os.Getpid())
	genuine, err := client.NewClientWithOpts(client.WithHost(host), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { genuine.Close() })
	made, err := genuine.NetworkCreate(t.Context(), net, network.CreateOptions{
		Driver: "overlay", Attachable: true, Labels: map[string]string{"test": "likeness"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "the network can be removed", func() bool {
			return genuine.NetworkRemove(context.Background(), made.ID) == nil
		})
	})
	want := interview(t, genuine, net)
	e := Start(t, Options{
		Images: []Image{}, Networks: []Network{{Name: net, Labels: map[string]string{"test": "likeness"}}},
	})
	got := interview(t, connect(t, e), net)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-real +fake):\n%s", diff)
	}
}

// interview asks an engine many things.
func interview(t *testing.T, c *client.Client, name string) map[string][]string {
	t.Helper()
	ctx := t.Context()
	said := map[string][]string{}
	note := func(what string, err error) {
		text := "fine"
		if err != nil {
			text = idPattern.ReplaceAllString(err.Error(), "ID")
		}
		said[what] = append(said[what], text)
	}
	on := func(change ...func(*api.ServiceSpec)) api.ServiceSpec {
		s := spec(name, 1, change...)
		s.TaskTemplate.Networks[0].Target = name
		s.TaskTemplate.ContainerSpec.Image = "faas/no-such-image:latest"
		return s
	}
	try := func(what string, change func(*api.ServiceSpec)) {
		s := on()
		change(&s)
		made, err := c.ServiceCreate(ctx, s, api.ServiceCreateOptions{})
		note(what, err)
		if err == nil {
			_ = c.ServiceRemove(ctx, made.ID) // it was to be refused
		}
	}
	try("a name with a dot", func(s *api.ServiceSpec) { s.Name += ".f" })
	try("a long name", func(s *api.ServiceSpec) { s.Name += strings.Repeat("f", 60) })
	try("no image", func(s *api.ServiceSpec) { s.TaskTemplate.ContainerSpec.Image = "" })
	try("little memory", func(s *api.ServiceSpec) {
		s.TaskTemplate.Resources = &api.ResourceRequirements{Limits: &api.Limit{MemoryBytes: 1000}}
	})
	try("little CPU", func(s *api.ServiceSpec) {
		s.TaskTemplate.Resources = &api.ResourceRequirements{Reservations: &api.Resources{NanoCPUs: 1000}}
	})
	try("an unknown network", func(s *api.ServiceSpec) { s.TaskTemplate.Networks[0].Target = "no-such-network" })
	try("an unknown secret", func(s *api.ServiceSpec) {
		s.TaskTemplate.ContainerSpec.Secrets = []*api.SecretReference{{
			SecretID: "abc", SecretName: "key", File: &api.SecretReferenceFileTarget{Name: "key", UID: "0", GID: "0", Mode: 0o444},
		}}
	})
	try("a port that needs an address", func(s *api.ServiceSpec) {
		s.EndpointSpec.Ports = []api.PortConfig{{TargetPort: 80, PublishedPort: 18099}}
	})
	_, _, err := c.ServiceInspectWithRaw(ctx, name, api.ServiceInspectOptions{})
	note("inspect nobody", err)
	note("remove nobody", c.ServiceRemove(ctx, name))
	_, err = c.TaskList(ctx, api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", name))})
	note("tasks of nobody", err)
	_, err = c.TaskList(ctx, api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("colour", "red"))})
	note("an unknown filter", err)
	_, err = c.ImageInspect(ctx, "faas/no-such-image")
	note("an unknown image", err)
	_, err = c.NetworkInspect(ctx, "no-such-network", network.InspectOptions{})
	note("an unknown network by itself", err)

	made, err := c.ServiceCreate(ctx, on(func(s *api.ServiceSpec) {
		s.TaskTemplate.Placement = &api.Placement{Constraints: []string{"node.labels.likeness == yes"}}
	}), api.ServiceCreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.ServiceRemove(context.Background(), made.ID) })
	_, err = c.ServiceCreate(ctx, on(), api.ServiceCreateOptions{})
	note("a name twice", err)
	s, raw, err := c.ServiceInspectWithRaw(ctx, name, api.ServiceInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	said["service"] = fields(t, raw)
	update := func(what string, at api.Version, change func(*api.ServiceSpec)) {
		spec := cloneSpec(s.Spec)
		change(&spec)
		_, err := c.ServiceUpdate(ctx, s.ID, at, spec, api.ServiceUpdateOptions{})
		note(what, err)
	}
	update("an old version", api.Version{Index: s.Version.Index - 1}, func(*api.ServiceSpec) {})
	update("another name", s.Version, func(s *api.ServiceSpec) { s.Name += "f" })
	update("another mode", s.Version, func(s *api.ServiceSpec) { s.Mode = api.ServiceMode{Global: &api.GlobalService{}} })

	byService := filters.NewArgs(filters.Arg("service", name))
	await := func(what string, ok func(api.Task) bool) {
		t.Helper()
		eventually(t, what, func() bool {
			list, err := c.TaskList(ctx, api.TaskListOptions{Filters: byService})
			return err == nil && slices.ContainsFunc(list, ok)
		})
	}
	query := `/tasks?filters={"service":["` + name + `"]}`
	await("a pending task", func(t api.Task) bool { return t.Status.Err != "" })
	said["pending task"] = fields(t, get(t, c, query))
	list, err := c.TaskList(ctx, api.TaskListOptions{Filters: byService})
	if err != nil || len(list) != 1 {
		t.Fatalf("tasks %v, %v", list, err)
	}
	said["pending"] = []string{string(list[0].DesiredState), string(list[0].Status.State), list[0].Status.Message, list[0].Status.Err}

	update("an image that nobody has", s.Version, func(s *api.ServiceSpec) { s.TaskTemplate.Placement = nil })
	await("a rejected task", func(t api.Task) bool { return t.Status.State == api.TaskStateRejected })
	list, err = c.TaskList(ctx, api.TaskListOptions{Filters: byService})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(t api.Task) bool { return t.Status.State == api.TaskStateRejected })
	said["rejected"] = []string{list[at].Status.Message, list[at].Status.Err}
	said["network"] = fields(t, get(t, c, "/networks/"+name))
	said["nodes"] = fields(t, get(t, c, "/nodes"))
	interviewSecrets(t, c, on, said, note)
	for key := range said {
		said[key] = slices.DeleteFunc(said[key], func(f string) bool {
			return slices.ContainsFunc(unlike, func(part string) bool { return strings.Contains(f, part) })
		})
	}
	return said
}

// unlike are fields that nobody looks at: those that one has since it has real machines, and the other since its types are newer.
var unlike = []string{
	".TLSInfo", ".Engine.Plugins", ".Peers", ".Containers", ".EnableIPv4", "[].Volumes", ".Spec.IPAMOptions",
}

var idPattern = regexp.MustCompile(`\b[a-z0-9]{25}\b`)

// get reads JSON of an endpoint.
func get(t *testing.T, c *client.Client, path string) []byte {
	t.Helper()
	dialer := c.Dialer()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer(ctx) }}
	defer transport.CloseIdleConnections()
	path, query, _ := strings.Cut(path, "?")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://docker/v"+APIVersion+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if filter, ok := strings.CutPrefix(query, "filters="); ok {
		q := req.URL.Query()
		q.Set("filters", filter)
		req.URL.RawQuery = q.Encode()
	}
	resp, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var v json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// fields are the paths of all values in JSON, with the values' types.
func fields(t *testing.T, data []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	found := map[string]bool{}
	var walk func(string, any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			found[path+" object"] = true
			for key, one := range v {
				walk(path+"."+key, one)
			}
		case []any:
			found[path+" list"] = true
			for _, one := range v {
				walk(path+"[]", one)
			}
		default:
			found[fmt.Sprintf("%s %T", path, v)] = true
		}
	}
	walk("", v)
	var list []string
	for path := range found {
		list = append(list, path)
	}
	slices.Sort(list)
	return list
}
