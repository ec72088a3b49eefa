//go:build !fuzz

package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
	"faas/internal/alerting"
)

// pageEvents are what a page reads from the stream, until it ends.
func (r *running) pageEvents(t *testing.T, path string, header ...string) <-chan [2]string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, res, "", 200)
	events := make(chan [2]string, 1000)
	ended := make(chan struct{})
	t.Cleanup(func() { res.Body.Close(); <-ended })
	go func() {
		defer close(ended)
		defer close(events)
		lines, name := bufio.NewScanner(res.Body), ""
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = text
			}
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				events <- [2]string{name, text}
			}
		}
	}()
	return events
}

// next waits for an event of a name, and reads it.
func next(t *testing.T, events <-chan [2]string, name string, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the stream ended before %s", name)
			}
			if e[0] != name {
				continue
			}
			if err := json.Unmarshal([]byte(e[1]), into); err != nil {
				t.Fatal(err)
			}
			return
		case <-ctx.Done():
			t.Fatalf("no %s in time", name)
		}
	}
}

// alertList is an Alertmanager.
type alertList struct {
	firing   []alerting.Firing
	silences []alerting.Silence
}

func (l alertList) Firing(context.Context) ([]alerting.Firing, error) { return l.firing, nil }

func (l alertList) Silences(context.Context) (alerting.Listing, error) {
	return alerting.Listing{Silences: l.silences, Complete: true}, nil
}

