package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/charmbracelet/x/term"
	"golang.org/x/net/http/httpguts"

	"faas/function"
	"faas/internal/httperr"
)

// invokeCommand is `faas invoke`.
type invokeCommand struct {
	gatewayFlags
	Name     string        `arg:"" name:"function" help:"The function, with a path below it where one is wanted: NAME/path."`
	Method   string        `short:"m" default:"POST" placeholder:"METHOD" help:"Method of the request (default ${default})."`
	Header   []string      `short:"H" sep:"none" placeholder:"'NAME: VALUE'" help:"A header of the request. May be given several times, as --query."`
	Query    []string      `sep:"none" placeholder:"KEY=VALUE" help:"A parameter of the request."`
	Body     *string       `placeholder:"TEXT" help:"What is sent, or @FILE for what is in a file. Default: what standard input has; nothing with the methods GET, HEAD and DELETE."`
	Async    bool          `short:"a" help:"Have the call kept and made later, and do not wait for its answer."`
	Callback string        `placeholder:"URL" help:"Where the answer of an --async call is sent."`
	Timeout  time.Duration `placeholder:"TIME" help:"How long to wait for the answer. Default: as long as the gateway does."`
	Include  bool          `short:"i" help:"Print status and headers before the answer."`
	outputFlag

	stdin io.Reader // nil: standard input
}

// Help is called by the parser.
func (*invokeCommand) Help() string {
	return "Prints the answer. The exit status is 0 for an answer below 400 and 1 for all others, which are printed too. The password is not sent: " +
		"functions need none."
}

// Validate is called by the parser.
func (c *invokeCommand) Validate() error {
	if c.Callback != "" && !c.Async {
		return errors.New("--callback goes with --async")
	}
	for _, h := range c.Header {
		name, value, ok := strings.Cut(h, ":")
		if !ok || !httpguts.ValidHeaderFieldName(strings.TrimSpace(name)) || !httpguts.ValidHeaderFieldValue(strings.TrimSpace(value)) {
			return fmt.Errorf("--header %q: write it as 'Name: value'", h)
		}
	}
	if strings.Contains(c.Name, "#") {
		return fmt.Errorf("%q: what follows # is not sent: write %%23 for it", c.Name)
	}
	for _, q := range c.Query {
		if !strings.Contains(q, "=") {
			return fmt.Errorf("--query %q: write it as key=value", q)
		}
	}
	return nil
}

// answer is what -o json prints of an invocation.
type answer struct {
	Function string              `json:"function"`
	Status   int                 `json:"status"`
	CallID   string              `json:"callId,omitempty"`
	Seconds  float64             `json:"seconds"`
	Header   map[string][]string `json:"header"`
	// Body is the answer where it is text, and base64 as JSON has bytes where it is not.
	Body  string `json:"body,omitempty"`
	Bytes []byte `json:"bytes,omitempty"`
}

// Run calls the function once.
func (c *invokeCommand) Run(ctx context.Context, app *kong.Kong) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	if c.Timeout > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	req, err := c.request(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	client := &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: noRedirects, // it is the function's answer
	}
	resp, err := client.Do(req)
	if err != nil {
		if c.Timeout > 0 && errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("invoke %s: no answer in %s (--timeout)", c.Name, c.Timeout)
		}
		return c.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	name, _, _ := strings.Cut(c.Name, "/")
	if resp.StatusCode == http.StatusNotFound && resp.Header.Get(httperr.OriginHeader) != "" {
		return c.unknown(ctx, "invoke", name, function.NotFoundf("%s", name))
	}
	if to, err := resp.Location(); err == nil && to.Path == req.URL.Path && (to.Scheme != req.URL.Scheme || to.Host != req.URL.Host) {
		return fmt.Errorf("invoke %s: %w", name, redirected(req.URL.String(), resp)) // nothing was called
	}
	if err := c.print(app.Stdout, resp, began); err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("invoke %s: %s, call %s; `faas logs %s` may say why", name, resp.Status, cmp.Or(resp.Header.Get("X-Call-Id"), "unknown"), name)
	}
	return nil
}

func (c *invokeCommand) request(ctx context.Context) (*http.Request, error) {
	name, path, _ := strings.Cut(c.Name, "/")
	at := "/function/"
	if c.Async {
		at = "/async-function/"
	}
	target := c.url() + at + url.PathEscape(name)
	if path != "" {
		target += "/" + path
	}
	if len(c.Query) > 0 {
		query := make([]string, len(c.Query))
		for i, q := range c.Query {
			key, value, _ := strings.Cut(q, "=")
			query[i] = url.QueryEscape(key) + "=" + url.QueryEscape(value)
		}
		between := "?"
		if strings.Contains(path, "?") {
			between = "&"
		}
		target += between + strings.Join(query, "&")
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, strings.ToUpper(c.Method), target, body)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", name, err)
	}
	for _, h := range c.Header {
		key, value, _ := strings.Cut(h, ":")
		if key, value = strings.TrimSpace(key), strings.TrimSpace(value); strings.EqualFold(key, "Host") {
			req.Host = value
		} else {
			req.Header.Add(key, value)
		}
	}
	if c.Callback != "" {
		req.Header.Set("X-Callback-Url", c.Callback)
	}
	return req, nil
}

// body is what is sent.
func (c *invokeCommand) body() (io.Reader, error) {
	method := strings.ToUpper(c.Method)
	switch {
	case c.Body != nil && strings.HasPrefix(*c.Body, "@"):
		file, err := os.ReadFile((*c.Body)[1:])
		if err != nil {
			return nil, fmt.Errorf("--body: %w", err)
		}
		return strings.NewReader(string(file)), nil
	case c.Body != nil:
		return strings.NewReader(*c.Body), nil
	case method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete:
		return http.NoBody, nil
	case c.stdin != nil:
		return c.stdin, nil
	case term.IsTerminal(os.Stdin.Fd()):
		fmt.Fprintln(os.Stderr, "reading standard input; Ctrl-D ends it (--body gives the body, --method GET none)")
	}
	return io.NopCloser(os.Stdin), nil // it is not the request's to close
}

func (c *invokeCommand) print(to io.Writer, resp *http.Response, began time.Time) error {
	if c.Output == "json" {
		return c.printJSON(to, resp, began)
	}
	if c.Include {
		fmt.Fprintf(to, "%s %s\n", resp.Proto, resp.Status)
		_ = resp.Header.Write(to) // as the next line
		fmt.Fprintln(to)
	}
	n, err := io.Copy(to, resp.Body)
	if err != nil {
		return fmt.Errorf("the answer of %s broke off after %d bytes: %w", c.Name, n, err)
	}
	if c.Async && resp.StatusCode == http.StatusAccepted && !c.Include {
		fmt.Fprintf(to, "accepted, call %s\n", resp.Header.Get("X-Call-Id"))
	}
	return nil
}

func (c *invokeCommand) printJSON(to io.Writer, resp *http.Response, began time.Time) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("the answer of %s broke off after %d bytes: %w", c.Name, len(body), err)
	}
	name, _, _ := strings.Cut(c.Name, "/")
	a := answer{Function: name, Status: resp.StatusCode, CallID: resp.Header.Get("X-Call-Id"), Seconds: time.Since(began).Seconds(), Header: resp.Header}
	if text := string(body); strings.ToValidUTF8(text, "") == text {
		a.Body = text
	} else {
		a.Bytes = body
	}
	return writeJSON(to, a)
}
