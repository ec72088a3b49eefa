package httperr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"faas/function"
)

func TestStatus(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"nil", nil, 200},
		{"invalid", function.Invalidf("x"), 400},
		{"not found", function.NotFoundf("x"), 404},
		{"conflict", function.Conflictf("x"), 409},
		{"unavailable", function.Unavailablef("x"), 503},
		{"wrapped", fmt.Errorf("scale: %w", fmt.Errorf("read: %w", function.ErrNotFound)), 404},
		{"invalid for something not found", function.Invalidf("secret: %w", function.NotFoundf("s")), 400},
		{"unavailable at its deadline", function.Unavailablef("wake: %w", context.DeadlineExceeded), 503},
		{"deadline", fmt.Errorf("ask: %w", context.DeadlineExceeded), 504},
		{"client gone", fmt.Errorf("ask: %w", context.Canceled), 499},
		{"body too large", function.Invalidf("read body: %w", &http.MaxBytesError{Limit: 5}), 413},
		{"no kind", errors.New("x"), 500},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Status(tt.err); got != tt.want {
				t.Errorf("Status = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	tests := []struct {
		name       string
		err        error
		retryAfter string // set before
		want       int
		wantText   string
		wantRetry  string
	}{
		{"a kind shows its text", function.NotFoundf("no function %q", "a"), "", 404, `no function "a"`, ""},
		{"an internal error keeps its text to the log", errors.New("dial 10.0.0.7"), "", 500, "internal error: see the gateway's log", ""},
		{"unavailable says when to retry", function.Unavailablef("full"), "", 503, "full", "1"},
		{"unavailable keeps what was said", function.Unavailablef("full"), "30", 503, "full", "30"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if tt.retryAfter != "" {
				w.Header().Set("Retry-After", tt.retryAfter)
			}
			Write(w, tt.err)
			res := w.Result()
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(string(body)); res.StatusCode != tt.want || got != tt.wantText {
				t.Errorf("%d %q, want %d %q", res.StatusCode, got, tt.want, tt.wantText)
			}
			if got := res.Header.Get("Retry-After"); got != tt.wantRetry {
				t.Errorf("Retry-After %q, want %q", got, tt.wantRetry)
			}
			if got := res.Header.Get(OriginHeader); got != "gateway" {
				t.Errorf("%s %q, want gateway", OriginHeader, got)
			}
			if got := res.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}
