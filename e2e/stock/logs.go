package stock

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// LogRequest is what `faas-cli logs` was told.
type LogRequest struct {
	Name, Namespace, Instance string
	// Since is left out where it is zero.
	Since time.Time
	// Tail is -1 where the user says nothing, and left out where it is 0.
	Tail   int
	Follow bool
}

func (r LogRequest) query(follow string) url.Values {
	query := url.Values{"name": {r.Name}, "follow": {follow}}
	if r.Instance != "" {
		query.Set("instance", r.Instance)
	}
	if r.Namespace != "" {
		query.Set("namespace", r.Namespace)
	}
	if !r.Since.IsZero() {
		query.Set("since", r.Since.Format(time.RFC3339))
	}
	if r.Tail != 0 {
		query.Set("tail", strconv.Itoa(r.Tail))
	}
	return query
}

// LogMessage is one line of a log.
type LogMessage struct {
	Name      string    `json:"name"`
	Namespace string    `json:"namespace"`
	Instance  string    `json:"instance"`
	Timestamp time.Time `json:"timestamp"`
	Text      string    `json:"text"`
}

// Logs is `faas-cli logs`: it gives each message to tell as it comes, until the stream ends, ctx ends or tell says false.
// It has no time-out, as the client has none for it.
func (c *Client) Logs(ctx context.Context, r LogRequest, tell func(LogMessage) bool) error {
	if c.Age != Age2025 {
		r.Namespace = ""
	}
	req, err := c.request(ctx, http.MethodGet, "/system/logs", r.query(strconv.FormatBool(r.Follow)), nil)
	if err != nil {
		return err
	}
	return follow(c.http, req, tell)
}

// follow sends req and decodes the stream that comes back.
func follow(h *http.Client, req *http.Request, tell func(LogMessage) bool) error {
	res, err := h.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read, or left on purpose
	if res.StatusCode != http.StatusOK {
		text, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		return &Error{Method: req.Method, Path: req.URL.Path, Code: res.StatusCode, Text: string(text)}
	}
	if kind := res.Header.Get("Content-Type"); kind != "application/x-ndjson" {
		return fmt.Errorf("the log's Content-Type is %q", kind)
	}
	decoder := json.NewDecoder(res.Body)
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return fmt.Errorf("decode the log: %w", err)
		}
		var m LogMessage
		// A line may be empty, so text is looked at by its type only.
		if err := decode(raw, &m, "name", "namespace", "instance", "timestamp"); err != nil {
			return err
		}
		if !tell(m) {
			return nil
		}
	}
	return req.Context().Err()
}
