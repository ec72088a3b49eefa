package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// healthTimeout is shorter than the shortest interval at which Docker checks.
const healthTimeout = 3 * time.Second

// healthcheckCommand is `faas healthcheck`, for images that have no shell and no curl.
type healthcheckCommand struct {
	URL string `default:"http://127.0.0.1:8080/healthz" placeholder:"URL" env:"FAAS_HEALTHCHECK_URL" help:"What must answer with a status below 400 (default ${default})."`
}

// Run prints one line, and fails where the answer is not good or does not come.
func (c *healthcheckCommand) Run(ctx context.Context, app *kong.Kong) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return fmt.Errorf("--url %s: %w", c.URL, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err // it names the URL
	}
	defer func() { _ = res.Body.Close() }()                    // only read
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxHealth)) // it only helps to explain
	line := fmt.Sprintf("%s: %s %s", c.URL, res.Status, strings.Join(strings.Fields(string(text)), " "))
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("unhealthy: %s", line)
	}
	_, err = fmt.Fprintln(app.Stdout, strings.TrimSpace(line))
	return err
}

// maxHealth is how much of the answer is shown, in bytes.
const maxHealth = 500
