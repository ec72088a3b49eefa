package scaler

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// filled gives a decision log of size 10 after 1 event of "quiet" and then 12 of "busy", and the ID of the first.
func filled(t *testing.T) (s *Scaler, first int64) {
	t.Helper()
	s, err := New(Options{Backend: functions(0), LogSize: 10})
	if err != nil {
		t.Fatal(err)
	}
	first = s.record(Event{Time: noon, Function: "quiet", Kind: KindManual, To: 1, Applied: true, Code: CodeScaled}, true)
	for n := range 12 {
		s.record(Event{Time: noon, Function: "busy", Kind: KindManual, From: n, To: n + 1, Applied: true, Code: CodeScaled}, true)
	}
	return s, first
}

func get(t *testing.T, s *Scaler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.Events().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	return w
}

func TestEventsQuery(t *testing.T) {
	s, first := filled(t)
	tests := []struct {
		query string
		want  []int64 // after the first
	}{
		{"", []int64{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{"?limit=2", []int64{11, 12}},
		{"?limit=0", nil},
		{"?limit=1000", []int64{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{fmt.Sprintf("?since=%d", first+10), []int64{11, 12}},
		{fmt.Sprintf("?since=%d&limit=1", first+10), []int64{12}},
		{fmt.Sprintf("?since=%d", first+12), nil},
		{"?function=quiet", []int64{0}},
		{"?function=quiet.openfaas-fn", []int64{0}},
		{fmt.Sprintf("?function=quiet&since=%d", first), nil},
		{"?function=busy", []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{"?function=nobody", nil},
		{"?follow=0&limit=1", []int64{12}},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			w := get(t, s, "/system/scale/events"+tt.query)
			if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
				t.Fatalf("status %d, %v", w.Code, w.Header())
			}
			if !strings.HasPrefix(w.Body.String(), "[") {
				t.Errorf("body %q is no array", w.Body)
			}
			var events []Event
			if err := json.Unmarshal(w.Body.Bytes(), &events); err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, e := range events {
				got = append(got, e.ID-first)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestQuietEvents checks that confirmations of a count are shown only on demand, and push out nothing.
func TestQuietEvents(t *testing.T) {
	s, first := filled(t)
	for n := range 100 {
		code := CodeUnchanged
		if n%2 == 1 {
			code = CodeConverged
		}
		s.record(Event{Time: noon, Function: "busy", Kind: KindAlert, From: 12, To: 12, Wanted: n, Code: code}, true)
	}
	s.record(Event{Time: noon, Function: "busy", Kind: KindManual, From: 12, To: 3, Applied: true, Code: CodeScaled}, true)
	last := first + 113
	for _, tt := range []struct {
		query string
		want  []int64 // after the first
	}{
		{"", []int64{4, 5, 6, 7, 8, 9, 10, 11, 12, 113}},
		{"?all=0&limit=2", []int64{12, 113}},
		{"?all=1&limit=2", []int64{112, 113}},
		{"?all=1", []int64{4, 5, 6, 7, 8, 9, 10, 11, 12, 111, 112, 113}},
		{"?function=busy&limit=3", []int64{11, 12, 113}},
		{"?function=busy&all=1&limit=3", []int64{111, 112, 113}},
		{"?function=quiet", []int64{0}},
		{fmt.Sprintf("?since=%d", last), nil},
	} {
		t.Run(tt.query, func(t *testing.T) {
			var events []Event
			if err := json.Unmarshal(get(t, s, "/"+tt.query).Body.Bytes(), &events); err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, e := range events {
				got = append(got, e.ID-first)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
	if got := testutil.ToFloat64(s.metrics.decisions.WithLabelValues("alert", "held", "unchanged")); got != 50 {
		t.Errorf("%v decisions unchanged were counted, want 50", got)
	}
}

// TestQuietEventsAreNotFollowed checks that a follower gets them only on demand.
func TestQuietEventsAreNotFollowed(t *testing.T) {
	for _, tt := range []struct {
		target string
		want   int
	}{{"/?follow=1", 1}, {"/?follow=1&all=1", 2}} {
		synctest.Test(t, func(t *testing.T) {
			s, _ := start(t, Options{Backend: functions(1, "resize")})
			ctx, cancel := context.WithCancel(t.Context())
			w, ended := httptest.NewRecorder(), make(chan struct{})
			go func() {
				defer close(ended)
				s.Events().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, tt.target, nil))
			}()
			synctest.Wait()
			for range 2 { // the second changes nothing
				if err := s.Scale(t.Context(), "resize", 3); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			cancel()
			<-ended
			if got := strings.Count(w.Body.String(), "id: "); got != tt.want {
				t.Errorf("%s: %d new events, want %d:\n%s", tt.target, got, tt.want, w.Body)
			}
		})
	}
}

func TestEventsRefuses(t *testing.T) {
	s, _ := filled(t)
	for _, q := range []string{"limit=-1", "limit=x", "since=x", "since=-1", "follow=perhaps", "all=perhaps", "function=%2e%2e"} {
		if w := get(t, s, "/system/scale/events?"+q); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", q, w.Code)
		}
	}
	w := httptest.NewRecorder()
	s.Events().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/system/scale/events", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET" {
		t.Errorf("POST: status %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestEventJSON(t *testing.T) {
	ready := 1.5
	for _, tt := range []struct {
		name  string
		event Event
		want  string
	}{
		{"all of it", Event{
			ID: 7, Time: noon, Function: "resize", Kind: KindAlert, Alert: "FunctionScale", Status: "firing", StartsAt: ago(time.Second),
			From: 4, To: 20, Wanted: 30, Applied: true, Code: CodeScaled, Reason: "ordered 30", Duration: .25, ReadyAfter: &ready,
			Repeats: 2, RepeatedAt: noon,
		}, `{"id":7,"time":"2026-11-22T12:00:00Z","function":"resize","kind":"alert","alert":"FunctionScale","status":"firing",` +
			`"starts_at":"2026-11-22T11:59:59Z","from":4,"to":20,"wanted":30,"applied":true,"code":"scaled","reason":"ordered 30",` +
			`"duration_seconds":0.25,"ready_after_seconds":1.5,"repeats":2,"repeated_at":"2026-11-22T12:00:00Z"}`},
		{
			"what is not known is left out",
			Event{ID: 8, Time: noon, Function: "cat", Kind: KindWake, To: 1, Wanted: 1, Code: CodeFailed, Reason: "given up"},
			`{"id":8,"time":"2026-11-22T12:00:00Z","function":"cat","kind":"wake","from":0,"to":1,"wanted":1,"applied":false,"code":"failed","reason":"given up"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(tt.event)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// stream reads server-sent events over real HTTP, as "id", "update" or a comment's text, with the function.
func stream(t *testing.T, url, lastID string) (next func() string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	return func() string {
		t.Helper()
		head := ""
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				head = "id"
			case "event":
				head = value
			case "data":
				var e Event
				if err := json.Unmarshal([]byte(value), &e); err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("%s %s %d", head, e.Function, e.To)
			}
		}
		return "end"
	}
}

func TestFollowOverHTTP(t *testing.T) {
	b := functions(1, "resize", "cat")
	b.scale = func(_ context.Context, name string, n int) error { return b.set(name, n, 0) }
	s, stop := start(t, Options{Backend: b})
	server := httptest.NewServer(s.Events())
	defer server.Close()
	want := func(next func() string, events ...string) {
		t.Helper()
		for _, event := range events {
			if got := next(); got != event {
				t.Errorf("got %q, want %q", got, event)
			}
		}
	}
	order := func(name string, n int) {
		t.Helper()
		if err := s.Scale(t.Context(), name, n); err != nil {
			t.Fatal(err)
		}
	}
	order("cat", 2)
	order("resize", 2)
	all := stream(t, server.URL+"?follow=1", "")
	want(all, "id cat 2", "id resize 2")
	onlyNew := stream(t, server.URL+"?follow=true&function=resize&limit=0", "")
	first := s.decisions.find(query{limit: -1}).events[0].ID
	resumed := stream(t, server.URL+"?follow=1&since=0", fmt.Sprint(first))
	want(resumed, "id resize 2")

	order("cat", 3)
	want(all, "id cat 3")
	want(resumed, "id cat 3")
	order("resize", 3)
	for _, next := range []func() string{all, onlyNew, resumed} {
		want(next, "id resize 3")
	}
	if err := b.set("resize", 3, 3); err != nil {
		t.Fatal(err)
	}
	for _, next := range []func() string{all, onlyNew, resumed} {
		want(next, "update resize 3") // it is ready
	}
	stop()
	for _, next := range []func() string{all, onlyNew, resumed} {
		want(next, "end")
	}
}

// stuckWriter is a client that does not read.
type stuckWriter struct {
	http.ResponseWriter
	ctx context.Context
}

func (w stuckWriter) Write([]byte) (int, error) { <-w.ctx.Done(); return 0, w.ctx.Err() }

func TestSlowReaderBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, Options{Backend: functions(1, "resize")})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.Events().ServeHTTP(stuckWriter{httptest.NewRecorder(), ctx},
			httptest.NewRequestWithContext(ctx, http.MethodGet, "/?follow=1", nil))
		for n := range 2000 {
			if err := s.Scale(t.Context(), "resize", n%7); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(1, "resize")
		b.scale = func(_ context.Context, name string, n int) error { return b.set(name, n, 0) }
		s, stop := start(t, Options{Backend: b})
		order := func(n int) {
			t.Helper()
			if err := s.Scale(t.Context(), "resize", n); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		var got []string
		follow := func(ctx context.Context, who string) (ended chan struct{}) {
			ended = make(chan struct{})
			go func() {
				defer close(ended)
				s.Follow(ctx, func(e Event) { got = append(got, fmt.Sprint(who, e.To)) })
			}()
			synctest.Wait()
			return ended
		}
		order(2) // before anybody follows
		ctx, cancel := context.WithCancel(t.Context())
		first := follow(ctx, "a")
		order(3)
		if err := b.set("resize", 3, 3); err != nil { // an update of what was told
			t.Fatal(err)
		}
		synctest.Wait()
		order(4)
		cancel()
		<-first
		second := follow(t.Context(), "b")
		order(5)
		stop()
		<-second
		if diff := cmp.Diff([]string{"a3", "a4", "b5"}, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestSlowFollowerBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, Options{Backend: functions(1, "resize"), LogSize: 10})
		ctx, cancel := context.WithCancel(t.Context())
		var told []int
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Follow(ctx, func(e Event) {
				told = append(told, e.To)
				<-ctx.Done()
			})
		}()
		synctest.Wait()
		for n := range 2000 {
			if err := s.Scale(t.Context(), "resize", 1+n%7); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		<-ended
		if len(told) != 1 {
			t.Errorf("told %v, want only what came before the context's end", told)
		}
	})
}

func TestStreamKeepsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, Options{Backend: functions(1)})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		s.Events().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/?follow=1", nil))
		if got := w.Body.String(); got != strings.Repeat(": alive\n\n", 3) {
			t.Errorf("wrote %q in 50 s, want three comments", got)
		}
	})
}

// TestTail checks that a follower is told of what was, of what comes, and of what becomes of it.
func TestTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDecisionLog(100, time.Now())
		s := &Scaler{decisions: l, stopped: make(chan struct{})}
		for i := range 5 {
			l.add(Event{Function: "a", Kind: KindManual, To: i, Applied: true, Code: CodeScaled}, true)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Tail(ctx, 2, func(events []Event) {
				for _, e := range events {
					got = append(got, fmt.Sprint(e.To, e.ReadyAfter != nil))
				}
			})
		}()
		synctest.Wait()
		id, _ := l.add(Event{Function: "a", Kind: KindManual, To: 9, Applied: true, Code: CodeScaled}, true)
		synctest.Wait()
		l.ready("a", id, time.Second)
		synctest.Wait()
		cancel()
		<-ended
		if diff := cmp.Diff([]string{"3 false", "4 false", "9 false", "9 true"}, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
