package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"faas/api"
)

// Counts reads the replica counts of all functions from the gateway's metrics.
func (s *System) Counts(ctx context.Context) (map[string]Count, error) {
	s.mu.Lock()
	url := "http://" + s.addresses.Metrics + "/metrics/scaling"
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	body, err := s.request(ctx, http.MethodGet, url, "")
	if err != nil {
		return nil, err
	}
	counts := map[string]Count{}
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		m := countLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[3])
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", lines.Text(), err)
		}
		c := counts[m[2]]
		if m[1] == "count" {
			c.Desired = n
		} else {
			c.Ready = n
		}
		counts[m[2]] = c
	}
	return counts, nil
}

var countLine = regexp.MustCompile(`^gateway_service_(count|ready_count)\{function_name="([^"]+)"\} (\d+)$`)

// Scale sets a function's replicas by hand.
func (s *System) Scale(ctx context.Context, function string, replicas int) error {
	_, err := s.request(ctx, http.MethodPost, s.Gateway()+"/system/scale-function/"+function,
		fmt.Sprintf(`{"serviceName":%q,"replicas":%d}`, function, replicas))
	return err
}

// Describe reads a function's status.
func (s *System) Describe(ctx context.Context, function string) (api.FunctionStatus, error) {
	var status api.FunctionStatus
	body, err := s.request(ctx, http.MethodGet, s.Gateway()+"/system/function/"+function, "")
	if err != nil {
		return status, err
	}
	return status, json.Unmarshal([]byte(body), &status)
}

// Invoke calls a function once and returns its answer.
func (s *System) Invoke(ctx context.Context, function, body string) (string, error) {
	return s.request(ctx, http.MethodPost, s.Gateway()+"/function/"+function, body)
}

// Events reads the scaling decisions about function, oldest first, as the gateway shows them.
func (s *System) Events(ctx context.Context, function string) ([]map[string]any, error) {
	body, err := s.request(ctx, http.MethodGet, s.Gateway()+"/system/scale/events?function="+function, "")
	if err != nil {
		return nil, err
	}
	var events []map[string]any
	return events, json.Unmarshal([]byte(body), &events)
}

// WaitFor polls until ok is true of the function's counts.
func (s *System) WaitFor(ctx context.Context, function string, within time.Duration, ok func(Count) bool) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var last Count
	for {
		if counts, err := s.Counts(ctx); err == nil {
			if last = counts[function]; ok(last) {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s has %d replicas, %d ready, after %s", function, last.Desired, last.Ready, within)
		}
	}
}

// request sends a request with the system's credentials; an answer that is not 2xx is an error.
func (s *System) request(ctx context.Context, method, url, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if password, err := os.ReadFile(filepath.Join(s.Data(), "secrets", "basic-auth-password")); err == nil {
		req.SetBasicAuth("admin", strings.TrimSpace(string(password)))
	}
	res, err := s.client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("read answer of %s: %w", url, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return "", fmt.Errorf("%s %s: %s: %s", method, url, res.Status, strings.TrimSpace(string(b)))
	}
	return string(b), nil
}
