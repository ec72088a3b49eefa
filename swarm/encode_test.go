package swarm

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/mount"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/google/go-cmp/cmp"

	"faas/function"
)

func full() function.Function {
	return function.Function{
		Name: "resize", Image: "example/resize:1", Process: "resize -q 80",
		Env:         map[string]string{"LEVEL": "3", "exec_timeout": "1m"},
		Labels:      map[string]string{"team": "a", function.ScalingLabelPrefix + "max": "4"},
		Annotations: map[string]string{"topic": "images"},
		Constraints: []string{"node.role == worker"},
		Secrets:     []string{"key"},
		Limits:      &function.Resources{Memory: "0.5Gi", CPU: "0.5"},
		Requests:    &function.Resources{Memory: "64M"},

		ReadOnlyRootFilesystem: true,
	}
}

func pinned() resolved {
	return resolved{
		image:    "sha256:0123",
		networks: []api.NetworkAttachmentConfig{{Target: "net"}},
		secrets: []*api.SecretReference{
			{SecretID: "1", SecretName: "key"}, {SecretID: "1", SecretName: "key"},
		},
	}
}

// TestRoundTrip holds that a function comes back as it was deployed, by way of the JSON in which Docker has it.
func TestRoundTrip(t *testing.T) {
	for name, f := range map[string]function.Function{
		"full":  full(),
		"least": {Name: "a", Image: "b", Labels: map[string]string{}, Annotations: map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := pinned()
			if len(f.Secrets) == 0 {
				r.secrets = nil
			}
			spec, err := newSpec(f, r, 3)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			var back api.ServiceSpec
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(f, decoded(back)); diff != "" {
				t.Errorf("(-deployed +decoded):\n%s", diff)
			}
			if !isFunction(back) {
				t.Error("it is no function")
			}
		})
	}
}

func TestSpec(t *testing.T) {
	spec, err := newSpec(full(), pinned(), 3)
	if err != nil {
		t.Fatal(err)
	}
	c, task := spec.TaskTemplate.ContainerSpec, spec.TaskTemplate
	checks := map[string]bool{
		"count":                  *spec.Mode.Replicated.Replicas == 3,
		"no virtual address":     spec.EndpointSpec.Mode == api.ResolutionModeDNSRR,
		"pinned image":           c.Image == "sha256:0123",
		"start first":            spec.UpdateConfig.Order == api.UpdateOrderStartFirst,
		"rollback":               spec.UpdateConfig.FailureAction == api.UpdateFailureActionRollback,
		"grace above time-out":   *c.StopGracePeriod > time.Minute,
		"no delay":               *task.RestartPolicy.Delay == 0,
		"window":                 *task.RestartPolicy.Window > 0 && *task.RestartPolicy.MaxAttempts > 0,
		"memory":                 task.Resources.Limits.MemoryBytes == 512<<20,
		"cpu":                    task.Resources.Limits.NanoCPUs == 500e6,
		"reserved":               task.Resources.Reservations.MemoryBytes == 64e6,
		"read-only":              c.ReadOnly && c.Mounts[0].Target == "/tmp" && c.Mounts[0].Type == mount.TypeTmpfs,
		"process":                slices.Contains(c.Env, "fprocess=resize -q 80"),
		"constraints":            slices.Contains(task.Placement.Constraints, "node.role == worker"),
		"on Linux":               slices.Contains(task.Placement.Constraints, onLinux),
		"no health check":        slices.Equal(c.Healthcheck.Test, []string{"NONE"}),
		"label on the service":   spec.Labels["team"] == "a",
		"label not on container": c.Labels["team"] == "",
		"known by container":     c.Labels[labelFunction] == "true" && c.Labels[labelName] == "resize",
	}
	for name, ok := range checks {
		if !ok {
			t.Error(name)
		}
	}
}

// TestLabelRestartsNothing holds that another label leaves the tasks as they are.
func TestLabelRestartsNothing(t *testing.T) {
	f := full()
	spec, err := newSpec(f, pinned(), 3)
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(spec.TaskTemplate)
	if err != nil {
		t.Fatal(err)
	}
	f.Labels[function.ScalingLabelPrefix+"target"] = "50"
	f.Annotations["topic"] = "pictures"
	if err := encode(&spec, f, pinned()); err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(spec.TaskTemplate)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("the task template changed:\n%s", diff)
	}
	if *spec.Mode.Replicated.Replicas != 3 {
		t.Error("the count changed")
	}
}

