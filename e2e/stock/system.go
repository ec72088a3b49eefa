package stock

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Login is the call by which `faas-cli login` tries what the user typed.
func (c *Client) Login(ctx context.Context, user, password string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := newRequest(ctx, http.MethodGet, c.Gateway+"/system/functions", nil, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(user, password)
	_, err = finish(c.http, req, http.StatusOK)
	return err
}

// Info is what `faas-cli version` shows of the gateway.
type Info struct {
	Provider struct {
		Provider      string  `json:"provider"`
		Orchestration string  `json:"orchestration"`
		Version       Version `json:"version"`
	} `json:"provider"`
	Version Version `json:"version"`
	Arch    string  `json:"arch"`
}

// Version is that of a part.
type Version struct {
	Release string `json:"release"`
	SHA     string `json:"sha"`
}

// Info is the call of `faas-cli version`, which breaks off where a field that it prints is missing.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var info Info
	text, err := c.call(ctx, http.MethodGet, "/system/info", nil, nil, http.StatusOK)
	if err != nil {
		return info, err
	}
	return info, decode(text, &info, "provider.provider", "provider.orchestration", "provider.version.release",
		"provider.version.sha", "version.release", "version.sha", "arch")
}

// Namespaces is `faas-cli namespaces`.
func (c *Client) Namespaces(ctx context.Context) ([]string, error) {
	text, err := c.call(ctx, http.MethodGet, "/system/namespaces", nil, nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	return decodeList[string](text)
}

// Ready is `faas-cli ready`: it asks once an interval until the gateway is ready, at most so often.
func (c *Client) Ready(ctx context.Context, attempts int, interval time.Duration) error {
	return wait(ctx, attempts, interval, func() error {
		req, err := newRequest(ctx, http.MethodGet, c.Gateway+"/healthz", nil, nil)
		if err != nil {
			return err
		}
		_, err = finish(c.http, req, http.StatusOK)
		return err
	})
}

// FunctionReady is `faas-cli ready FUNCTION`: it describes the function until one of its replicas is available.
func (c *Client) FunctionReady(ctx context.Context, name, namespace string, attempts int, interval time.Duration) error {
	return wait(ctx, attempts, interval, func() error {
		f, err := c.Describe(ctx, name, namespace)
		if err == nil && f.AvailableReplicas == 0 {
			err = fmt.Errorf("function %s has no available replica of %d", name, f.Replicas)
		}
		return err
	})
}

// wait tries until there is no error, at most so often.
func wait(ctx context.Context, attempts int, interval time.Duration, try func() error) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var err error
	for i := range attempts {
		if err = try(); err == nil {
			return nil
		}
		if i+1 == attempts {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("not ready after %d attempts: %w", attempts, err)
}
