package watchdog

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestDrainWhenIdleIsImmediate(t *testing.T) {
	t.Parallel()
	w := start(t, "fprocess=cat", "healthcheck_interval=1m")
	if got := w.status(t, "/_/health"); got != 200 {
		t.Errorf("/_/health: got %d", got)
	}
	if _, err := os.Stat(w.opts.LockPath); err != nil {
		t.Error(err)
	}
	w.client.CloseIdleConnections()
	begin := time.Now()
	w.drain()
	w.wait(t)
	if w.err != nil {
		t.Error(w.err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
	if _, err := os.Stat(w.opts.LockPath); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock file is still there: %v", err)
	}
}

// While a client is connected requests are still taken, but unready.
func TestDrainTakesRequestsFromConnectedClients(t *testing.T) {
	t.Parallel()
	w := start(t, "mode=streaming", "fprocess=cat", "healthcheck_interval=1m")
	hold, release := io.Pipe()
	first := make(chan string, 1)
	go func() {
		_, body, err := w.do(t, w.request(t, http.MethodPost, "/", hold))
		first <- body + errorText(err)
	}()
	eventually(t, "in flight", func() bool { return w.inflight.count() == 1 })
	w.drain()
	eventually(t, "unready", func() bool { return w.status(t, "/_/health") == 503 && w.status(t, "/_/ready") == 503 })
	res, body, err := w.post(t, "late")
	if err != nil || body != "late" || !res.Close {
		t.Errorf("a late request: got %q %v, close %v", body, err, res.Close)
	}
	_, _ = io.WriteString(release, "whole")
	release.Close()
	if got := <-first; got != "whole" {
		t.Errorf("got %q", got)
	}
	w.client.CloseIdleConnections()
	w.wait(t)
	if w.err != nil {
		t.Error(w.err)
	}
}

func TestKillWhileDraining(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode string) {
		file := pidFile(t)
		w := start(t, mode, `fprocess=sh -c "trap '' TERM; sleep 60 & echo \$\$ \$! >`+file+`; wait; wait"`)
		done := make(chan error, 1)
		go func() {
			_, _, err := w.post(t, "")
			done <- err
		}()
		ids := pids(t, file, 2)
		w.drain()
		eventually(t, "draining", func() bool { return strings.Contains(w.stderr.String(), "watchdog draining") })
		w.Kill()
		w.wait(t)
		if !errors.Is(w.err, ErrKilled) {
			t.Errorf("got %v, want ErrKilled", w.err)
		}
		gone(t, ids)
		<-done
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return " error: " + err.Error()
}
