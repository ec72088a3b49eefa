package alerting

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/alertmanager/pkg/labels"

	"faas/function"
)

// transport stands in the place of Alertmanagers.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// newClient makes one of http://alertmanager:9093, which has the addresses 10.0.0.1 and 10.0.0.2.
func newClient(t *testing.T, f transport) *Client {
	t.Helper()
	c, err := New(Options{
		URLs:   []string{"http://alertmanager:9093/prefix"},
		Client: &http.Client{Transport: f},
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{
				netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("::ffff:10.0.0.1"), netip.MustParseAddr("fd00::1"),
			}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew(t *testing.T) {
	for _, urls := range [][]string{
		nil, {""}, {"alertmanager:9093"}, {"ftp://a"}, {"http://"}, {"http://a?b"}, {"http://a", "http://u:secret@b#c"}, {"http://a:b"},
	} {
		_, err := New(Options{URLs: urls})
		if !errors.Is(err, function.ErrInvalid) {
			t.Errorf("%q: error %v", urls, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error has the password: %v", urls, err)
		}
	}
}

func TestPush(t *testing.T) {
	var mu sync.Mutex
	var got []string
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Method+" "+r.URL.String()+" for "+r.Host+" "+r.Header.Get("Content-Type")+" "+string(body))
		return answer(200, "")
	})
	at := time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	err := c.Push(t.Context(), Alert{
		Labels: map[string]string{"alertname": "FunctionOverload", "replicas": "7"}, StartsAt: at, EndsAt: at.Add(10 * time.Second),
	}, Alert{Labels: map[string]string{"alertname": "x"}, Annotations: map[string]string{"reason": "r"}})
	if err != nil {
		t.Fatal(err)
	}
	const rest = `:9093/prefix/api/v2/alerts for alertmanager:9093 application/json ` +
		`[{"labels":{"alertname":"FunctionOverload","replicas":"7"},"startsAt":"2026-07-01T18:00:00Z","endsAt":"2026-07-01T18:00:10Z"},` +
		`{"labels":{"alertname":"x"},"annotations":{"reason":"r"}}]`
	slices.Sort(got)
	if diff := cmp.Diff([]string{"POST http://10.0.0.1" + rest, "POST http://10.0.0.2" + rest}, got); diff != "" {
		t.Error(diff)
	}
}

// TestFailures checks what counts as an error when some or all Alertmanagers fail.
func TestFailures(t *testing.T) {
	refused := errors.New("connection refused")
	tests := []struct {
		name     string
		one, two func() (*http.Response, error)
		kind     error
		says     []string
	}{
		{name: "one away", one: func() (*http.Response, error) { return nil, refused }},
		{name: "one broken", two: func() (*http.Response, error) { return answer(500, "no room") }},
		{
			name: "both away",
			one:  func() (*http.Response, error) { return nil, refused },
			two:  func() (*http.Response, error) { return answer(503, "starting") },
			kind: function.ErrUnavailable,
			says: []string{"http://alertmanager:9093/prefix (10.0.0.1): connection refused", "(10.0.0.2): it answers 503 Service Unavailable: \"starting\""},
		},
		{
			name: "both refuse",
			one:  func() (*http.Response, error) { return answer(400, "bad label") },
			two:  func() (*http.Response, error) { return answer(400, "bad label") },
			kind: function.ErrInvalid, says: []string{"bad label"},
		},
		{
			name: "one refuses and one is away",
			one:  func() (*http.Response, error) { return answer(400, "bad label") },
			two:  func() (*http.Response, error) { return nil, refused },
			kind: function.ErrUnavailable,
		},
		{
			name: "none has it",
			one:  func() (*http.Response, error) { return answer(404, "") },
			two:  func() (*http.Response, error) { return answer(404, "") },
			kind: function.ErrNotFound,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				of := tt.one
				if r.URL.Hostname() == "10.0.0.2" {
					of = tt.two
				}
				if of == nil {
					return answer(200, "[]")
				}
				return of()
			})
			_, listErr := c.Silences(t.Context())
			for what, err := range map[string]error{
				"push": c.Push(t.Context(), Alert{}), "list": listErr, "expire": c.Expire(t.Context(), "a"),
			} {
				if kind := function.Kind(err); !errors.Is(kind, tt.kind) {
					t.Errorf("%s: %v of kind %v, want %v", what, err, kind, tt.kind)
				}
				for _, text := range tt.says {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("%s: %v, want %q", what, err, text)
					}
				}
			}
		})
	}
}

