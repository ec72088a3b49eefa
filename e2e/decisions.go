package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"faas/scaler"
)

// Gateways implements System: a client has one.
func (c *Client) Gateways() []*Client { return []*Client{c} }

// Decisions reads what the gateway's decision log has; all adds the entries that only confirm a count.
func (c *Client) Decisions(ctx context.Context, all bool) ([]scaler.Event, error) {
	path := "/system/scale/events"
	if all {
		path += "?all=1"
	}
	var events []scaler.Event
	return events, c.read(ctx, path, &events)
}

// FollowDecisions calls each with every entry of the gateway's decision log that has a larger id than since, those
// that are there first, and again with what becomes of one later. It returns when the stream breaks off or ctx ends.
func (c *Client) FollowDecisions(ctx context.Context, since int64, each func(scaler.Event)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base()+"/system/scale/events?follow=1", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Last-Event-ID", strconv.FormatInt(since, 10))
	password, err := c.Password()
	if err != nil {
		return err
	}
	req.SetBasicAuth("admin", password)
	res, err := c.stream.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // only read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("follow the decision log: %s", res.Status)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e scaler.Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return fmt.Errorf("read the decision log: %w", err)
		}
		each(e)
	}
	return lines.Err()
}

// decisions gathers the decision logs of all gateways of a system, over restarts of theirs: a log is kept in memory.
type decisions struct {
	gateways []*Client
	logs     []map[int64]scaler.Event // of each gateway, by id
	errs     []error                  // of the last reading of each
}

func newDecisions(gateways []*Client) *decisions {
	d := &decisions{gateways: gateways, errs: make([]error, len(gateways))}
	for range gateways {
		d.logs = append(d.logs, map[int64]scaler.Event{})
	}
	return d
}

// name is what a gateway is called in texts.
func (d *decisions) name(gateway int) string {
	if len(d.gateways) == 1 {
		return "the gateway"
	}
	return fmt.Sprint("gateway ", gateway+1)
}

// unread is the error where no log could be read to its end. Of several gateways some may be gone.
func (d *decisions) unread() error {
	if slices.Contains(d.errs, nil) {
		return nil
	}
	return fmt.Errorf("read decision logs: %w", errors.Join(d.errs...))
}

// followLog adds what gateway i decides to the recording until ctx ends.
func (r *Recording) followLog(ctx context.Context, i int) {
	var newest int64
	for ctx.Err() == nil {
		// It breaks off when the gateway is restarted, and what it had until then is here.
		_ = r.decisions.gateways[i].FollowDecisions(ctx, newest, func(e scaler.Event) {
			newest = max(newest, e.ID)
			r.decided(i, e)
		})
		pause(ctx, 50*time.Millisecond)
	}
}

func (r *Recording) decided(gateway int, e scaler.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decisions.logs[gateway][e.ID] = e
}

// readLogs reads the logs once more, now that all counts were seen. A gateway that has gone has told what it did by
// then. What was seen last is in the log an instant later.
func (r *Recording) readLogs(ctx context.Context) {
	for late := time.Now().Add(time.Second); ; pause(ctx, 50*time.Millisecond) {
		r.readLogsOnce(ctx)
		if time.Now().After(late) || r.Explained() == nil {
			return
		}
	}
}

func (r *Recording) readLogsOnce(ctx context.Context) {
	for i, c := range r.decisions.gateways {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		events, err := c.Decisions(ctx, false)
		cancel()
		for _, e := range events {
			r.decided(i, e)
		}
		r.mu.Lock()
		r.decisions.errs[i] = err
		r.mu.Unlock()
	}
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
