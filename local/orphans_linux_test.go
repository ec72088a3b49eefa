package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"faas/function"
)

// family of a function: a child that starts a grandchild, says its number, and waits.
const childAndGrandchild = "sleep 300 & echo $$ $!; wait"

// escapee leaves the session, and its parent ends.
const escapee = `setsid sh -c 'sleep 300 & echo $$ $!; wait' &`

func pids(t *testing.T, text string) []int {
	t.Helper()
	var list []int
	for _, field := range strings.Fields(text) {
		list = append(list, atoi(t, field))
	}
	if len(list) != 2 {
		t.Fatalf("%q are not two process IDs", text)
	}
	return list
}

// gone says whether the process ended and was reaped.
func gone(pid int) bool {
	_, there := readProc(pid)
	return !there
}

func TestKilledWatchdogLeavesNothing(t *testing.T) {
	f := run(t, Options{})
	// A child of this program's own, started by os/exec, must not be touched or reaped.
	bystander := exec.CommandContext(t.Context(), "sleep", "300")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	f.deploy(echo("f"))
	r := f.awaitReady("f", 1).Replicas[0]
	left := append(pids(t, f.call(r, "/spawn", childAndGrandchild)), pids(t, f.call(r, "/spawn", escapee))...)
	watchdog := atoi(t, f.call(r, "/run", "echo $PPID"))
	began := time.Now()
	if err := syscall.Kill(watchdog, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	f.await("f", "seen failed", func(st function.Status) bool {
		return len(st.Replicas) == 0 || st.Replicas[0].ID != r.ID || st.Replicas[0].State == function.ReplicaFailed
	})
	seen := time.Since(began)
	f.await("f", "replaced", func(st function.Status) bool { return st.Available() == 1 && st.Replicas[0].ID != r.ID })
	t.Logf("kill -9: seen after %s, replaced after %s", seen, time.Since(began))
	for _, pid := range append(left, watchdog) {
		if !gone(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
	if gone(bystander.Process.Pid) {
		t.Error("the bystander is gone")
	}
	if err := bystander.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := bystander.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the bystander's exit was stolen: %v", err)
	}
}

func TestRunLeavesNothing(t *testing.T) {
	f := run(t, Options{})
	f.deploy(echo("f"))
	r := f.awaitReady("f", 1).Replicas[0]
	left := append(pids(t, f.call(r, "/spawn", childAndGrandchild)), pids(t, f.call(r, "/spawn", escapee))...)
	f.stop()
	for _, pid := range left {
		if !gone(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
}

func TestOrphansAreReaped(t *testing.T) {
	f := run(t, Options{})
	f.deploy(echo("f"))
	r := f.awaitReady("f", 1).Replicas[0]
	// The shell ends, so that its child is ours, and then the child does.
	pid := atoi(t, f.call(r, "/run", "sleep 0.1 >/dev/null 2>&1 & echo $!"))
	eventually(t, 5*time.Second, "the orphan is reaped", func() bool { return gone(pid) })
}

// TestKilledSupervisor kills the process that supervises, which can then do nothing: the kernel and the
// watchdogs must.
func TestKilledSupervisor(t *testing.T) {
	for name, watchdog := range map[string]string{"stand-in": binaries().standIn, "fwatchdog": binaries().watchdog} {
		t.Run(name, func(t *testing.T) { killSupervisor(t, watchdog) })
	}
}

func killSupervisor(t *testing.T, watchdog string) {
	dir := t.TempDir()
	writeFile(t, dir, "state.json", `{"version": 1, "functions": {"f": {"desired": 3, "function": {"process": "sh"}}}}`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "LOCAL_TEST_SUPERVISE="+dir, "LOCAL_TEST_WATCHDOG="+watchdog)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	var addrs []string
	eventually(t, 10*time.Second, "three replicas are ready", func() bool {
		data, _ := os.ReadFile(filepath.Join(dir, "addresses"))
		addrs = strings.Fields(string(data))
		return len(addrs) == 3
	})
	// Each replica is in the middle of a request when the end comes.
	var all []int
	for i, addr := range addrs {
		note := filepath.Join(dir, "pids-"+string(rune('a'+i)))
		script := "exec >" + note + ".tmp; sleep 300 & echo $$ $!; mv " + note + ".tmp " + note + "; wait"
		go func() { _, _ = call(t.Context(), addr, "/spawn", script) }()
		eventually(t, 5*time.Second, "the function runs", func() bool {
			data, err := os.ReadFile(note)
			if err == nil {
				all = append(all, pids(t, string(data))...)
			}
			return err == nil
		})
	}
	for pid, p := range readProcs() {
		if p.parent == cmd.Process.Pid {
			all = append(all, pid)
		}
	}
	if len(all) < 9 {
		t.Fatalf("only %d processes: %v", len(all), all)
	}
	began := time.Now()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Second, "every process is gone", func() bool {
		for _, pid := range all {
			if p, there := readProc(pid); there && !p.zombie { // who reaps it is not ours to say
				return false
			}
		}
		return true
	})
	t.Logf("kill -9 of the supervisor: %d processes gone after %s", len(all), time.Since(began))
}

func TestFamily(t *testing.T) {
	table := map[int]proc{
		10: {pid: 10, parent: 1, session: 10, group: 10}, // a watchdog
		11: {pid: 11, parent: 10, session: 10, group: 11},
		12: {pid: 12, parent: 1, session: 10, group: 12},  // orphaned, in the session
		13: {pid: 13, parent: 12, session: 13, group: 13}, // its child left the session
		20: {pid: 20, parent: 1, session: 20, group: 20},  // another watchdog
		21: {pid: 21, parent: 20, session: 20, group: 20},
		30: {pid: 30, parent: 1, session: 30, group: 30},                               // nobody's
		40: {pid: 40, parent: 41, session: 40}, 41: {pid: 41, parent: 40, session: 41}, // read while they changed
	}
	got := family(table, map[int]bool{10: true, 20: true})
	want := map[int]int{10: 10, 11: 10, 12: 10, 13: 10, 20: 20, 21: 20}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for pid, root := range want {
		if got[pid] != root {
			t.Errorf("process %d belongs to %d, want %d", pid, got[pid], root)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 345 1 1"))
	f.Add([]byte("7 (sleep)"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ok := parseStat(7, data)
		if ok && p.pid != 7 {
			t.Errorf("pid %d", p.pid)
		}
		if n := parseStatm(data); n < 0 {
			t.Errorf("negative memory %d", n)
		}
	})
}

func TestParseStat(t *testing.T) {
	p, ok := parseStat(7, []byte("7 (a) b) S 1 2 3 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 345 1 1"))
	if want := (proc{pid: 7, parent: 1, group: 2, session: 3, born: 345}); !ok || p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	self, ok := readProc(os.Getpid())
	if !ok || self.parent != os.Getppid() {
		t.Errorf("this process is %+v", self)
	}
	if memoryUse(os.Getpid()) < 1<<20 {
		t.Error("this process uses next to no memory")
	}
}
