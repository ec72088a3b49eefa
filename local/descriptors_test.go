package local

import (
	"log/slog"
	"os"
	"syscall"
	"testing"
)

// takeDescriptors opens files until the process may have no more, and returns them.
func takeDescriptors(t *testing.T) (taken []*os.File) {
	t.Helper()
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return taken
		}
		taken = append(taken, f)
	}
}

func closeFiles(t *testing.T, files []*os.File) {
	t.Helper()
	for _, f := range files {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestReplicaLogWithoutDescriptors has a log that cannot open all that it needs, which keeps none of it.
func TestReplicaLogWithoutDescriptors(t *testing.T) {
	warm, other, err := os.Pipe() // the runtime takes descriptors of its own with the first
	if err != nil {
		t.Fatal(err)
	}
	closeFiles(t, []*os.File{warm, other})
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = min(few.Cur, 100)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}()
	logs := newLogbook(t.TempDir()).of("f")
	for free := 1; free <= 4; free++ { // it needs five: a file and two pipes
		taken := takeDescriptors(t)
		closeFiles(t, taken[:free])
		_, _, _, err := newReplicaLog(logs.file(1), &replica{id: "f.1.0123456789ab", function: "f"}, slog.New(slog.DiscardHandler))
		again := takeDescriptors(t)
		closeFiles(t, append(taken[free:], again...))
		if err == nil {
			t.Fatalf("with %d descriptors there is a log", free)
		}
		if len(again) != free {
			t.Errorf("of %d descriptors %d are free after %v", free, len(again), err)
		}
	}
}
