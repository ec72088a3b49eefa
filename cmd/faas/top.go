package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"faas/gateway"
	"faas/internal/top"
)

// Where `faas up` puts things unless it is told otherwise.
const (
	defaultGateway = "http://127.0.0.1:8080"
	defaultMetrics = "http://127.0.0.1:8082"
	defaultData    = ".faas"
)

// topCommand is `faas top`.
type topCommand struct {
	Data         string `default:"${data}" placeholder:"DIR" env:"FAAS_DATA" help:"Directory in which faas up keeps its data, where the addresses and the password are (default ${default})."`
	Gateway      string `placeholder:"URL" env:"FAAS_GATEWAY" help:"The gateway. Default: that of faas up, else ${gateway_url}."`
	MetricsURL   string `name:"metrics-url" placeholder:"URL" env:"FAAS_METRICS_URL" help:"The gateway's metrics port. Default: that of faas up where --gateway is not given either, else ${metrics_url}."`
	User         string `default:"${user}" env:"FAAS_USER" help:"User for the gateway (default ${default})."`
	PasswordFile string `placeholder:"FILE" env:"FAAS_PASSWORD_FILE" help:"File with the password. Default: secrets/basic-auth-password in --data when it is there."`
	Once         bool   `help:"Print one table of two samples, a second apart, and end."`
	Output       string `short:"o" default:"table" enum:"table,json" placeholder:"FORMAT" help:"What --once prints: table or json (default ${default})."`
}

// Validate is called by the parser.
func (c *topCommand) Validate() error {
	if c.Output != "table" && !c.Once {
		return errors.New("-o goes with --once")
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
	_, err = tea.NewProgram(top.NewModel(ctx, client.Gateway, first, client.Sample), tea.WithContext(ctx)).Run()
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
	if c.Output == "json" {
		return top.WriteJSON(os.Stdout, second, rows)
	}
	return top.WriteTable(os.Stdout, rows)
}

// urls are those that were given or, where none was, those that faas up wrote down.
func (c *topCommand) urls() (gateway, metrics string) {
	if c.Gateway == "" && c.MetricsURL == "" {
		if a, err := readAddresses(c.Data); err == nil {
			return "http://" + a.Gateway, "http://" + a.Metrics
		}
	}
	return cmp.Or(c.Gateway, defaultGateway), cmp.Or(c.MetricsURL, defaultMetrics)
}

func (c *topCommand) passwordFile() string {
	return cmp.Or(c.PasswordFile, filepath.Join(c.Data, "secrets", gateway.PasswordFile))
}

func (c *topCommand) password() (string, error) {
	text, err := os.ReadFile(c.passwordFile())
	if errors.Is(err, fs.ErrNotExist) && c.PasswordFile == "" {
		return "", nil // the gateway tells if it wants one
	}
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// refused adds to err where the password came from, or where it was looked for.
func (c *topCommand) refused(err error, sent bool) error {
	if sent {
		return fmt.Errorf("%w (it was user %s with the password in %s)", err, c.User, c.passwordFile())
	}
	return fmt.Errorf("%w (there is no password in %s)", err, c.passwordFile())
}
