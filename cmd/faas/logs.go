package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"faas/api"
	"faas/internal/top"
)

// logsCommand is `faas logs`.
type logsCommand struct {
	gatewayFlags
	Name     string        `arg:"" name:"function" help:"The function."`
	Follow   bool          `short:"f" help:"Go on with what is written from now on, until Ctrl-C."`
	Tail     int           `default:"100" placeholder:"N" help:"How many of the last lines are shown first (default ${default}). -1: all."`
	Since    time.Duration `placeholder:"TIME" help:"Only lines that are no older, such as 10m."`
	Instance string        `placeholder:"ID" help:"Only lines of this replica."`
	outputFlag
}

// Help is called by the parser.
func (*logsCommand) Help() string {
	return "A line has its time, its replica and what was written. -o json prints each as one line of JSON."
}

// maxLogLine bounds one line of the answer, in bytes.
const maxLogLine = 4 << 20

// Run prints the lines as they come.
func (c *logsCommand) Run(ctx context.Context, app *kong.Kong) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	q := url.Values{"name": {c.Name}, "tail": {strconv.Itoa(c.Tail)}, "follow": {strconv.FormatBool(c.Follow)}}
	if c.Since > 0 {
		q.Set("since", time.Now().Add(-c.Since).Format(time.RFC3339))
	}
	if c.Instance != "" {
		q.Set("instance", c.Instance)
	}
	resp, err := c.send(ctx, http.MethodGet, "/system/logs?"+q.Encode(), nil)
	if err != nil {
		return c.unknown(ctx, "logs", c.Name, err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	err = c.print(app.Stdout, resp.Body)
	if ctx.Err() != nil {
		return nil // it was told to end
	}
	return err
}

func (c *logsCommand) print(to io.Writer, from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLogLine)
	for lines.Scan() {
		var m api.LogMessage
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return fmt.Errorf("read the log of %s: is that a faas gateway? %w", c.Name, err)
		}
		var err error
		if c.Output == "json" {
			err = writeLine(to, m)
		} else {
			_, err = fmt.Fprintf(to, "%s %s %s\n", m.Timestamp.Local().Format("2006-01-02T15:04:05.000Z07:00"), top.Printable(m.Instance), top.Printable(m.Text))
		}
		if err != nil {
			return err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the log of %s broke off: the gateway ended, or could not read on", c.Name)
	case err != nil:
		return fmt.Errorf("read the log of %s: %w", c.Name, err)
	}
	return nil
}