// TestHanging checks how long a call takes when one Alertmanager hangs, or all do, and that it is told of once.
func TestHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := true
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			if all || r.URL.Hostname() == "10.0.0.1" {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(200, "[]")
		})
		var log strings.Builder
		c.log = slog.New(slog.NewTextHandler(&log, nil))
		began := time.Now()
		if _, err := c.Silences(t.Context()); !errors.Is(err, function.ErrUnavailable) || time.Since(began) != callTimeout {
			t.Errorf("error %v after %s", err, time.Since(began))
		}
		all = false
		for range 3 {
			began = time.Now()
			if err := c.Push(t.Context(), Alert{}); err != nil || time.Since(began) != patience {
				t.Errorf("error %v after %s", err, time.Since(began))
			}
		}
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, errSlow.Error()) {
			t.Errorf("log:\n%s", text)
		}
	})
}

// TestLookup checks that a host that cannot be looked up keeps its addresses, and that other hosts do not need it.
func TestLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, fail := 0, true
		c := newClient(t, func(*http.Request) (*http.Response, error) { return answer(200, "") })
		before := c.lookup
		c.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			calls++
			if fail {
				return nil, errors.New("no such host")
			}
			return before(ctx, host)
		}
		err := c.Push(t.Context(), Alert{})
		if !errors.Is(err, function.ErrUnavailable) || !strings.Contains(err.Error(), "look up alertmanager: no such host") {
			t.Errorf("error %v", err)
		}
		fail = false
		for range 2 {
			if err := c.Push(t.Context(), Alert{}); err != nil {
				t.Error(err)
			}
		}
		if calls != 2 {
			t.Errorf("%d look-ups, want 2", calls)
		}
		fail = true
		time.Sleep(keepAddresses)
		if err := c.Push(t.Context(), Alert{}); err != nil {
			t.Error(err)
		}
		if calls != 3 {
			t.Errorf("%d look-ups, want 3", calls)
		}
	})
}

// listed is what Alertmanager answers to GET /api/v2/silences.
const listed = `[
	{"id":"b","status":{"state":"active"},"updatedAt":"2026-07-01T18:00:01.5Z","startsAt":"2026-07-01T18:00:00Z","endsAt":"2026-07-01T19:00:00Z",
	 "createdBy":"me","comment":"why","annotations":{},"matchers":[
		{"name":"a","value":"1","isRegex":false,"isEqual":true},{"name":"b","value":"2|3","isRegex":true},
		{"name":"c","value":"4","isRegex":false,"isEqual":false},{"name":"d","value":"5","isRegex":true,"isEqual":false}]},
	{"id":"a","status":{"state":"STATE"},"updatedAt":"2026-07-01T18:00:0UPDATEDZ","startsAt":"2026-07-01T18:00:00Z","endsAt":"2026-07-01T19:00:00Z",
	 "createdBy":"","comment":"","matchers":[]},
	{"id":"c","status":{"state":"expired"},"updatedAt":"2026-07-01T18:00:00Z","startsAt":"2026-07-01T18:00:00Z","endsAt":"2026-07-01T18:00:00Z",
	 "createdBy":"","comment":"","matchers":[{"name":"a","value":"(","isRegex":true}]}
]`

