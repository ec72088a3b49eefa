package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"faas/function"
	"faas/internal/backendtest"
)

func TestContract(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backendtest.Harness {
		f := run(t, Options{Watchdog: binaries().watchdog})
		return backendtest.Harness{
			Backend: f.Backend, Stop: f.stop, Prefix: "contract-", Within: 20 * time.Second,
			Function: echoOrSecret, Writer: writer,
			Broken: func(name string) function.Function {
				fn := echo(name)
				fn.Env = map[string]string{"mode": "sideways"}
				return fn
			},
			Kill: killReplica,
			Call: func(ctx context.Context, r function.Replica, body string) (string, error) {
				return call(ctx, r.Addr, "/", body)
			},
			Secret: func(ctx context.Context, r function.Replica, name string) (string, error) {
				return call(ctx, r.Addr, "/secret/"+name, "")
			},
		}
	})
}

// echoOrSecret reads the secret that a path names, and echoes where it names none.
func echoOrSecret(name string) function.Function {
	return function.Function{
		Name:    name,
		Process: `sh -c 'case "$Http_Path" in (/secret/*) exec cat "$secret_mount_path${Http_Path#/secret/}"; esac; exec cat'`,
	}
}

// writer writes what it is sent to its log. The watchdog has a line of its own at the end of a request, which is kept
// out of one that is longer than its pipe.
func writer(name string) function.Function {
	return function.Function{
		Name: name, Process: "sh -c 'test $(tee /dev/stderr | wc -c) -lt 50000 || sleep 0.3'",
		Env: map[string]string{"mode": "streaming", "prefix_logs": "false", "log_buffer_size": "-1"},
	}
}

// killReplica kills the watchdog that is marked with a replica's ID.
func killReplica(r function.Replica) error {
	mark := []byte(replicaMark + "=" + r.ID)
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return err
	}
	for _, file := range files {
		data, _ := os.ReadFile(file) // of another user, or gone: not ours
		if !slices.ContainsFunc(bytes.Split(data, []byte{0}), func(entry []byte) bool { return bytes.Equal(entry, mark) }) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGKILL)
	}
	return errors.New("no process is marked as " + r.ID)
}
