package swarm

import (
	"os"
	"path/filepath"
	"testing"

	"faas/e2e"
	"faas/e2e/samples"
)

// testSamples types what the READMEs of the sample functions show, of which most begin without a replica.
func (s stack) testSamples(t *testing.T) {
	samples.Test(t, samples.System{Root: root(t), Gateway: s.Gateway(), Outside: s.outside})
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// startOutside starts what stands in place of the world outside for the samples, where containers reach it: at this machine's
// own address on the bridge by which all containers of a Swarm reach the outside. The stack file is told of it, and of intents, by
// the environment.
func startOutside(t *testing.T) *samples.Outside {
	t.Helper()
	engine := e2e.Engine{Host: os.Getenv(e2e.EngineVariable)}
	address, err := engine.Docker(t.Context(), "network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "docker_gwbridge")
	if err != nil {
		t.Fatal(err)
	}
	outside, err := samples.StartOutside(t.Context(), root(t), address, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := outside.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("FAAS_INTENTS", "true")
	for name, value := range outside.Env() {
		t.Setenv(name, value)
	}
	return outside
}
