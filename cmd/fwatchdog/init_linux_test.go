package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// container makes the watchdog process 1, as in a container, with a /proc that
// shows its own processes only.
func container() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS}
}

// below returns the states of the children of a process.
func below(t *testing.T, parent int) string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, file := range stats {
		text, _ := os.ReadFile(file) // it may have just ended
		_, after, _ := bytes.Cut(text, []byte(") "))
		if fields := strings.Fields(string(after)); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			states = append(states, fields[0])
		}
	}
	return strings.Join(states, "")
}

// Under load every invocation ends with the exit status of its own process,
// while process 1 reaps an orphan of each.
func TestInitUnderLoad(t *testing.T) {
	t.Parallel()
	const clients, each = 8, 25
	file := filepath.Join(t.TempDir(), "done")
	c := start(t, container(), "mode=streaming",
		"fprocess=sh -c '(sh -c \"sleep 0.01; echo x >>"+file+"\" </dev/null >/dev/null 2>&1 &); read code; exit $code'")
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for range each {
				status, body, err := c.post(t, c.url, fmt.Sprintln(i))
				want, wantStatus := "", 200
				if i != 0 {
					want, wantStatus = fmt.Sprintf("function failed: exit status %d\n", i), 500
				}
				if err != nil || status != wantStatus || body != want {
					t.Errorf("exit status %d: got %d %q %v", i, status, body, err)
				}
			}
		})
	}
	all.Wait()
	eventually(t, "the orphans ended", func() bool {
		text, _ := os.ReadFile(file)
		return len(text) == len("x\n")*clients*each
	})
	eventually(t, "the orphans are reaped", func() bool { return len(below(t, c.Process.Pid)) == 1 })
	c.signal(t, syscall.SIGTERM)
	if got := c.exit(t); got != exitOK {
		t.Errorf("exit code %d after SIGTERM", got)
	}
}

func TestInitPassesOnTheExitCode(t *testing.T) {
	t.Parallel()
	if c := start(t, container(), "fprocess="); c.exit(t) != exitUsage {
		t.Errorf("exit code %d, want %d", c.ProcessState.ExitCode(), exitUsage)
	}
	c := start(t, container(), "fprocess=cat")
	if _, err := c.get(t, c.url+"/_/health"); err != nil {
		t.Fatal(err)
	}
	c.signal(t, syscall.SIGQUIT)
	if got := c.exit(t); got != 131 {
		t.Errorf("exit code %d after SIGQUIT, want 131", got)
	}
}

// Of what a function used nothing is lost: not of ended children, nor of
// orphans, whose end only process 1 sees. And no scrape ever shows less.
func TestUsageOverTheLife(t *testing.T) {
	t.Parallel()
	const requests = 4
	file := filepath.Join(t.TempDir(), "done")
	c := start(t, container(), "mode=streaming",
		"fprocess=sh -c '\"$0\" burn; (sh -c \"$0 burn; echo x >>"+file+"\" \"$0\" </dev/null >/dev/null 2>&1 &)' "+os.Args[0])
	usage := func(name string) float64 {
		t.Helper()
		text, err := c.get(t, c.metricsURL+"/metrics")
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(text, "\n"+name+" ")
		value, _, _ := strings.Cut(after, "\n")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const cpu = "faas_function_cpu_seconds_total"
	before := usage(cpu)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range requests {
			if _, err := c.get(t, c.url); err != nil {
				t.Error(err)
			}
		}
	}()
	last := before
	tick := time.NewTicker(50 * time.Millisecond) // scrapes cost something too
	defer tick.Stop()
	eventually(t, "all ended", func() bool {
		<-tick.C
		text, _ := os.ReadFile(file)
		ended := len(text) == len("x\n")*requests && len(below(t, c.Process.Pid)) == 1
		now := usage(cpu)
		if now < last {
			t.Errorf("%s went from %v back to %v", cpu, last, now)
		}
		last = now
		return ended
	})
	<-done
	const grain = 0.04
	if got, least := last-before, (2 * requests * burnTime).Seconds(); got < least-grain {
		t.Errorf("%v s were counted, want at least %v", got, least)
	}
	if got := usage("faas_function_memory_bytes"); got < 1<<20 || got > 1<<30 {
		t.Errorf("%v bytes of memory", got)
	}
	last = usage(cpu)
	c.signal(t, syscall.SIGTERM)
	if got := c.exit(t); got != exitOK {
		t.Errorf("exit code %d after SIGTERM", got)
	}
	// What the kernel tells of process 1 has all that ended below it.
	all := (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	if last > all+grain || last < all-0.3 {
		t.Errorf("%v s were counted before the end, the kernel says %v with it", last, all)
	}
	t.Logf("counted %v s, the kernel %v", last, all)
}

// Whatever ends the watchdog, its function ends with it.
func TestKilledWatchdog(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	c := start(t, nil, "mode=streaming", "fprocess=sh -c 'echo $$ >"+file+"; exec sleep 60'")
	done := make(chan error, 1)
	go func() {
		_, err := c.get(t, c.url)
		done <- err
	}()
	ids := pids(t, file, 1)
	c.signal(t, syscall.SIGKILL)
	gone(t, ids)
	<-done
}

// An image's health check runs the program beside the one that serves.
func TestHealthcheck(t *testing.T) {
	t.Parallel()
	const script = `exec 9<"$0"
mount -t tmpfs tmpfs /tmp || exit
check() { /proc/self/fd/9 -run-healthcheck 2>/dev/null; echo $?; }
check
fprocess=cat port=0 metrics_port=0 /proc/self/fd/9 2>/dev/null & pid=$!
until [ -e /tmp/.lock ]; do sleep 0.01; done
check
kill $pid
wait $pid
check`
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script, os.Args[0])
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", mainVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("needs the right to make a mount namespace")
	}
	if string(out) != "1\n0\n1\n" {
		t.Errorf("before, while and after it serves: got %q %v, want 1, 0 and 1", out, err)
	}
}
