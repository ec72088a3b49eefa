package serve

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAddress(t *testing.T) {
	got := map[string]string{}
	for name, env := range map[string]map[string]string{
		"none": {}, "upstream": {"upstream_url": "http://localhost:9000"}, "both": {"upstream_url": "http://localhost:9000", "PORT": "1"},
	} {
		got[name] = Address(func(key string) string { return env[key] })
	}
	want := map[string]string{"none": "127.0.0.1:8082", "upstream": "127.0.0.1:9000", "both": "127.0.0.1:1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRunEndsItsRequests checks that a request without an end of its own is told of the stop, and answered to its end.
func TestRunEndsItsRequests(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		s := Server{Endless: true, Drain: 10 * time.Second}
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "first ")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			_, _ = io.WriteString(w, "last")
		})
		ended <- s.Run(ctx, ln)
	}()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ln.Addr().String(), http.NoBody)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	stop()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "first last" {
		t.Errorf("got %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestRunLetsRequestsEnd checks that a request with an end of its own is not disturbed by the stop.
func TestRunLetsRequestsEnd(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		s := Server{Drain: 10 * time.Second}
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			stop()
			if Wait(r.Context(), 50*time.Millisecond) {
				_, _ = io.WriteString(w, "whole")
			}
		})
		ended <- s.Run(ctx, ln)
	}()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ln.Addr().String(), http.NoBody)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "whole" {
		t.Errorf("got %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
