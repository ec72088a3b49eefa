package prom

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"faas/function"
)

func TestNew(t *testing.T) {
	for _, urls := range [][]string{nil, {""}, {"127.0.0.1:9090"}, {"http://127.0.0.1:9090", "ftp://a"}, {"http://%"}} {
		if _, err := New(urls, nil); !errors.Is(err, function.ErrInvalid) {
			t.Errorf("%q: %v, want invalid", urls, err)
		}
	}
}

func answering(t *testing.T, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body == "" { // it hangs
			_, _ = io.Copy(io.Discard, r.Body) // else it does not learn that the client left
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestFirstThatAnswers(t *testing.T) {
	const vector = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"2.5"]}]}}`
	const matrix = `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"2.5"]]}]}}`
	const refused = `{"status":"error","errorType":"bad_data","error":"no such thing"}`
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for name, first := range map[string]string{"it works": vector, "it refuses": refused, "it hangs": "", "it is away": "away"} {
		url := "http://127.0.0.1:1"
		if first != "away" {
			url = answering(t, first)
		}
		c, err := New([]string{url, answering(t, vector)}, client)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		got, err := c.Instant(ctx, "x")
		cancel()
		if err != nil || len(got) != 1 || got[0].Value != 2.5 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	c, err := New([]string{answering(t, matrix), "http://user:secret@127.0.0.1:1"}, client)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Range(t.Context(), "x", v1.Range{Start: time.Unix(1, 0), End: time.Unix(2, 0), Step: time.Second})
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	_, err = c.Instant(t.Context(), "x")
	if !errors.Is(err, function.ErrUnavailable) || !strings.Contains(err.Error(), "an answer of the type matrix") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// TestEndlessAnswer checks that no answer is read without a bound, and that one which is too long says so.
func TestEndlessAnswer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		part := bytes.Repeat([]byte(" "), 1<<20)
		for r.Context().Err() == nil {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	c, err := New([]string{s.URL}, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Instant(t.Context(), "x"); !errors.Is(err, function.ErrUnavailable) || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("error %v", err)
	}
}
