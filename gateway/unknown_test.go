package gateway

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faas/function"
)

// awayBackend cannot be read while it is away.
type awayBackend struct {
	*fakeBackend
	away atomic.Bool
}

func (b *awayBackend) Functions(ctx context.Context) (function.Snapshot, error) {
	if b.away.Load() {
		return function.Snapshot{}, function.Unavailablef("no overlay network has the label openfaas=true")
	}
	return b.fakeBackend.Functions(ctx)
}

// TestHealthBeforeTheFunctionsAreKnown checks that a gateway that can serve nobody says so, and why, and that one that
// has known the functions does not fall ill when its backend goes away.
func TestHealthBeforeTheFunctionsAreKnown(t *testing.T) {
	late := make(chan struct{})
	b := &awayBackend{fakeBackend: newFakeBackend()}
	b.away.Store(true)
	g := start(t, b.fakeBackend, func(o *Options) { o.Backend, o.Watcher = b, lateWatcher{b.fakeBackend, late} })
	for _, away := range []bool{true, false} {
		b.away.Store(away)
		reason := "functions are not known yet"
		if away {
			reason = "no overlay network has the label openfaas=true"
		}
		res, body := g.do(t, "GET", "/healthz", "")
		wantStatus(t, res, body, http.StatusServiceUnavailable)
		if !strings.Contains(body, `"status":"starting"`) || !strings.Contains(body, reason) {
			t.Errorf("says %s, want %q", body, reason)
		}
	}
	close(late)
	<-g.routes.loaded
	b.away.Store(true)
	res, body := g.do(t, "GET", "/healthz", "")
	wantStatus(t, res, body, http.StatusOK)
}

// TestFirstRequestsAreBounded checks that not everyone may wait for a gateway that does not know its functions.
func TestFirstRequestsAreBounded(t *testing.T) {
	late := make(chan struct{})
	b := newFakeBackend(status("echo", replica(t, echo)))
	g := start(t, b, func(o *Options) {
		o.Watcher = lateWatcher{b, late}
		o.Config = DefaultConfig()
		o.Config.MaxHeld = 2
	})
	answers := make(chan int)
	for range 3 {
		go func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/function/echo", strings.NewReader("hello"))
			if err != nil {
				t.Error(err)
				answers <- 0
				return
			}
			res, err := g.client.Do(req)
			if err != nil {
				t.Error(err)
				answers <- 0
				return
			}
			defer res.Body.Close()
			if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			answers <- res.StatusCode
		}()
	}
	began := time.Now()
	if first := <-answers; first != http.StatusServiceUnavailable || time.Since(began) > maxFirstWait/2 {
		t.Errorf("one too many got %d after %s", first, time.Since(began))
	}
	close(late)
	for range 2 {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("one that could wait got %d", status)
		}
	}
}
