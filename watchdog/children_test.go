package watchdog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Whatever is being started at the moment of the kill is killed too.
func TestNoProcessOutlivesTheKill(t *testing.T) {
	t.Parallel()
	for range 20 {
		file := filepath.Join(t.TempDir(), "pids")
		c := &children{}
		cmd := command{path: "/bin/sh", argv: []string{"sh", "-c", "sleep 60 & echo $$ $! >>" + file + "; wait"}}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				p, err := c.start(cmd, nil)
				if err != nil {
					if !errors.Is(err, ErrKilled) {
						t.Error(err)
					}
					return
				}
				_ = p.wait() // it was killed
				p.close()
				closeAll([]*os.File{p.stderr})
				c.remove(p)
			})
		}
		eventually(t, "the first runs", func() bool {
			text, _ := os.ReadFile(file)
			return strings.Contains(string(text), "\n")
		})
		c.signal(syscall.SIGKILL)
		all.Wait()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		gone(t, pids(t, file, len(strings.Fields(string(text)))))
		if _, err := c.start(cmd, nil); !errors.Is(err, ErrKilled) {
			t.Errorf("afterwards: got %v", err)
		}
	}
}
