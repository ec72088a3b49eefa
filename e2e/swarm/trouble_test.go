package swarm

import (
	"strings"
	"testing"

	"faas/api"
	"faas/e2e"
)

// What keeps replicas from starting is told in Swarm's own words, and is an event.
func (s stack) testCrashLoop(t *testing.T) {
	d := echo("crashing", nil)
	d.EnvProcess = "/no/such/program"
	s.wantBlocked(t, d, "exit")
}

func (s stack) testNoSuitableNode(t *testing.T) {
	d := echo("homeless", nil)
	d.Requests = &api.FunctionResources{Memory: "900Gi"}
	s.wantBlocked(t, d, "no suitable node")
}

func (s stack) wantBlocked(t *testing.T, d api.FunctionDeployment, reason string) {
	t.Helper()
	s.create(t, d)
	ctx := t.Context()
	var status api.FunctionStatus
	var err error
	if !e2e.Poll(30*second, func() bool {
		status, err = s.Describe(ctx, d.Service)
		return err == nil && status.Blocked != ""
	}) {
		t.Fatalf("not blocked after 30s: %+v, %v", status, err)
	}
	if !strings.Contains(status.Blocked, reason) {
		t.Errorf("blocked: %q, want it to say %q", status.Blocked, reason)
	}
	var events []map[string]any
	told := func() bool {
		events, err = s.Events(ctx, d.Service)
		for _, e := range events {
			if e["alert"] == "ScaleBlocked" && e["status"] == "firing" {
				return true
			}
		}
		return false
	}
	if !e2e.Poll(2*second, told) {
		t.Errorf("no event tells that it is blocked: %v, %v", events, err)
	}
}
