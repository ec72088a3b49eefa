package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// start serves the function. ended gets a value whenever a request is over.
func start(t *testing.T) (srv *httptest.Server, ended <-chan struct{}) {
	t.Helper()
	over := make(chan struct{}, 10)
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream(w, r)
		over <- struct{}{}
	}))
	t.Cleanup(srv.Close)
	return srv, over
}

func get(ctx context.Context, t *testing.T, srv *httptest.Server, query, last string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() }) // only read from
	return res
}

func TestStream(t *testing.T) {
	srv, _ := start(t)
	for _, c := range []struct {
		name, query, last string
		status            int
		body              string
	}{
		{"all", "?n=3&every=1ms", "", 200, "id: 1\ndata: event 1 of 3\n\nid: 2\ndata: event 2 of 3\n\nid: 3\ndata: event 3 of 3\n\n"},
		{"at once", "?n=1&every=0s", "", 200, "id: 1\ndata: event 1 of 1\n\n"},
		{"the rest", "?n=3&every=1ms", "2", 200, "id: 3\ndata: event 3 of 3\n\n"},
		{"nothing is left", "?n=3&every=1ms", "3", 204, ""},
		{"bad id", "?n=3", "x", 400, "Last-Event-ID: send the number of the last event that you have\n"},
		{"bad both", "?n=0&every=soon", "", 400, "n=\"0\": use a number of events from 1 to 10000\nevery=\"soon\": use a duration such as 200ms, at most 25s\n"},
		{"too many", "?n=10001&every=0", "", 400, "n=\"10001\": use a number of events from 1 to 10000\n"},
		{"too long", "?n=100&every=1s", "", 400, "100 events every 1s take 1m39s: ask for at most 25s\n"},
		{"negative", "?every=-1s", "", 400, "every=\"-1s\": use a duration such as 200ms, at most 25s\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := get(t.Context(), t, srv, c.query, c.last)
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != c.status || string(body) != c.body {
				t.Errorf("%d %q, %v", res.StatusCode, body, err)
			}
			if kind := res.Header.Get("Content-Type"); c.status == 200 && kind != "text/event-stream" {
				t.Errorf("it is %s", kind)
			}
		})
	}
}

// TestEachEventIsSentAtOnce reads the first event while the second is far away, and leaves: the function ends long before it is due.
func TestEachEventIsSentAtOnce(t *testing.T) {
	srv, ended := start(t)
	ctx, leave := context.WithCancel(t.Context())
	res := get(ctx, t, srv, "?n=2&every=25s", "")
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || lines.Text() != "id: 1" || !lines.Scan() || lines.Text() != "data: event 1 of 2" {
		t.Errorf("got %q, %v", lines.Text(), lines.Err())
	}
	leave()
	<-ended
}
