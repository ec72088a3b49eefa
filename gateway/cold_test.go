//go:build !fuzz

package gateway

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"faas/function"
	"faas/internal/apitest"
)

// braggart answers in the gateway's name.
func braggart(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("X-Cold-Start", "99.999")
}

func TestColdStart(t *testing.T) {
	ready := replica(t, braggart)
	starting := function.Replica{ID: "starting", State: function.ReplicaStarting}
	for _, c := range []struct {
		name  string
		first function.Status
	}{
		{"asleep", status("f")},
		{"starting", status("f", starting)},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, _ := apitest.Open(t, description)
			b := newFakeBackend(c.first)
			g := start(t, b, nil)
			g.client.Transport = &apitest.Transport{Spec: spec, Base: g.client.Transport, Report: func(err error) { t.Error(err) }}
			time.AfterFunc(50*time.Millisecond, func() { b.set(status("f", ready)) })

			res, body := g.do(t, "POST", "/function/f", "x")
			wantStatus(t, res, body, http.StatusOK)
			held, err := time.ParseDuration(res.Header.Get("X-Cold-Start") + "s")
			if err != nil || held < 10*time.Millisecond || held > 10*time.Second {
				t.Errorf("X-Cold-Start %q: want the time held, in seconds", res.Header.Get("X-Cold-Start"))
			}
			res, body = g.do(t, "POST", "/function/f", "x")
			wantStatus(t, res, body, http.StatusOK)
			if got := res.Header.Get("X-Cold-Start"); got != "" {
				t.Errorf("X-Cold-Start %q of a warm call: want none, the function's neither", got)
			}
			if text := g.metricsText(t, "/metrics"); !strings.Contains(text, `gateway_function_cold_start_seconds_count{function_name="f"} 1`+"\n") {
				t.Errorf("want one cold start in\n%s", strings.Join(regexp.MustCompile(`.*cold_start.*`).FindAllString(text, -1), "\n"))
			}
		})
	}
}

// A request that waits because all replicas are busy waits for no start.
func TestHeldForASlotIsNotCold(t *testing.T) {
	arrived, finish := make(chan struct{}, 2), make(chan struct{})
	s := status("narrow", replica(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-finish
	}))
	s.Env = map[string]string{"max_inflight": "1"}
	g := start(t, newFakeBackend(s), nil)
	answers := make(chan string, 2)
	for range 2 {
		go func() {
			res, _ := g.do(t, "GET", "/function/narrow", "")
			answers <- res.Header.Get("X-Cold-Start")
		}()
	}
	<-arrived
	waitFor(t, "the second to be held", func() bool { return g.routes.lookup("narrow").gate.Held() == 1 })
	close(finish)
	if a, b := <-answers, <-answers; a != "" || b != "" {
		t.Errorf("X-Cold-Start %q and %q, want none", a, b)
	}
}

// What was held and never answered is no start.
func TestRefusedIsNotCold(t *testing.T) {
	g := start(t, newFakeBackend(status("f", function.Replica{ID: "starting", State: function.ReplicaStarting})), func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.HoldTimeout = 20 * time.Millisecond
	})
	res, body := g.do(t, "GET", "/function/f", "")
	wantStatus(t, res, body, http.StatusServiceUnavailable)
	if got := res.Header.Get("X-Cold-Start"); got != "" {
		t.Errorf("X-Cold-Start %q of an answer of the gateway's own", got)
	}
	if strings.Contains(g.metricsText(t, "/metrics"), "gateway_function_cold_start_seconds_count{") {
		t.Error("a cold start is counted that did not end")
	}
}
