package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// As process 1 it reaps orphans, forwards signals and passes on the exit code.
func TestInit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "done")
	c := start(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "mode=streaming",
		"fprocess=sh -c '(sh -c \"sleep 0.05; echo x >>"+file+"\" </dev/null >/dev/null 2>&1 &); echo ok'")
	for range 3 {
		if body, err := c.get(t, c.url); err != nil || body != "ok\n" {
			t.Fatalf("got %q %v", body, err)
		}
	}
	eventually(t, "the orphans ended", func() bool {
		text, _ := os.ReadFile(file)
		return len(text) == len("x\n")*3
	})
	children := "/proc/" + strconv.Itoa(c.Process.Pid) + "/task/" + strconv.Itoa(c.Process.Pid) + "/children"
	if _, err := os.Stat(children); err != nil {
		t.Skip(err)
	}
	eventually(t, "the orphans are reaped", func() bool {
		n := 0
		tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(c.Process.Pid), "task", "*", "children"))
		for _, task := range tasks {
			text, _ := os.ReadFile(task)
			n += len(strings.Fields(string(text)))
		}
		return n == 1 // the watchdog proper
	})
	c.signal(t, syscall.SIGTERM)
	if got := c.exit(t); got != exitOK {
		t.Errorf("exit code %d after SIGTERM", got)
	}
}

func TestInitPassesOnTheExitCode(t *testing.T) {
	t.Parallel()
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if c := start(t, attr, "fprocess="); c.exit(t) != exitUsage {
		t.Errorf("exit code %d, want %d", c.ProcessState.ExitCode(), exitUsage)
	}
	c := start(t, attr, "fprocess=cat")
	if _, err := c.get(t, c.url+"/_/health"); err != nil {
		t.Fatal(err)
	}
	c.signal(t, syscall.SIGQUIT)
	if got := c.exit(t); got != 131 {
		t.Errorf("exit code %d after SIGQUIT, want 131", got)
	}
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
