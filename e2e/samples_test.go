package e2e

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"faas/e2e/samples"
	stackfile "faas/internal/stack"
)

// repository is where the sources are.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestSamples runs all sample functions as `make up` does, and types what their READMEs show.
func TestSamples(t *testing.T) {
	t.Parallel()
	root := repository(t)
	outside, err := samples.StartOutside(t.Context(), root, "127.0.0.1", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := outside.Close(); err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile("../functions/stack.yml")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Bin: binaries(t), Dir: t.TempDir(), Flags: []string{"--intents"},
		Stack: strings.ReplaceAll(string(text), "handler: ./", "handler: "+root+"/functions/"),
	}
	for name, value := range outside.Env() {
		o.Env = append(o.Env, name+"="+value)
	}
	sys := startUp(t, o)
	samples.Test(t, samples.System{Root: root, Gateway: sys.Gateway(), Outside: outside})
}

// TestSamplesAreEverywhere holds that each sample is in both stack files, has an image, and is set up alike in all three.
func TestSamplesAreEverywhere(t *testing.T) {
	root := repository(t)
	names, err := samples.Names(root)
	if err != nil {
		t.Fatal(err)
	}
	none := func(string) (string, bool) { return "", false }
	local, _, err := stackfile.Load(filepath.Join(root, "functions/stack.yml"), none)
	if err != nil {
		t.Fatal(err)
	}
	swarm := composeFunctions(t, filepath.Join(root, "docker-compose.yml"))
	index, err := os.ReadFile(filepath.Join(root, "functions/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if all := slices.Sorted(maps.Keys(local.Functions)); !slices.Equal(all, names) {
		t.Errorf("functions/stack.yml has %v, and the folders are %v", all, names)
	}
	if all := slices.Sorted(maps.Keys(swarm)); !slices.Equal(all, names) {
		t.Errorf("docker-compose.yml has the functions %v, and the folders are %v", all, names)
	}
	for _, name := range names {
		if !strings.Contains(string(index), "["+name+"]("+name+")") {
			t.Errorf("functions/README.md does not name %s", name)
		}
		image, err := samples.Environment(filepath.Join(root, "functions", name, "Dockerfile"))
		if err != nil {
			t.Error(err)
			continue
		}
		delete(image, "NODE_ENV") // as images have it
		f, service := local.Functions[name], swarm[name]
		for variable, want := range image {
			got := f.Env[variable]
			if variable == "fprocess" {
				got = cmp.Or(f.Process, got)
			}
			if got != want {
				t.Errorf("%s: functions/stack.yml sets %s to %q, its Dockerfile to %q", name, variable, got, want)
			}
			if got := service.Environment[variable]; got != want {
				t.Errorf("%s: docker-compose.yml sets %s to %q, its Dockerfile to %q", name, variable, got, want)
			}
		}
		for label, want := range f.Labels {
			if got := service.Deploy.Labels[label]; got != want {
				t.Errorf("%s: docker-compose.yml has the label %s: %q, functions/stack.yml %q", name, label, got, want)
			}
		}
	}
}

// composeService is what the test reads of a service.
type composeService struct {
	Environment map[string]string
	Deploy      struct{ Labels map[string]string }
}

// composeFunctions reads the services of a stack file that are functions.
func composeFunctions(t *testing.T, file string) map[string]composeService {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var compose struct{ Services map[string]yaml.Node }
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	found := map[string]composeService{}
	for name, node := range compose.Services {
		var s composeService
		if err := node.Decode(&s); err != nil {
			t.Fatalf("%s of %s: %v", name, file, err)
		}
		if s.Deploy.Labels["function"] == "true" {
			found[name] = s
		}
	}
	return found
}
