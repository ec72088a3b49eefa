package supervise

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// logs are the present and the old log in dir.
func logs(t *testing.T, dir string) []string {
	t.Helper()
	var texts []string
	for _, name := range []string{"child.log", "child.log.1"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

func TestLogIsBoundedWhileItGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		name := filepath.Join(dir, "child.log")
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) // as a program has it
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			keepLogBounded(ctx, name, 10)
		}()
		for _, step := range []struct {
			write string
			want  []string
		}{
			{"12345", []string{"12345", ""}},
			{"67890", []string{"1234567890", ""}},
			{"x", []string{"", "1234567890x"}},
			{"more", []string{"more", "1234567890x"}},
			{"than that", []string{"", "morethan that"}},
		} {
			if _, err := file.WriteString(step.write); err != nil {
				t.Fatal(err)
			}
			time.Sleep(logInterval)
			synctest.Wait()
			if diff := cmp.Diff(step.want, logs(t, dir)); diff != "" {
				t.Errorf("after %q (-want +got):\n%s", step.write, diff)
			}
		}
		cancel()
		<-ended
	})
}

func TestLogIsBoundedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	old := strings.Repeat("old\n", 100)
	if err := os.WriteFile(filepath.Join(dir, "child.log"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := options(dir, "serve", freeAddr(t))
	opts.LogLimit = 100
	p := program(t, opts)
	stop := run(t, p)
	<-p.Ready()
	if got := logs(t, dir); !strings.HasPrefix(got[0], "pid ") || got[1] != old {
		t.Errorf("the logs are %q", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestLogTailAfterCut has the log cut between a program's start and its death.
func TestLogTailAfterCut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "child.log")
	if err := os.WriteFile(name, []byte("last words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := logTail(name, 5000); got != "\n  last words" {
		t.Errorf("the tail is %q", got)
	}
}
