package function

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func full() Function {
	return Function{
		Name: "resize", Image: "example/resize:1", Process: "resize -q 80",
		Env:         map[string]string{"LEVEL": "3"},
		Labels:      map[string]string{"team": "a", ScalingLabelPrefix + "max": "4"},
		Annotations: map[string]string{"topic": "images"},
		Constraints: []string{"node.role == worker"},
		Secrets:     []string{"key"},
		Limits:      &Resources{Memory: "128Mi", CPU: "500m"},
		Requests:    &Resources{Memory: "64Mi"},

		ReadOnlyRootFilesystem: true,

		Network: "func_functions", RegistryAuth: "dTpw",
	}
}

func TestValidate(t *testing.T) {
	if err := full().Validate(); err != nil {
		t.Errorf("a good function: %v", err)
	}
	bad := full()
	bad.Name = "a b"
	bad.Labels[ScalingLabelPrefix+"max"] = "many"
	bad.Limits.Memory = "lots"
	bad.Requests.CPU = "some"
	bad.Network = "a b"
	bad.RegistryAuth = "open sesame"
	bad.Env["A=B"] = "c"
	bad.Env[""] = "d"
	err := bad.Validate()
	if !errors.Is(err, ErrInvalid) {
		t.Fatalf("error %v, want one of kind invalid", err)
	}
	want := []string{"function name", "scale.max", "limits.memory", "requests.cpu", "network", "registryAuth", `name ""`, `name "A=B"`}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d errors, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("error %q, want one with %q", lines[i], want[i])
		}
	}
}

func TestClone(t *testing.T) {
	original := full()
	clone := original.Clone()
	if diff := cmp.Diff(original, clone); diff != "" {
		t.Fatalf("clone differs (-original +clone):\n%s", diff)
	}
	for _, m := range []map[string]string{clone.Env, clone.Labels, clone.Annotations} {
		m["changed"] = "yes"
	}
	clone.Constraints[0], clone.Secrets[0] = "changed", "changed"
	clone.Limits.CPU, clone.Requests.Memory = "1", "1"
	if diff := cmp.Diff(full(), original); diff != "" {
		t.Errorf("a change of the clone reached the original (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Function{}, Function{}.Clone()); diff != "" {
		t.Errorf("the clone of nothing (-want +got):\n%s", diff)
	}
}

func TestAvailable(t *testing.T) {
	s := Status{Replicas: []Replica{
		{State: ReplicaReady},
		{State: ReplicaStarting},
		{State: ReplicaDraining},
		{State: ReplicaReady},
		{State: ReplicaFailed},
	}}
	if got := s.Available(); got != 2 {
		t.Errorf("Available() = %d, want 2", got)
	}
}
