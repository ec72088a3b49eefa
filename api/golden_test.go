package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	created := time.Date(2026, 11, 22, 20, 30, 0, 0, time.UTC)
	five := uint64(5)
	labels := map[string]string{"com.openfaas.scale.max": "4"}
	tests := []struct {
		name  string
		value any
	}{
		{"status_least", FunctionStatus{Name: "a", Image: "example/a", CreatedAt: created}},
		{"status_full", FunctionStatus{
			Name: "a", Image: "example/a:1", Namespace: "openfaas-fn", EnvProcess: "cat",
			EnvVars: map[string]string{"K": "v"}, Constraints: []string{"node.role == worker"}, Secrets: []string{"s"},
			Labels: labels, Annotations: map[string]string{"topic": "t"},
			Limits: &FunctionResources{Memory: "5Mi", CPU: "100m"}, Requests: &FunctionResources{Memory: "1Mi"},
			ReadOnlyRootFilesystem: true,
			InvocationCount:        12, Replicas: 2, AvailableReplicas: 1, CreatedAt: created,
			Blocked: "the process ends at once", Usage: &FunctionUsage{CPU: 250, TotalMemoryBytes: 1 << 20},
		}},
		{"status_list_empty", []FunctionStatus{}},
		{"deployment_least", FunctionDeployment{Service: "a", Image: "example/a"}},
		{"deployment_full", FunctionDeployment{
			Service: "a", Image: "example/a:1", Namespace: "openfaas-fn", EnvProcess: "cat",
			EnvVars: map[string]string{"K": "v"}, Constraints: []string{"c"}, Secrets: []string{"s"},
			Labels: &labels, Annotations: &map[string]string{},
			Limits: &FunctionResources{CPU: "1"}, Requests: &FunctionResources{},
			ReadOnlyRootFilesystem: true, Network: "func_functions", RegistryAuth: "dTpw",
		}},
		{"delete", DeleteFunctionRequest{FunctionName: "a"}},
		{"scale", ScaleServiceRequest{ServiceName: "a", Replicas: &five}},
		{"info", Info{
			Provider: Provider{Provider: "faas-local", Orchestration: "local", Version: Version{Release: "0.1.0", SHA: "abc"}},
			Version:  Version{Release: "0.1.0", SHA: "abc"}, Arch: "x86_64",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.MarshalIndent(tt.value, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", tt.name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got), -update accepts it:\n%s", file, diff)
			}
			if bytes.Contains(got, []byte("null")) {
				t.Error("something is null")
			}
		})
	}
}

// TestClients reads bodies as stock clients of several ages send them.
func TestClients(t *testing.T) {
	tests := []struct {
		name string
		body string
		want FunctionDeployment
	}{
		{
			"null labels",
			`{"service":"a","image":"i","labels":null,"annotations":null,"limits":null}`,
			FunctionDeployment{Service: "a", Image: "i"},
		},
		{
			"fields of old clients, and unknown ones",
			`{"service":"a","image":"i","network":"func_functions","registryAuth":"x","fprocess":"y","debug":true}`,
			FunctionDeployment{Service: "a", Image: "i", Network: "func_functions", RegistryAuth: "x"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got FunctionDeployment
			if err := json.Unmarshal([]byte(tt.body), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("deployment (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStatusRoundTrip keeps MarshalJSON from losing a field.
func TestStatusRoundTrip(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "status_full.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s FunctionStatus
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(again)+"\n"); diff != "" {
		t.Errorf("status after a round trip (-want +got):\n%s", diff)
	}
}
