package swarm

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"faas/e2e/contract"
)

// testContract holds the stack to what stock clients rely on.
func (s stack) testContract(t *testing.T) { contract.Calls(t, s.contract(t)) }

// testScaling holds it to OpenFaaS's own test of scaling.
func (s stack) testScaling(t *testing.T) { contract.Scaling(t, s.contract(t)) }

// testLoad does so with much at once.
func (s stack) testLoad(t *testing.T) { contract.Load(t, s.contract(t)) }

func (s stack) contract(t *testing.T) contract.System {
	t.Helper()
	password, err := s.Password()
	if err != nil {
		t.Fatal(err)
	}
	return contract.System{
		System: s, User: "admin", Password: password, Image: echoImage, Prefix: "c-",
		Goroutines: s.goroutines, Inventory: s.Inventory, Awake: 0.02,
		GatewayPID:  func(ctx context.Context) (int, error) { return s.pid(ctx, "func_gateway") },
		WatchdogPID: s.pid,
	}
}

// goroutines asks Prometheus, which scrapes the gateway where the test cannot.
func (s stack) goroutines(ctx context.Context) (int, error) {
	ids, err := s.Engine().Containers(ctx, "func_prometheus")
	if err != nil || len(ids) == 0 {
		return 0, fmt.Errorf("find prometheus: %d containers, %w", len(ids), err)
	}
	out, err := s.Engine().Docker(ctx, "exec", ids[0], "promtool", "query", "instant", "http://127.0.0.1:9090",
		`last_over_time(go_goroutines{job="gateway"}[30s])`)
	if err != nil {
		return 0, err
	}
	// go_goroutines{…} => 123 @[1764000000]
	_, value, _ := strings.Cut(out, "=> ")
	value, _, _ = strings.Cut(value, " ")
	return strconv.Atoi(value)
}

// pid is the process of a service's only container, on this machine.
func (s stack) pid(ctx context.Context, service string) (int, error) {
	ids, err := s.Engine().Containers(ctx, service)
	if err != nil || len(ids) != 1 {
		return 0, fmt.Errorf("find the container of %s: %d, %w", service, len(ids), err)
	}
	out, err := s.Engine().Docker(ctx, "inspect", "-f", "{{.State.Pid}}", ids[0])
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(out)
}
