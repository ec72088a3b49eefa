package supervise

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	beside, onPath := t.TempDir(), t.TempDir()
	t.Setenv("PATH", onPath)
	own := write(t, beside, "prometheus", 0o700)
	debian := write(t, onPath, "prometheus-alertmanager", 0o700)
	write(t, onPath, "prometheus", 0o700)
	write(t, onPath, "fwatchdog", 0o600) // not executable
	elsewhere := write(t, t.TempDir(), "wd", 0o700)

	prometheus := Binary{Flag: "--prometheus", Names: []string{"prometheus"}}
	alertmanager := Binary{Flag: "--alertmanager", Names: []string{"alertmanager", "prometheus-alertmanager"}}
	watchdog := Binary{Flag: "--watchdog", Names: []string{"fwatchdog"}}

	_, err := Find(beside, prometheus, alertmanager, watchdog,
		Binary{Flag: "--amtool", Path: "/nowhere/amtool"})
	want := "fwatchdog is neither in " + beside + " nor on PATH (or give --watchdog)\n" +
		"--amtool: exec: \"/nowhere/amtool\": stat /nowhere/amtool: no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}

	watchdog.Path = elsewhere
	got, err := Find(beside, prometheus, alertmanager, watchdog)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{own, debian, elsewhere}, got); diff != "" {
		t.Error(diff)
	}
}

func write(t *testing.T, dir, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Lock(dir)
	if err == nil || !strings.Contains(err.Error(), "another process uses it (pid ") {
		t.Errorf("got %v, want that it is in use", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err = Lock(dir)
	if err != nil {
		t.Fatalf("after the first let go: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}
