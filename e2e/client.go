package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"faas/api"
)

// Client speaks to a gateway as its users do.
type Client struct {
	// Base returns the gateway's URL, Password the password of user admin; both are asked for each request, since
	// a gateway may come back elsewhere.
	Base     func() string
	Password func() (string, error)

	http, stream *http.Client
}

// NewClient makes a client of the gateway at base.
func NewClient(base func() string, password func() (string, error)) *Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	return &Client{
		Base: base, Password: password,
		http:   &http.Client{Timeout: 40 * time.Second, Transport: transport},
		stream: &http.Client{Transport: transport}, // ends with its context
	}
}

// Gateway implements System.
func (c *Client) Gateway() string { return c.Base() }

// Counts implements System: it reads the replica counts of all functions.
func (c *Client) Counts(ctx context.Context) (map[string]Count, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	functions, err := c.Functions(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]Count{}
	for _, f := range functions {
		counts[f.Name] = Count{Desired: f.Replicas, Ready: f.AvailableReplicas}
	}
	return counts, nil
}

// Functions lists all functions.
func (c *Client) Functions(ctx context.Context) ([]api.FunctionStatus, error) {
	var all []api.FunctionStatus
	return all, c.read(ctx, "/system/functions", &all)
}

// Describe reads a function's status.
func (c *Client) Describe(ctx context.Context, function string) (api.FunctionStatus, error) {
	var status api.FunctionStatus
	return status, c.read(ctx, "/system/function/"+function, &status)
}

// Events reads the scaling decisions about function, oldest first, as the gateway shows them.
func (c *Client) Events(ctx context.Context, function string) ([]map[string]any, error) {
	var events []map[string]any
	return events, c.read(ctx, "/system/scale/events?function="+function, &events)
}

func (c *Client) read(ctx context.Context, path string, into any) error {
	body, err := c.request(ctx, http.MethodGet, path, "")
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(body), into)
}

// Deploy makes a function.
func (c *Client) Deploy(ctx context.Context, d api.FunctionDeployment) error {
	return c.write(ctx, http.MethodPost, "/system/functions", d)
}

// Update changes a function.
func (c *Client) Update(ctx context.Context, d api.FunctionDeployment) error {
	return c.write(ctx, http.MethodPut, "/system/functions", d)
}

// Remove removes a function.
func (c *Client) Remove(ctx context.Context, function string) error {
	return c.write(ctx, http.MethodDelete, "/system/functions", api.DeleteFunctionRequest{FunctionName: function})
}

// Scale sets a function's replicas by hand.
func (c *Client) Scale(ctx context.Context, function string, replicas int) error {
	n := uint64(replicas) //nolint:gosec // a test's number
	return c.write(ctx, http.MethodPost, "/system/scale-function/"+function,
		api.ScaleServiceRequest{ServiceName: function, Replicas: &n})
}

func (c *Client) write(ctx context.Context, method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = c.request(ctx, method, path, string(text))
	return err
}

// Invoke calls a function once and returns its answer.
func (c *Client) Invoke(ctx context.Context, function, body string) (string, error) {
	return c.request(ctx, http.MethodPost, "/function/"+function, body)
}

// WaitFor polls until ok is true of the function's counts.
func (c *Client) WaitFor(ctx context.Context, function string, within time.Duration, ok func(Count) bool) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var last Count
	for {
		counts, err := c.Counts(ctx)
		if err == nil {
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

// request sends a request with the gateway's credentials; an answer that is not 2xx is an error.
func (c *Client) request(ctx context.Context, method, path, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base()+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	password, err := c.Password()
	if err != nil {
		return "", err
	}
	req.SetBasicAuth("admin", password)
	res, err := c.http.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("read answer of %s: %w", path, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return "", fmt.Errorf("%s %s: %s: %s", method, path, res.Status, strings.TrimSpace(string(b)))
	}
	return string(b), nil
}
