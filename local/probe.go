package local

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// probeNews is what a probe found: that the replica is ready, or why it must be replaced.
type probeNews struct {
	ready        bool
	reason, text string
}

// The waits between two tries of a replica that answers, but not that it is ready.
const (
	readyRetryFirst = 5 * time.Millisecond
	readyRetryMax   = 200 * time.Millisecond
)

// probe waits until the watchdog at addr says that it is ready and then watches its health, until ctx
// ends or there is news of a failure.
func (l *launcher) probe(ctx context.Context, addr string, news chan<- probeNews) {
	tell := func(n probeNews) {
		select {
		case news <- n:
		case <-ctx.Done():
		}
	}
	if !l.waitReady(ctx, addr) {
		tell(probeNews{reason: exitUnready, text: fmt.Sprintf("not ready after %s", l.timing.startTimeout)})
		return
	}
	tell(probeNews{ready: true})
	l.watchHealth(ctx, addr)
	tell(probeNews{reason: exitUnhealthy, text: fmt.Sprintf("hung: not healthy for %s", l.timing.healthWindow)})
}

// waitReady asks once and waits for the answer, since the socket is bound before the watchdog runs; only
// one that answers that it is not ready is asked again.
func (l *launcher) waitReady(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, l.timing.startTimeout)
	defer cancel()
	for wait := readyRetryFirst; ; wait = min(2*wait, readyRetryMax) {
		if l.ok(ctx, "http://"+addr+"/_/ready") {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// watchHealth returns when the watchdog was not healthy for the whole of healthWindow, or ctx ended.
func (l *launcher) watchHealth(ctx context.Context, addr string) {
	tick := time.NewTicker(l.timing.healthInterval)
	defer tick.Stop()
	good := time.Now()
	for time.Since(good) < l.timing.healthWindow {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		check, cancel := context.WithTimeout(ctx, l.timing.healthTimeout)
		if l.ok(check, "http://"+addr+"/_/health") {
			good = time.Now()
		}
		cancel()
	}
}

func (l *launcher) ok(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096)) // only the status counts
	_ = resp.Body.Close()                                       // as above
	return resp.StatusCode == http.StatusOK
}
