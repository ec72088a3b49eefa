package swarm

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"faas/function"
)

const (
	healthPath = "/_/health"
	readyPath  = "/_/ready"
	// watchdogHeader is in what the watchdog of this project answers to healthPath, and says that it knows readyPath.
	watchdogHeader, watchdogOurs = "X-Watchdog", "faas"
)

// readyPathOf is what f's annotation names, empty where there is none. Errors: ErrInvalid.
func readyPathOf(f function.Function) (string, error) {
	path := f.Annotations[function.AnnotationReadyPath]
	if path != "" && (!strings.HasPrefix(path, "/") || strings.ContainsFunc(path, notInPath)) {
		return "", function.Invalidf("annotation %s: %q is no path: it must begin with a slash, and have no query", function.AnnotationReadyPath, path)
	}
	return path, nil
}

func notInPath(r rune) bool { return r <= ' ' || r == '?' || r == '#' || r == 0x7f }

// probe asks a running task whether it takes requests until it does. Swarm calls a task running when its process
// was started, which is some milliseconds before it listens, and in http mode long before the function does.
//
//nolint:contextcheck,nolintlint // it outlives whoever told of the task, and ends with Run; the callers are found by it
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
	id, taskID := known.api.ID, t.api.ID
	p := newProbe(s.b.opts.Dial, net.JoinHostPort(t.addr, known.port), known.ready)
	s.b.background(func() {
		defer cancel()
		if p.awaitAnswer(ctx, s.b.timing) {
			s.b.tell(func(s *state, now time.Time) { s.answered(now, id, taskID) })
		}
	})
}

// probeAnew lets probes under way begin again, because what they ask has changed.
func (s *state) probeAnew(known *service) {
	for _, t := range known.tasks {
		t.endProbe()
		s.probe(known, t)
	}
}

func (t *task) endProbe() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// probe is what one replica is asked.
//
//	health ──503, no answer──▶ again
//	   │ else
//	   ├──no X-Watchdog: faas──▶ takes requests
//	   ▼
//	ready ──503, no answer──▶ again, ready only
//	   │ else
//	   ▼
//	takes requests
//
// OpenFaaS's classic watchdog takes readyPath for an invocation and starts the function; both of OpenFaaS's answer healthPath
// themselves. A path that the user names is the only one that is asked, and 2xx the only yes.
type probe struct {
	client *http.Client
	addr   string
	path   string // what the user named
	ours   bool   // readyPath is known there
}

// newProbe makes a probe with a client of its own, so that its one connection ends with it.
func newProbe(dial func(ctx context.Context, network, addr string) (net.Conn, error), addr, path string) *probe {
	return &probe{
		client: &http.Client{
			Timeout:       2 * time.Second,
			Transport:     &http.Transport{DialContext: dial},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		addr: addr, path: path,
	}
}

// awaitAnswer reports false when ctx ended first.
func (p *probe) awaitAnswer(ctx context.Context, t timing) bool {
	defer p.client.CloseIdleConnections()
	for wait := t.probeRetry; ; wait = min(2*wait, t.probeMax) {
		if p.takesRequests(ctx) {
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

// takesRequests asks once. Images that know none of the paths answer 404, or what they answer to everything: only 503
// means that they are not ready. The watchdog answers 429 when it is full, which is no reason to leave it out.
func (p *probe) takesRequests(ctx context.Context) bool {
	if p.path != "" {
		status, _ := p.ask(ctx, p.path)
		return status >= 200 && status < 300
	}
	if !p.ours {
		status, header := p.ask(ctx, healthPath)
		p.ours = header.Get(watchdogHeader) == watchdogOurs
		if !p.ours || status == http.StatusServiceUnavailable {
			return status != 0 && status != http.StatusServiceUnavailable
		}
	}
	status, _ := p.ask(ctx, readyPath)
	return status != 0 && status != http.StatusServiceUnavailable
}

// ask returns 0 where nobody answers.
func (p *probe) ask(ctx context.Context, path string) (status int, header http.Header) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+path, http.NoBody)
	if err != nil {
		return 0, nil
	}
	res, err := p.client.Do(req)
	if err != nil {
		return 0, nil
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096)) // only the status counts
	_ = res.Body.Close()                                       // as above
	return res.StatusCode, res.Header
}
