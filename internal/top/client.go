package top

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 64 << 20

// maxDecisions is how many decisions are asked for and kept.
const maxDecisions = 500

// Client reads from one gateway. It is not for concurrent use.
type Client struct {
	// Gateway and Metrics are the base URLs of the API and of the metrics port.
	Gateway, Metrics string
	// User and Password are for HTTP Basic. No password: none is sent.
	User, Password string
	// HTTP makes the requests.
	HTTP *http.Client

	decisions []Decision
}

// ErrCredentials means that the gateway wants other credentials, or any.
var ErrCredentials = errors.New("the gateway refuses the credentials: give --user and --password-file")

// Sample asks for everything once. Errors say what to do where something can be done.
func (c *Client) Sample(ctx context.Context) (Sample, error) {
	var s Sample
	if err := c.getJSON(ctx, "/system/functions", &s.Functions); err != nil {
		return Sample{}, err
	}
	for i := range s.Functions {
		s.Functions[i].Blocked = Printable(s.Functions[i].Blocked)
	}
	var err error
	if s.ControlLoop, err = c.controlLoop(ctx); err != nil {
		return Sample{}, err
	}
	if s.Decisions, err = c.newDecisions(ctx); err != nil {
		return Sample{}, err
	}
	if err := c.getJSON(ctx, "/system/scale/frozen", &s.Frozen); err != nil {
		return Sample{}, err
	}
	for i := range s.Frozen {
		s.Frozen[i].Silence, s.Frozen[i].Comment = Printable(s.Frozen[i].Silence), Printable(s.Frozen[i].Comment)
	}
	body, err := c.get(ctx, c.Metrics, "/metrics", false)
	if err != nil {
		return Sample{}, fmt.Errorf("%w (--metrics-url names the metrics port)", err)
	}
	s.At = time.Now()
	if s.Counters, err = ParseMetrics(bytes.NewReader(body)); err != nil {
		return Sample{}, err
	}
	return s, nil
}

func (c *Client) controlLoop(ctx context.Context) (string, error) {
	var health struct {
		ControlLoop string `json:"control_loop"`
	}
	if err := c.getJSON(ctx, "/healthz", &health); err != nil {
		return "", err
	}
	return Printable(health.ControlLoop), nil
}

// newDecisions asks for those since the last time, and returns them with the ones before.
func (c *Client) newDecisions(ctx context.Context) ([]Decision, error) {
	query := url.Values{"limit": {strconv.Itoa(maxDecisions)}}
	if n := len(c.decisions); n > 0 {
		query.Set("since", strconv.FormatInt(c.decisions[n-1].ID, 10))
	}
	var fresh []Decision
	if err := c.getJSON(ctx, "/system/scale/events?"+query.Encode(), &fresh); err != nil {
		return nil, err
	}
	for i := range fresh {
		fresh[i].Reason = Printable(fresh[i].Reason)
	}
	all := make([]Decision, 0, len(c.decisions)+len(fresh)) // a new one: the old belongs to the old sample
	all = append(append(all, c.decisions...), fresh...)
	c.decisions = all[max(0, len(all)-maxDecisions):]
	return c.decisions, nil
}

func (c *Client) getJSON(ctx context.Context, path string, to any) error {
	body, err := c.get(ctx, c.Gateway, path, true)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("read %s%s: is that a faas gateway? %w", c.Gateway, path, err)
	}
	return nil
}

func (c *Client) get(ctx context.Context, base, path string, credentials bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	if credentials && c.Password != "" {
		req.SetBasicAuth(c.User, c.Password)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		another := "" // for the metrics the caller says it
		if credentials {
			another = ", --gateway names another"
		}
		return nil, fmt.Errorf("%s cannot be reached (%w): `make up` starts everything%s", base, errors.Unwrap(err), another)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s%s: %w", base, path, err)
	case resp.StatusCode == http.StatusUnauthorized:
		return nil, ErrCredentials
	case resp.StatusCode != http.StatusOK && path != "/healthz": // that tells the same while it drains
		return nil, fmt.Errorf("%s%s answers %s: %s", base, path, resp.Status, Printable(string(body[:min(200, len(body))])))
	}
	return body, nil
}
