package monitoring

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestStackStartsPrometheusAlike holds docker-compose.yml to the flags and the environment that faas up has.
func TestStackStartsPrometheusAlike(t *testing.T) {
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var stack struct {
		Services map[string]struct {
			Command     []string
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal(text, &stack); err != nil {
		t.Fatal(err)
	}
	service := stack.Services["prometheus"]
	for _, flag := range PrometheusFlags() {
		if !slices.Contains(service.Command, flag) {
			t.Errorf("the service prometheus lacks the flag %s: it has %s", flag, service.Command)
		}
	}
	for _, variable := range PrometheusEnv() {
		name, value, _ := strings.Cut(variable, "=")
		if got := service.Environment[name]; got != value {
			t.Errorf("the service prometheus has %s=%q, want %q", name, got, value)
		}
	}
}
