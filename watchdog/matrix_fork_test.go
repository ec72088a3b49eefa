//go:build linux

package watchdog

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What functions of the fork modes begin with, in the language of sh.
const (
	// read waits for the request: a process of a pool is started before it comes.
	read = "cat >/dev/null; "
	part = read + "echo part; "
	// hold waits for the test to release the function.
	hold = read + "until [ -e $DIR/release ]; do sleep 0.01; done; "
)

func forkEchoes(t *testing.T, d *daemon) {
	res := d.answers(t, "/", "hello", 200, "hello")
	if res.Header.Get(durationHeader) == "" {
		t.Errorf("got header %v", res.Header)
	}
	for _, line := range []string{" Forking fprocess.\n", " Wrote 5 Bytes - Duration: 0."} {
		eventually(t, line, func() bool { return strings.Contains(d.stderr.String(), line) })
	}
}

func forkFails(body string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) { d.answers(t, "/", "x", 500, body) }
}

func clientGoneKills(t *testing.T, d *daemon) {
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, _, err := d.do(t, d.request(t, http.MethodPost, "/", strings.NewReader("x")).WithContext(ctx))
		done <- err
	}()
	ids := pids(t, filepath.Join(d.dir, "pids"), 2)
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	gone(t, ids)
	eventually(t, "counted as 499", func() bool {
		return d.metric(t, `http_requests_total{code="499",method="post"}`) == "1"
	})
}

// The drain waits for the process until its time is over, and no longer.
func endsDeafProcesses(t *testing.T, d *daemon) {
	done := make(chan *http.Response, 1)
	go func() {
		res, _, _ := d.post(t, "/", "x")
		done <- res
	}()
	ids := pids(t, filepath.Join(d.dir, "pids"), 2)
	d.signal(t, syscall.SIGTERM)
	if res := <-done; res == nil || res.StatusCode != 504 {
		t.Errorf("got %v, want 504", res)
	}
	d.ends(t, 0)
	gone(t, ids)
}

func endsGrandchild(t *testing.T, d *daemon) {
	begin := time.Now()
	d.answers(t, "/", "", 200, "done\n")
	if took := time.Since(begin); took > waitDelay+4*time.Second {
		t.Errorf("answered after %s", took)
	}
	gone(t, pids(t, filepath.Join(d.dir, "pids"), 1))
}
