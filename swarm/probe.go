package swarm

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// probe asks a running task whether it takes requests until it does. Swarm calls a task running when its process
// was started, which is some milliseconds before it listens, and in http mode long before the function does.
func (s *state) probe(known *service, t *task) {
	switch {
	case !t.answers():
		t.endProbe()
		return
	case t.ready || t.stop != nil:
		return
	}
	ctx, cancel := context.WithCancel(s.b.ctx)
	t.stop = cancel
	id, taskID, addr := known.api.ID, t.api.ID, net.JoinHostPort(t.addr, known.port)
	s.b.background(func() {
		defer cancel()
		if s.b.awaitAnswer(ctx, addr) {
			s.b.tell(func(s *state, now time.Time) { s.answered(now, id, taskID) })
		}
	})
}

func (t *task) endProbe() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// awaitAnswer reports false when ctx ended first.
func (b *Backend) awaitAnswer(ctx context.Context, addr string) bool {
	for wait := b.timing.probeRetry; ; wait = min(2*wait, b.timing.probeMax) {
		if b.takesRequests(ctx, addr) {
			return true
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// takesRequests asks once. Images without the path answer 404, or what they answer to everything: only 503 means
// that they are not ready. The watchdog answers 429 when it is full, which is no reason to leave it out.
func (b *Backend) takesRequests(ctx context.Context, addr string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/_/ready", http.NoBody)
	if err != nil {
		return false
	}
	res, err := b.prober.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096)) // only the status counts
	_ = res.Body.Close()                                       // as above
	return res.StatusCode != http.StatusServiceUnavailable
}

// newProber has a client that keeps no connection: each replica is asked a few times only.
func newProber(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *http.Client {
	return &http.Client{
		Timeout:       2 * time.Second,
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
