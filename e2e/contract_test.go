package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"faas/e2e"
	"faas/e2e/contract"
)

// TestContract holds `faas up` to what stock clients rely on.
func TestContract(t *testing.T) {
	t.Parallel()
	contract.Calls(t, startLocal(t))
}

// TestScalingAsOpenFaaS has the system for itself, since it is timed.
func TestScalingAsOpenFaaS(t *testing.T) {
	t.Parallel()
	contract.Scaling(t, startLocal(t))
}

// TestLoad goes before those that measure: it wants the machine for itself.
func TestLoad(t *testing.T) { contract.Load(t, startLocal(t)) }

func startLocal(t *testing.T) contract.System {
	t.Helper()
	bin, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	up, err := e2e.Start(t.Context(), e2e.Options{Bin: bin, Dir: t.TempDir(), Stack: "provider:\n  name: openfaas\nfunctions: {}\n"})
	if err != nil {
		t.Fatalf("%v: `make build binaries` makes what is missing", err)
	}
	t.Cleanup(func() {
		if err := up.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("faas up printed:\n%s", up.Log())
		}
	})
	password, err := up.Password()
	if err != nil {
		t.Fatal(err)
	}
	l := local{up}
	return contract.System{
		System: up, User: "admin", Password: password, Image: "example/any:1.0", Prefix: "c-",
		Goroutines: l.goroutines, Inventory: l.inventory, GatewayPID: l.pid, WatchdogPID: l.watchdog, Awake: 0.5,
	}
}

// local looks into a `faas up`.
type local struct{ up *e2e.Up }

func (l local) goroutines(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.up.Metrics(), nil)
	if err != nil {
		return 0, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }() // only read
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			return strconv.Atoi(value)
		}
	}
	return 0, fmt.Errorf("no go_goroutines: %w", lines.Err())
}

func (l local) pid(context.Context) (int, error) { return l.up.PID() }

// inventory is every file but logs and what Prometheus and its like keep, and every process.
func (l local) inventory(context.Context) ([]string, error) {
	var all []string
	err := filepath.WalkDir(l.up.Data(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil // it went meanwhile
			}
			return err
		}
		name, _ := filepath.Rel(l.up.Data(), path) // below it
		switch {
		case entry.IsDir() && (name == "logs" || name == "prometheus" || name == "alertmanager" || name == "queue"):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasPrefix(name, ".state-"): // about to be renamed
			return nil
		}
		all = append(all, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	watchdogs, err := l.up.Children("fwatchdog")
	for i := range watchdogs {
		all = append(all, fmt.Sprintf("watchdog %d", i))
	}
	pid, pidErr := l.up.PID()
	if err != nil || pidErr != nil {
		return nil, fmt.Errorf("%w, %w", err, pidErr)
	}
	return append(all, descriptors(pid)...), nil
}

// descriptors are the open files of a process, without connections, which come and go.
func descriptors(pid int) []string {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, _ := os.ReadDir(dir) // none: nothing is left either
	counts := map[string]int{}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil || strings.HasPrefix(target, "socket:") {
			continue
		}
		kind, _, _ := strings.Cut(target, ":[") // pipes have a number
		counts[kind]++
	}
	var all []string
	for kind, n := range counts {
		for i := range n {
			all = append(all, fmt.Sprintf("descriptor %s %d", kind, i))
		}
	}
	return all
}

// watchdog finds the watchdog of a function by its working directory.
func (l local) watchdog(_ context.Context, function string) (int, error) {
	pids, err := l.up.Children("fwatchdog")
	if err != nil {
		return 0, err
	}
	for _, pid := range pids {
		dir, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd")) // gone
		if filepath.Base(dir) == function {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("no watchdog works in a directory %s", function)
}
