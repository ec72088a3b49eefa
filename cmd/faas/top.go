package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"faas/internal/top"
)

// topCommand is `faas top`.
type topCommand struct {
	gatewayFlags
	MetricsURL string `name:"metrics-url" placeholder:"URL" env:"FAAS_METRICS_URL" help:"The gateway's metrics port. Default: that of faas up where --gateway is not given either, else ${metrics_url}."`
	Once       bool   `help:"Print one table of two samples, a second apart, and end."`
	Sort       string `default:"name" enum:"name,rps,in-flight,p99,errors,replicas" placeholder:"COLUMN" help:"What the functions are sorted by: name, rps, in-flight, p99, errors or replicas (default ${default})."`
	Selected   string `arg:"" optional:"" name:"function" help:"The function that is shown in detail. Default: the first one."`
	Output     string `short:"o" default:"table" enum:"table,json" placeholder:"FORMAT" help:"What --once prints: table or json (default ${default})."`
}

// Validate is called by the parser.
func (c *topCommand) Validate() error {
	if c.Output != "table" && !c.Once {
		return errors.New("-o goes with --once")
	}
	if c.Selected != "" && c.Once {
		return errors.New("--once shows all functions: name none")
	}
	return nil
}

// Run shows the view until it is quit, or prints one table.
func (c *topCommand) Run(ctx context.Context) error {
	if !c.Once && !term.IsTerminal(os.Stdout.Fd()) {
		return errors.New("standard output is not a terminal: use --once")
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	url, metrics := c.urls()
	client := &top.Client{
		Gateway: strings.TrimRight(url, "/"), Metrics: strings.TrimRight(metrics, "/"),
		User: c.User, Password: password, HTTP: &http.Client{},
	}
	first, err := client.Sample(ctx)
	if errors.Is(err, top.ErrCredentials) {
		return c.refused(err, password != "")
	}
	if err != nil {
		return err
	}
	if c.Once {
		return c.once(ctx, client, first)
	}
	model := top.NewModel(ctx, client.Gateway, first, client.Sample)
	if !model.Begin(top.SortKey(c.Sort), c.Selected) {
		return fmt.Errorf("top: %w", c.noFunction(ctx, c.Selected))
	}
	_, err = tea.NewProgram(model, tea.WithContext(ctx)).Run()
	return err
}

func (c *topCommand) once(ctx context.Context, client *top.Client, first top.Sample) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
	}
	second, err := client.Sample(ctx)
	if err != nil {
		return err
	}
	rows := top.Rows(first, second)
	top.Sort(rows, top.SortKey(c.Sort))
	if c.Output == "json" {
		return top.WriteJSON(os.Stdout, second, rows)
	}
	return top.WriteTable(os.Stdout, second, rows)
}

// urls are those that were given or, where none was, those that faas up wrote down.
func (c *topCommand) urls() (gateway, metrics string) {
	given := c.given()
	if given == "" && c.MetricsURL == "" {
		if a, err := readAddresses(c.dataDir()); err == nil {
			return "http://" + a.Gateway, "http://" + a.Metrics
		}
	}
	return cmp.Or(given, defaultGateway), cmp.Or(c.MetricsURL, defaultMetrics)
}