func TestSilences(t *testing.T) {
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		if r.URL.Hostname() == "10.0.0.1" { // it has not heard yet that a has expired
			return answer(200, strings.NewReplacer("STATE", "active", "UPDATED", "1").Replace(listed))
		}
		return answer(200, strings.NewReplacer("STATE", "expired", "UPDATED", "2").Replace(listed))
	})
	got, err := c.Silences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	want := Listing{Complete: true, Ended: []string{"a", "c"}, Silences: []Silence{{
		ID: "b", CreatedBy: "me", Comment: "why", State: Active,
		StartsAt: at, EndsAt: at.Add(time.Hour), UpdatedAt: at.Add(1500 * time.Millisecond), Matchers: labels.Matchers{
			{Type: labels.MatchEqual, Name: "a", Value: "1"},
			{Type: labels.MatchRegexp, Name: "b", Value: "2|3"},
			{Type: labels.MatchNotEqual, Name: "c", Value: "4"},
			{Type: labels.MatchNotRegexp, Name: "d", Value: "5"},
		},
	}}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(labels.Matcher{})); diff != "" {
		t.Error(diff)
	}
	if m := got.Silences[0].Matchers[1]; !m.Matches("3") || m.Matches("23") {
		t.Errorf("%s does not match as Alertmanager does", m)
	}
}

// TestSilencesOfSome has one Alertmanager away, or that hangs longer than the other is waited for.
func TestSilencesOfSome(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				switch {
				case r.URL.Hostname() == "10.0.0.2":
					return answer(200, "[]")
				case !hangs:
					return nil, errors.New("connection refused")
				}
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			if got, err := c.Silences(t.Context()); err != nil || got.Complete || len(got.Silences) > 0 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestListingAfter checks which silences that were known stay.
func TestListingAfter(t *testing.T) {
	now := time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	silence := func(id, comment string, ends time.Duration) Silence {
		return Silence{ID: id, Comment: comment, EndsAt: now.Add(ends)}
	}
	before := []Silence{
		silence("d", "known", time.Hour), silence("a", "known", time.Hour), silence("over", "known", 0), silence("ended", "known", time.Hour),
	}
	l := Listing{Silences: []Silence{silence("b", "listed", time.Hour), silence("d", "listed", time.Hour)}, Ended: []string{"ended"}}
	want := []Silence{silence("a", "known", time.Hour), l.Silences[0], l.Silences[1]}
	if diff := cmp.Diff(want, l.After(before, now)); diff != "" {
		t.Error(diff)
	}
	l.Complete = true
	if diff := cmp.Diff(l.Silences, l.After(before, now)); diff != "" {
		t.Error(diff)
	}
}

func TestTooLarge(t *testing.T) {
	c := newClient(t, func(*http.Request) (*http.Response, error) { return answer(200, strings.Repeat(" ", maxAnswer+1)) })
	if _, err := c.Silences(t.Context()); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v", err)
	}
}

// TestSilence makes and expires one over a real connection. The first Alertmanager is away.
func TestSilence(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		got = append(got, r.Method+" "+r.URL.Path+" "+user+":"+password+" "+string(body))
		_, _ = io.WriteString(w, `{"silenceID":"ab12"}`)
	}))
	defer server.Close()
	const away = "http://127.0.0.1:1" // nobody is given this port by asking for any
	c, err := New(Options{URLs: []string{away, strings.Replace(server.URL, "://", "://me:secret@", 1)}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	name, err := labels.NewMatcher(labels.MatchNotRegexp, "function_name", "a|b")
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Silence(t.Context(), Silence{
		StartsAt: at, EndsAt: at.Add(time.Hour), CreatedBy: "me", Comment: "why", Matchers: labels.Matchers{name},
	})
	if id != "ab12" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	if err := c.Expire(t.Context(), "ab12"); err != nil {
		t.Error(err)
	}
	want := []string{
		`POST /api/v2/silences me:secret {"matchers":[{"name":"function_name","value":"a|b","isRegex":true,"isEqual":false}],` +
			`"startsAt":"2026-07-01T18:00:00Z","endsAt":"2026-07-01T19:00:00Z","createdBy":"me","comment":"why"}`,
		`DELETE /api/v2/silence/ab12 me:secret `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	server.Close()
	_, err = c.Silence(t.Context(), Silence{})
	if !errors.Is(err, function.ErrUnavailable) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), away) {
		t.Errorf("error %v", err)
	}
}
