package alerting

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"faas/function"
)

const (
	// callTimeout bounds one call: looking up the addresses, and all of the Alertmanagers' answers.
	callTimeout = 2 * time.Second
	// patience is how long a call waits for the rest once one Alertmanager has answered well: one that hangs must
	// not hold up what another has done already.
	patience = 250 * time.Millisecond
	// maxAnswer bounds an answer in bytes. Alertmanager lists the silences of the last days too, 400 bytes each.
	maxAnswer = 16 << 20
	// maxRefusal is how much of a refusal is read, in bytes.
	maxRefusal = 4 << 10
)

// Options are what a Client needs to know. URLs is required.
type Options struct {
	// URLs are addresses such as http://alertmanager:9093, with the path before /api if there is one. The addresses of
	// a host that has several are that many Alertmanagers, which are looked up again every few seconds; with https it
	// is always one.
	URLs []string
	// Client makes the calls. Nil: one that follows no redirects.
	Client *http.Client
	// Lookup resolves host names. Nil: DNS.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Log gets a line when an Alertmanager begins to fail though another works, and when it works again. Nil: none.
	Log *slog.Logger
}

// Client talks to one or several Alertmanagers, of which one that works is enough. It may be used from several
// goroutines.
type Client struct {
	urls   []*url.URL
	http   *http.Client
	log    *slog.Logger
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	mu      sync.Mutex
	known   map[string]addresses // by host
	failing map[string]bool      // by member
}

// New makes a Client. The error is of kind ErrInvalid and names each URL that cannot be used.
func New(o Options) (*Client, error) {
	if len(o.URLs) == 0 {
		return nil, function.Invalidf("Alertmanager: give its URL, such as http://alertmanager:9093")
	}
	var errs []error
	c := &Client{http: o.Client, log: o.Log, lookup: o.Lookup, known: map[string]addresses{}, failing: map[string]bool{}}
	for _, text := range o.URLs {
		u, err := parseURL(text)
		errs = append(errs, err)
		c.urls = append(c.urls, u)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if c.http == nil {
		c.http = &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: callTimeout},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.lookup == nil {
		c.lookup = dns
	}
	return c, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, function.Invalidf("Alertmanager %.100q: write its URL as http://alertmanager:9093", redacted(u, text))
	}
	return u, nil
}

// redacted is the URL without its password where it could be read.
func redacted(u *url.URL, text string) string {
	if u == nil {
		return text
	}
	return u.Redacted()
}

// all makes a call to every Alertmanager at once. It returns how many it went well with, and what went wrong with the
// rest; where that is all, the error has a kind: theirs if they agree, else ErrUnavailable.
func (c *Client) all(ctx context.Context, what string, call func(context.Context, member) error) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	members, lookupErr := c.members(ctx)
	ctx, hurry := context.WithCancelCause(ctx)
	failed := make([]error, len(members))
	var wg sync.WaitGroup
	var first sync.Once
	for i, m := range members {
		wg.Go(func() {
			if failed[i] = call(ctx, m); failed[i] == nil {
				first.Do(func() { time.AfterFunc(patience, func() { hurry(errSlow) }) })
			}
		})
	}
	wg.Wait()
	hurry(nil)
	well := 0
	for i, m := range members {
		if failed[i] == nil {
			well++
		} else {
			failed[i] = function.Unavailablef("Alertmanager %s: %w", m, failed[i])
		}
	}
	if well > 0 {
		c.tell(members, failed)
		return well, errors.Join(append(failed, lookupErr)...)
	}
	if len(members) == 0 {
		return 0, fmt.Errorf("%s: %w", what, lookupErr)
	}
	return 0, fmt.Errorf("%s: %w", what, agreed(failed))
}

// errSlow is what goes wrong with an Alertmanager that hangs while another has answered.
var errSlow = fmt.Errorf("no answer within %s of another's", patience)

// agreed joins errors, with the kind of the refusals if all have the same.
func agreed(errs []error) error {
	joined := errors.Join(errs...)
	all := func(statuses ...int) bool {
		return !slices.ContainsFunc(errs, func(err error) bool {
			r, ok := errors.AsType[*refusal](err)
			return !ok || !slices.Contains(statuses, r.status)
		})
	}
	switch {
	case all(http.StatusNotFound):
		return function.NotFoundf("%w", joined)
	case all(http.StatusBadRequest, http.StatusUnprocessableEntity):
		return function.Invalidf("%w", joined)
	}
	return function.Unavailablef("%w", joined)
}

// refusal is an answer other than 200.
type refusal struct {
	status int
	text   string
}

// Error implements error.
func (r *refusal) Error() string {
	return fmt.Sprintf("it answers %d %s: %.200q", r.status, http.StatusText(r.status), r.text)
}

// call makes one call to one Alertmanager. A nil into reads nothing.
func (c *Client) call(ctx context.Context, m member, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, m.url.JoinPath("api/v2", path).String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Host = m.host
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		if context.Cause(ctx) == errSlow { //nolint:errorlint // it is that one
			return errSlow
		}
		if broken, ok := errors.AsType[*url.Error](err); ok {
			err = broken.Err // its text has the URL, which the caller says
		}
		return err
	}
	defer func() { _ = res.Body.Close() }() // only read
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, maxRefusal)) // it only helps to explain
		return &refusal{status: res.StatusCode, text: string(bytes.TrimSpace(text))}
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("read its answer: %w", err)
	case len(answer) > maxAnswer:
		return fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read its answer: %w", err)
	}
	return nil
}

// tell logs which Alertmanagers begin to fail while another works, and which work again.
func (c *Client) tell(members []member, failed []error) {
	for i, m := range members {
		name := m.String()
		c.mu.Lock()
		was := c.failing[name]
		if failed[i] == nil {
			delete(c.failing, name)
		} else {
			c.failing[name] = true
		}
		c.mu.Unlock()
		switch {
		case failed[i] != nil && !was:
			c.log.Warn("one of several Alertmanagers fails", "err", failed[i])
		case failed[i] == nil && was:
			c.log.Info("the Alertmanager works again", "alertmanager", name)
		}
	}
}
