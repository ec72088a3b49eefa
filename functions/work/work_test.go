package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestWork(t *testing.T) {
	for _, c := range []struct {
		name, query string
		status      int
		size        int
		atLeast     time.Duration
	}{
		{"nothing", "", http.StatusOK, 0, 0},
		{"size", "size=100000", http.StatusOK, 100_000, 0},
		{"cpu", "cpu=20ms&size=3", http.StatusOK, 3, 20 * time.Millisecond},
		{"sleep", "sleep=20ms", http.StatusOK, 0, 20 * time.Millisecond},
		{"always fails", "fail=1", http.StatusInternalServerError, len("failed, as asked\n"), 0},
		{"never fails", "fail=0", http.StatusOK, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			began := time.Now()
			work(w, httptest.NewRequest(http.MethodPost, "/?"+c.query, strings.NewReader("body")))
			if took := time.Since(began); w.Code != c.status || w.Body.Len() != c.size || took < c.atLeast {
				t.Errorf("%d with %d bytes after %s", w.Code, w.Body.Len(), took)
			}
		})
	}
}

func TestParseOrderReportsAll(t *testing.T) {
	_, err := parseOrder(url.Values{"cpu": {"x"}, "sleep": {"-1s"}, "size": {"-1"}, "fail": {"NaN"}})
	want := "cpu=\"x\": use a duration such as 20ms\nsleep=\"-1s\": use a duration such as 20ms\n" +
		"size=\"-1\": use a number of bytes from 0 to 1073741824\nfail=\"NaN\": use a share from 0 to 1"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
