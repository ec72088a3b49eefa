package stock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Age is a generation of faas-cli, as the package's documentation tells them apart.
type Age string

// The ages.
const (
	Age2018 Age = "0.8.9"
	Age2021 Age = "0.14.2"
	Age2025 Age = "0.17.8"
)

// Ages are all ages, oldest first.
func Ages() []Age { return []Age{Age2018, Age2021, Age2025} }

// Client is faas-cli.
type Client struct {
	// Gateway is the gateway's URL, without a slash at its end.
	Gateway string
	Age     Age
	// User and Password are those of the login. No user: there was none.
	User, Password string

	http  *http.Client
	conns *http.Transport
}

// New makes a client of the gateway at this URL. Its connections are its own; Close ends them.
func New(gateway string, age Age, user, password string) *Client {
	conns := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}
	return &Client{
		Gateway: strings.TrimRight(gateway, "/"), Age: age, User: user, Password: password, conns: conns,
		http: &http.Client{
			Transport:     conns,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Through sends all that follows through what wrap makes of the transport that was used until now.
func (c *Client) Through(wrap func(http.RoundTripper) http.RoundTripper) {
	c.http.Transport = wrap(c.http.Transport)
}

// Close ends the connections that are idle.
func (c *Client) Close() { c.conns.CloseIdleConnections() }

// commandTimeout is what faas-cli allows a call to /system.
const commandTimeout = 60 * time.Second

// Error is an answer that a client takes for a failure.
type Error struct {
	Method, Path string
	Code         int
	// Text is what the client shows to its user.
	Text string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Code, strings.TrimSpace(e.Text))
}

// Code is the status of the answer that err tells of. 0: it tells of none.
func Code(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// call sends a request to the API and returns the answer's body. ok are the statuses that the client takes for success.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, body any, ok ...int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	req, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	return finish(c.http, req, ok...)
}

// request makes a request to the API.
func (c *Client) request(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	req, err := newRequest(ctx, method, c.Gateway+path, query, body)
	if err != nil {
		return nil, err
	}
	// The first releases deployed with no word of what the body is.
	if body != nil && (c.Age != Age2018 || method == http.MethodDelete) {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Age == Age2025 {
		req.Header.Set("User-Agent", "faas-cli/"+string(c.Age))
	}
	switch {
	case c.User != "":
		req.SetBasicAuth(c.User, c.Password)
	case c.Age != Age2018:
		req.Header.Set("Authorization", "Bearer ") // that of a token which there is not
	}
	return req, nil
}

// newRequest makes a request with a body in JSON, without any header.
func newRequest(ctx context.Context, method, address string, query url.Values, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return http.NewRequestWithContext(ctx, method, address, content)
}

// finish sends req and reads the answer to its end.
func finish(h *http.Client, req *http.Request, ok ...int) ([]byte, error) {
	res, err := h.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", req.Method, req.URL.Path, err)
	}
	if !slices.Contains(ok, res.StatusCode) {
		return text, &Error{Method: req.Method, Path: req.URL.Path, Code: res.StatusCode, Text: string(text)}
	}
	return text, nil
}

// inNamespace is the query of calls about a namespace. Empty: none is named.
func inNamespace(namespace string) url.Values {
	if namespace == "" {
		return nil
	}
	return url.Values{"namespace": {namespace}}
}
