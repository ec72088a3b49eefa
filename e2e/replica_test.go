package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestReplicaKilledUnderLoad(t *testing.T) {
	t.Parallel()
	sys := startSystem(t, fn{name: "echoit", labels: []string{"down.window=10s"}})
	kill := Do("kill -9 a replica", func(ctx context.Context) error {
		before, err := sys.Children("fwatchdog")
		if err != nil || len(before) == 0 {
			return fmt.Errorf("replicas: %v, %w", before, err)
		}
		lost := time.Now()
		if err := syscall.Kill(before[0], syscall.SIGKILL); err != nil {
			return err
		}
		// It may be replaced between two looks at the counts, so look at the processes too.
		err = sys.WaitFor(ctx, "echoit", second, func(c Count) bool {
			now, err := sys.Children("fwatchdog")
			return err == nil && !slices.Contains(now, before[0]) && len(now) >= len(before) && c.Ready >= len(before)
		})
		t.Logf("replaced %s after kill -9", time.Since(lost))
		return err
	})
	Play(t, sys, Scenario{
		At(0, Offer("echoit", 50)),
		Between(0, 6*second, Serves("echoit", 11)),
		At(8*second, kill),
		At(11*second, kill),
		At(14*second, kill),
		During(6*second, 20*second, Stays("echoit", 11, 13)),
		During(0, 20*second, NoFailedRequest("echoit")),
	})
}

// The wake path must not need the control loop: Prometheus and Alertmanager are dead here.
func TestHundredRequestsAtZeroWakeOnce(t *testing.T) {
	t.Parallel()
	sys := startSystem(t, fn{name: "echoit"})
	Watch(t, sys)
	ctx := t.Context()
	for _, program := range []string{"prometheus", "alertmanager"} {
		pids, err := sys.Children(program)
		if err != nil || len(pids) != 1 {
			t.Fatalf("%s: %v %v", program, pids, err)
		}
		if err := syscall.Kill(pids[0], syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		defer syscall.Kill(pids[0], syscall.SIGCONT) //nolint:errcheck // it may have ended with the system
	}
	if err := sys.Scale(ctx, "echoit", 0); err != nil {
		t.Fatal(err)
	}
	if status, err := sys.Describe(ctx, "echoit"); err != nil || status.Replicas != 0 {
		t.Fatalf("right after scaling to 0: %+v, %v", status, err)
	}
	if err := sys.WaitFor(ctx, "echoit", 10*second, func(c Count) bool { return c.Desired == 0 && c.Ready == 0 }); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			want := fmt.Sprint("request ", i)
			if got, err := sys.Invoke(ctx, "echoit", want); err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
	wg.Wait()
	events, err := sys.Events(ctx, "echoit")
	if err != nil {
		t.Fatal(err)
	}
	wakes := 0
	for _, e := range events {
		if e["kind"] == "wake" && e["applied"] == true {
			wakes++
		}
	}
	if wakes != 1 {
		t.Errorf("%d wakes, want exactly one: %v", wakes, events)
	}
}

func TestKillLeavesNothing(t *testing.T) {
	t.Parallel()
	// The function's process has a child of its own that ignores everything it can.
	sys := startSystem(t, fn{
		name: "stubborn", process: `sh -c "trap '' TERM HUP INT; sleep 300 & cat; wait"`,
		labels: []string{"min=3"},
	})
	for range 3 {
		go func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sys.Gateway()+"/function/stubborn", nil)
			if err != nil {
				return
			}
			if res, err := sys.http.Do(req); err == nil {
				_ = res.Body.Close() // it never comes so far
			}
		}()
	}
	started := func() bool { return countOf("sleep 300", processesUnder(sys.opts.Dir)) >= 3 }
	if !Poll(10*second, started) {
		t.Fatal("the function's processes did not start")
	}
	if err := sys.Kill(); err != nil {
		t.Error(err)
	}
}

func countOf(text string, processes []string) int {
	n := 0
	for _, p := range processes {
		if strings.Contains(p, text) && !strings.Contains(p, "trap") {
			n++
		}
	}
	return n
}
