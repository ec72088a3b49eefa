package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			_, _ = w.Write([]byte("fine"))
		case "/large":
			_, _ = w.Write(make([]byte, maxBody+1))
		case "/largest":
			_, _ = w.Write(make([]byte, maxBody))
		case "/breaks":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	for _, c := range []struct{ name, url, want string }{
		{"large", srv.URL + "/large", srv.URL + "/large answered with more than 8388608 bytes"},
		{"breaks off", srv.URL + "/breaks", "cannot reach " + srv.URL + ": unexpected EOF"},
		{"status", srv.URL + "/none", srv.URL + "/none answered 404 Not Found"},
		{"nobody", "http://127.0.0.1:1/x", "cannot reach http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"no scheme", "hub", `"hub" is no address: write it as https://example.com/page`},
		{"a file", "file:///etc/passwd", `"file:///etc/passwd" is no address: write it as https://example.com/page`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Get(t.Context(), srv.Client(), c.url); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	if body, err := Get(t.Context(), srv.Client(), srv.URL+"/ok"); err != nil || string(body) != "fine" {
		t.Errorf("got %q, %v", body, err)
	}
	if body, err := Get(t.Context(), srv.Client(), srv.URL+"/largest"); err != nil || len(body) != maxBody {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
	var status *StatusError
	if _, err := Get(t.Context(), srv.Client(), srv.URL+"/none"); !errors.As(err, &status) || status.Code != 404 {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := Get(ctx, srv.Client(), srv.URL+"/ok"); err == nil || !strings.HasSuffix(err.Error(), "did not answer in time") {
		t.Errorf("after the deadline: %v", err)
	}
}
