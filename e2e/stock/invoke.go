package stock

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
)

// Invocation is what `faas-cli invoke` was told.
type Invocation struct {
	Name, Namespace string
	Body            []byte
	// ContentType is text/plain where it is empty, Method POST.
	ContentType, Method string
	// Query and Headers are as typed: KEY=VALUE.
	Query, Headers []string
	Async          bool
}

// Answer is that of a function.
type Answer struct {
	Code   int
	Header http.Header
	Body   string
}

// Invoke is `faas-cli invoke`. It never sends the login. Answers that the client shows as failures are an *Error beside.
func (c *Client) Invoke(ctx context.Context, i Invocation) (Answer, error) {
	path := "/function/"
	if i.Async {
		path = "/async-function/"
	}
	path += i.Name
	namespace := i.Namespace
	if c.Age == Age2025 && namespace == "" {
		namespace = "openfaas-fn"
	}
	if namespace != "" {
		path += "." + namespace
	}
	query, err := i.query(c.Age)
	if err != nil {
		return Answer{}, err
	}
	method := i.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Gateway+path+query, bytes.NewReader(i.Body))
	if err != nil {
		return Answer{}, err
	}
	if err := i.headers(c.Age, req.Header); err != nil {
		return Answer{}, err
	}
	return c.answer(req)
}

// query is the query string with its question mark: as typed in earlier releases, encoded in later ones.
func (i Invocation) query(age Age) (string, error) {
	if len(i.Query) == 0 {
		return "", nil
	}
	if age != Age2025 {
		return "?" + strings.Join(i.Query, "&"), nil
	}
	values := url.Values{}
	for _, q := range i.Query {
		key, value, ok := strings.Cut(q, "=")
		if !ok {
			return "", fmt.Errorf("query %q is not KEY=VALUE", q)
		}
		values.Add(key, value)
	}
	return "?" + values.Encode(), nil
}

func (i Invocation) headers(age Age, to http.Header) error {
	if to.Set("Content-Type", "text/plain"); i.ContentType != "" {
		to.Set("Content-Type", i.ContentType)
	}
	if age == Age2025 {
		to.Set("User-Agent", fmt.Sprintf("faas-cli/%s (openfaas; %s; %s)", age, runtime.GOOS, runtime.GOARCH))
	}
	for _, h := range i.Headers {
		key, value, ok := strings.Cut(h, "=")
		if !ok {
			return fmt.Errorf("header %q is not KEY=VALUE", h)
		}
		to.Add(key, value)
	}
	return nil
}

// answer sends an invocation. The client has no time-out for it.
func (c *Client) answer(req *http.Request) (Answer, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	text, err := io.ReadAll(res.Body)
	a := Answer{Code: res.StatusCode, Header: res.Header, Body: string(text)}
	if err != nil {
		return a, fmt.Errorf("%s %s: read the answer: %w", req.Method, req.URL.Path, err)
	}
	if a.Code < 200 || a.Code > 299 {
		return a, &Error{Method: req.Method, Path: req.URL.Path, Code: a.Code, Text: a.Body}
	}
	return a, nil
}
