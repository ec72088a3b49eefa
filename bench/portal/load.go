package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

// load sends requests at a steady rate, each when it is due, until ctx ends.
func load(ctx context.Context, url string, rate float64) {
	client := &http.Client{Timeout: 5 * time.Second}
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("hello"))
		if err != nil {
			return
		}
		if res, err := client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, res.Body) // it is the page that is measured
			_ = res.Body.Close()
		}
	}
}
