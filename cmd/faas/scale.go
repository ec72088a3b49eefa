package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"faas/function"
	"faas/internal/httperr"
	"faas/internal/top"
)

// scaleCommand is `faas scale`, how functions scale.
type scaleCommand struct {
	Set     scaleSetCommand     `cmd:"" help:"Change how a function scales, without a deployment."`
	Explain scaleExplainCommand `cmd:"" help:"Say why a function has the replicas that it has."`

	Freeze   scaleFreezeCommand   `cmd:"" help:"Keep alerts from changing a function's replicas for a while."`
	Unfreeze scaleUnfreezeCommand `cmd:"" help:"Let them change these again."`
}

// maxAnswer bounds what is read of one answer, in bytes: a function takes some 600, with its labels.
const maxAnswer = 64 << 20

// noRedirects has an answer of 3xx be an answer: a request that changes something would be sent on as one that does not.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// ask sends a request to the gateway, with body as JSON unless it is nil, and reads the answer into to unless that is nil. What
// the gateway refuses is an error in its own words, of kind ErrNotFound for what it says that there is not.
func (c *gatewayFlags) ask(ctx context.Context, method, path string, body, to any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer of %s%s: %w", c.url(), path, err)
	case len(text) > maxAnswer:
		return fmt.Errorf("the answer of %s%s has more than %d MiB", c.url(), path, maxAnswer>>20)
	case to == nil && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"):
		return fmt.Errorf("%s%s answers %s with a page: is that a faas gateway?", c.url(), path, resp.Status)
	case to == nil:
		return nil
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("read %s%s: is that a faas gateway? %w", c.url(), path, err)
	}
	return nil
}

// send is ask whose answer the caller reads and closes.
func (c *gatewayFlags) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	base := c.url()
	req, err := http.NewRequestWithContext(ctx, method, base+path, sent)
	if err != nil {
		return nil, fmt.Errorf("--gateway: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if password != "" {
		req.SetBasicAuth(c.User, password)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}, CheckRedirect: noRedirects}
	resp, err := client.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode < http.StatusBadRequest {
		return nil, redirected(base+path, resp)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, c.refused(top.ErrCredentials, password != "")
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s%s: %w", base, path, err)
	}
	return nil, refusal(base+path, resp, string(text))
}

// unreachable says of a request that got no answer where to look.
func (c *gatewayFlags) unreachable(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("%s cannot be reached (%w): `make up` starts everything, --gateway names another", c.url(), err)
}

// redirected says where a gateway sends one on, which is not followed.
func redirected(asked string, resp *http.Response) error {
	to := resp.Header.Get("Location")
	if at, err := resp.Location(); err == nil {
		to = at.String()
	}
	return fmt.Errorf("%s answers %s to %s: name the gateway that is meant with --gateway", asked, resp.Status, top.Printable(cmp.Or(to, "nowhere")))
}

// refusal is what a gateway answers where it does not do as it was asked.
func refusal(where string, resp *http.Response, text string) error {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = top.Printable(line)
	}
	if text = strings.Join(lines, "\n"); text == "" {
		text = where + " answers " + resp.Status
	}
	if resp.StatusCode == http.StatusNotFound && resp.Header.Get(httperr.OriginHeader) != "" {
		return function.NotFoundf("%s", text)
	}
	return errors.New(text)
}

// scalingPath is where a function's scaling is.
func scalingPath(name string) string { return "/system/functions/" + url.PathEscape(name) + "/scaling" }