func TestStream(t *testing.T) {
	until := time.Now().Add(time.Hour).UTC()
	frozen := alerting.FreezeOf(alerting.Freeze{Function: "a", Until: until, Comment: "why"})
	frozen.ID, frozen.State = "s", alerting.Active
	decided := make(chan []api.ScaleEvent)
	working := replica(t, echo)
	working.Node = "n1"
	b := newFakeBackend(status("a", working), status("b"))
	g := start(t, b, func(o *Options) {
		o.Freezer = freezes{{Function: "a", Silence: "s", Until: until, Up: true}, {Function: "a", Silence: "shorter"}}
		o.AlertReader = alertList{[]alerting.Firing{{Labels: map[string]string{"alertname": "FunctionScale", "function_name": "b"}, State: "active"}}, []alerting.Silence{frozen}}
		o.FollowDecisions = func(ctx context.Context, _ int, each func([]api.ScaleEvent)) {
			each(nil)
			for {
				select {
				case events := <-decided:
					each(events)
				case <-ctx.Done():
					return
				}
			}
		}
		o.Info = Info{Release: "1.2.3", SHA: "abc", Backend: "fake", Orchestration: "none"}
		o.Links = Links{Prometheus: "http://p"}
	})
	events := g.pageEvents(t, "/system/portal/stream?function=a.openfaas-fn")
	var hello api.PortalHello
	next(t, events, "hello", &hello)
	if hello.Version != "1.2.3" || !hello.Freeze || hello.Preview || hello.PrometheusURL != "http://p" || hello.Started.IsZero() {
		t.Errorf("hello %+v", hello)
	}
	var rows api.PortalFunctions
	next(t, events, "functions", &rows)
	if len(rows.Rows) != 2 || !rows.Full || rows.Rows[0].Frozen == nil || rows.Rows[0].Frozen.Silence != "s" || rows.Rows[1].State != "zero" {
		t.Errorf("functions %+v", rows)
	}
	var control api.PortalControl
	next(t, events, "control", &control)
	if control.Loop != "ok" || !strings.Contains(control.Rates, "--prometheus") || control.Alerts != "ok" {
		t.Errorf("control %+v", control)
	}
	var detail api.PortalFunction
	next(t, events, "function", &detail)
	if !detail.Exists || len(detail.Replicas) != 1 || detail.Replicas[0].Node != "n1" || detail.Scaling == nil || detail.Status == nil {
		t.Errorf("function %+v", detail)
	}
	decided <- []api.ScaleEvent{{ID: 7, Function: "a", From: 1, To: 2}}
	var e api.ScaleEvent
	next(t, events, "decision", &e)
	if e.ID != 7 || e.To != 2 {
		t.Errorf("decision %+v", e)
	}
	later := g.pageEvents(t, "/system/portal/stream")
	var alerts api.PortalAlerts
	next(t, later, "alerts", &alerts)
	if len(alerts.Alerts) != 1 || alerts.Alerts[0].Function != "b" || len(alerts.Silences) != 1 {
		t.Fatalf("alerts %+v", alerts)
	}
	if s := alerts.Silences[0]; len(s.Matchers) != 2 || !s.Matchers[0].IsRegex || cmp.Diff([]string{"a"}, s.Functions) != "" {
		t.Errorf("silence %+v", s)
	}
	b.set(status("c"))
	for {
		next(t, later, "functions", &rows)
		at := slices.IndexFunc(rows.Rows, func(r api.PortalRow) bool { return r.Name == "c" })
		if at >= 0 {
			if rows.Full || len(rows.Rows[at].Spark) != 60 {
				t.Errorf("the new one %+v", rows)
			}
			break
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- g.stop() }()
	next(t, later, "bye", &struct{}{})
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestStreamRenews checks that a stream ends when its session is to be renewed, and that whoever comes back has a new one.
func TestStreamRenews(t *testing.T) {
	g := start(t, newFakeBackend(), func(o *Options) {
		o.Credentials = &Credentials{User: "admin", Password: "secret"}
		o.Portal = portalFiles
	})
	old := g.sessions.Begin(time.Now().Add(-6*time.Hour + 2*time.Second))
	cookie := "faas_session=" + g.sessions.Token(old)
	events := g.pageEvents(t, "/system/portal/stream", "Cookie", cookie)
	next(t, events, "bye", &struct{}{})
	res, text := g.do(t, "HEAD", "/system/portal/stream", "", "Cookie", cookie)
	wantStatus(t, res, text, 200)
	if len(res.Cookies()) != 1 {
		t.Errorf("cookies are %v", res.Cookies())
	}
}

func TestPreviewTask(t *testing.T) {
	var got PreviewTask
	play := make(chan struct{})
	close(play)
	half, two := 0.5, 2.0
	g := start(t, newFakeBackend(status("a")), func(o *Options) {
		o.Preview = func(ctx context.Context, task PreviewTask) (api.PortalPreview, error) {
			got = task
			select {
			case <-play:
				return api.PortalPreview{Note: "done"}, nil
			case <-ctx.Done():
				return api.PortalPreview{}, ctx.Err()
			}
		}
		o.Decisions = func(string, int) []api.ScaleEvent {
			return []api.ScaleEvent{
				{Applied: true, From: 1, To: 2, ReadyAfter: &half},
				{Applied: true, From: 1, To: 5, ReadyAfter: &two},
				{Applied: true, From: 1, To: 5, ReadyAfter: &half},
				{Applied: true, From: 5, To: 1, ReadyAfter: &two},
				{From: 1, To: 2},
			}
		}
	})
	res, text := g.do(t, "POST", "/system/portal/preview/a.openfaas-fn", `{"seconds":600,"scaling":{"type":"rps,capacity","target":20,"max":null}}`)
	wantStatus(t, res, text, 200)
	if got.Function != "a" || got.Length != 10*time.Minute || got.StartUp != 500*time.Millisecond {
		t.Errorf("task %+v", got)
	}
	if len(got.Before.Signals) != 1 || len(got.After.Signals) != 2 || got.After.Signals[0].Target != 20 || got.Before.Signals[0].Target != 5 {
		t.Errorf("before %+v, after %+v", got.Before, got.After)
	}
	var p api.PortalPreview
	if err := json.Unmarshal([]byte(text), &p); err != nil || p.Note != "done" || p.Function != "a" || !p.Took.Known() {
		t.Errorf("%+v, %v", p, err)
	}
	for body, says := range map[string]string{
		`{"seconds":3601}`: "from 60 to 3600", `{"seconds":10}`: "from 60 to 3600", `{"scaling":{"size":1}}`: "size: unknown",
		`{"scaling":{"min":5,"max":2}}`: "min",
	} {
		res, text := g.do(t, "POST", "/system/portal/preview/a", body)
		wantStatus(t, res, text, 400)
		if !strings.Contains(text, says) {
			t.Errorf("%s: %q", body, text)
		}
	}
	play = make(chan struct{}) // the next one goes on until its client leaves
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", g.url+"/system/portal/preview/a", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if res, err := g.client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", res, err)
	}
	g.previews <- struct{}{} // once it has ended
}

// TestPreviewTakesTooLong checks that the answer says what to do.
func TestPreviewTakesTooLong(t *testing.T) {
	g := start(t, newFakeBackend(status("a")), func(o *Options) {
		o.Preview = func(context.Context, PreviewTask) (api.PortalPreview, error) {
			return api.PortalPreview{}, fmt.Errorf("rehearse: %w", context.DeadlineExceeded)
		}
	})
	res, text := g.do(t, "POST", "/system/portal/preview/a", `{"seconds":3600}`)
	wantStatus(t, res, text, 504)
	if !strings.Contains(text, "preview of 1h0m0s took longer than 1m0s: play less time") {
		t.Errorf("it says %q", text)
	}
}

func TestSilencesOfPatterns(t *testing.T) {
	g := start(t, newFakeBackend(status("a"), status("b")), nil)
	s := alerting.FreezeOf(alerting.Freeze{Function: "a", Until: time.Now().Add(time.Hour)})
	s.State, s.Matchers = alerting.Active, s.Matchers[:1] // of every function
	got := alertView{nil, g.routes}.silence(s, time.Now())
	if diff := cmp.Diff([]string{"a", "b"}, got.Functions); diff != "" {
		t.Error(diff)
	}
	if got.Matchers[0].Name != "alertname" || !got.Matchers[0].IsEqual {
		t.Errorf("%+v", got.Matchers)
	}
}