func TestUpdateKeepsWhatIsNotOurs(t *testing.T) {
	data := mount.Mount{Type: mount.TypeVolume, Source: "data", Target: "/data"}
	spec := api.ServiceSpec{
		Annotations: api.Annotations{Name: "func_a", Labels: map[string]string{labelStack: "func", "old": "label"}},
		TaskTemplate: api.TaskSpec{ContainerSpec: &api.ContainerSpec{
			Mounts: []mount.Mount{data}, User: "1000", Labels: map[string]string{labelStack: "func", "function": "true", "old": "too"},
		}},
	}
	f := full()
	f.Name = "func_a"
	if err := encode(&spec, f, pinned()); err != nil {
		t.Fatal(err)
	}
	c := spec.TaskTemplate.ContainerSpec
	if spec.Labels[labelStack] != "func" || c.Labels[labelStack] != "func" || c.User != "1000" || !slices.Contains(c.Mounts, data) {
		t.Errorf("what belongs to the stack or was set by hand is lost: %+v %+v", spec.Labels, c)
	}
	if spec.Labels["old"] != "" || c.Labels["old"] != "" {
		t.Error("labels that the new definition does not have are still there")
	}
	f.ReadOnlyRootFilesystem = false
	if err := encode(&spec, f, pinned()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Mounts, []mount.Mount{data}) {
		t.Errorf("mounts of a root that is no longer read-only: %+v", c.Mounts)
	}
}

func TestByHand(t *testing.T) {
	one := uint64(1)
	replicated := api.ServiceMode{Replicated: &api.ReplicatedService{Replicas: &one}}
	service := func(labels, container map[string]string) api.ServiceSpec {
		return api.ServiceSpec{
			Annotations: api.Annotations{Name: "func_echoit", Labels: labels}, Mode: replicated,
			TaskTemplate: api.TaskSpec{ContainerSpec: &api.ContainerSpec{Image: "x:1@sha256:00", Labels: container}},
		}
	}
	tests := []struct {
		name string
		spec api.ServiceSpec
		want bool
	}{
		{"on the service", service(map[string]string{"function": "true"}, nil), true},
		{"on the container, as the ancestor does", service(nil, map[string]string{"function": "true"}), true},
		{"any value", service(map[string]string{"function": ""}, nil), true},
		{"false", service(map[string]string{"function": "false"}, map[string]string{"function": "true"}), false},
		{"OpenFaaS's label alone", service(map[string]string{labelName: "a"}, nil), true},
		{"none", service(map[string]string{"team": "a"}, nil), false},
		{"a job", api.ServiceSpec{Annotations: api.Annotations{Labels: map[string]string{"function": "true"}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := isFunction(tt.spec); got != tt.want {
				t.Errorf("isFunction = %v", got)
			}
		})
	}
	spec := service(map[string]string{labelStack: "func", labelStackImage: "x:1"}, map[string]string{"function": "true", "a": "b"})
	f := decoded(spec)
	if f.Image != "x:1" || f.Name != "func_echoit" || aliasOf(spec) != "echoit" || f.Labels["a"] != "b" || len(f.Labels) != 1 {
		t.Errorf("decoded: %+v, alias %q", f, aliasOf(spec))
	}
	if f := decoded(service(nil, nil)); f.Image != "x:1" {
		t.Errorf("image %q has its digest", f.Image)
	}
}

func TestQuantities(t *testing.T) {
	labels := map[string]string{labelLimits + "memory": "1Gi", labelLimits + "cpu": "250m"}
	tests := []struct {
		name         string
		bytes, nanos int64
		want         *function.Resources
	}{
		{"as deployed", 1 << 30, 250e6, &function.Resources{Memory: "1Gi", CPU: "250m"}},
		{"changed by hand", 3 << 20, 1e9, &function.Resources{Memory: "3Mi", CPU: "1000m"}},
		{"an odd number", 1234567, 0, &function.Resources{Memory: "1234567"}},
		{"taken away", 0, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, quantities(labels, labelLimits, tt.bytes, tt.nanos)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadEnvironment(t *testing.T) {
	f := full()
	f.Env["exec_timeout"] = "soon"
	if _, err := newSpec(f, pinned(), 1); !errors.Is(err, function.ErrInvalid) {
		t.Errorf("error %v, want an invalid one", err)
	}
}
