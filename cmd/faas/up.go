package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"faas/gateway"
	"faas/internal/supervise"
)

// upCommand is `faas up`. It builds nothing and needs no Docker and no root.
type upCommand struct {
	Data  string `default:"${data}" placeholder:"DIR" env:"FAAS_DATA" help:"Directory for state, logs and the password (default ${default}). Safe to delete."`
	Stack string `default:"functions/stack.yml" placeholder:"FILE" env:"FAAS_STACK" help:"OpenFaaS stack file whose functions are run and whose changes are followed (default ${default}). Empty: none."`

	Listen             string `default:"127.0.0.1:8080" placeholder:"ADDR" env:"FAAS_LISTEN" help:"Address of the API and of the functions (default ${default}). Port 0 chooses a free one, here and below."`
	MetricsListen      string `default:"127.0.0.1:8082" placeholder:"ADDR" env:"FAAS_METRICS_LISTEN" help:"Address of the gateway's metrics (default ${default})."`
	PrometheusListen   string `default:"127.0.0.1:9090" placeholder:"ADDR" env:"FAAS_PROMETHEUS_LISTEN" help:"Address of Prometheus (default ${default})."`
	AlertmanagerListen string `default:"127.0.0.1:9093" placeholder:"ADDR" env:"FAAS_ALERTMANAGER_LISTEN" help:"Address of Alertmanager (default ${default})."`
	NoAuth             bool   `env:"FAAS_NO_AUTH" help:"Leave /system open to everyone on this machine. Only with --listen on a loopback address."`

	Intents bool `env:"FAAS_INTENTS" help:"Let POST / with an Alexa request invoke the function that its intent names. Its signature is not checked: see docs/alexa.md."`

	Prometheus   string `type:"path" placeholder:"PATH" env:"FAAS_PROMETHEUS" help:"The program prometheus. Default: beside faas, else on PATH."`
	Alertmanager string `type:"path" placeholder:"PATH" env:"FAAS_ALERTMANAGER" help:"The program alertmanager. Default: beside faas, else on PATH."`
	Watchdog     string `type:"path" placeholder:"PATH" env:"FAAS_WATCHDOG" help:"The program fwatchdog. Default: beside faas, else on PATH."`
	ConfigDir    string `type:"existingdir" placeholder:"DIR" env:"FAAS_CONFIG_DIR" help:"Directory with prometheus/ and alertmanager/ to use in place of what is built in. Changes there are loaded at once."`

	Drain     *time.Duration `placeholder:"TIME" env:"FAAS_DRAIN" help:"How long requests in flight may go on at the end (default: the environment variable drain_timeout, else ${drain})."`
	LogLevel  slog.Level     `default:"error" placeholder:"LEVEL" env:"FAAS_LOG_LEVEL" help:"Least level of the log on standard error: debug, info, warn or error (default ${default})."`
	LogFormat string         `default:"text" enum:"text,json" placeholder:"FORMAT" env:"FAAS_LOG_FORMAT" help:"Format of the log: text or json (default ${default})."`
}

// Help is called by the parser.
func (*upCommand) Help() string {
	return environmentHelp
}

// environmentHelp tells of the variables that gateway.ConfigFromEnv reads.
const environmentHelp = "The gateway reads its settings from the environment, as OpenFaaS's does: upstream_timeout, read_timeout, " +
	"write_timeout, hold_timeout and drain_timeout (seconds, or 1m30s), max_held (requests of a function that " +
	"wait for a replica), max_idle_conns, max_idle_conns_per_host, scale_from_zero (true or false) and max_body " +
	"(bytes, or 10M). Of asynchronous calls: max_async_body, async_concurrency (of one function), max_async_inflight " +
	"(of all), max_retry_attempts, initial_retry_wait, max_retry_wait, callback_allow and callback_deny (hosts and networks)."

// Validate is called by the parser.
func (c *upCommand) Validate() error {
	if c.NoAuth && !supervise.Loopback(c.Listen) {
		return fmt.Errorf("--no-auth with --listen %s would let everyone who reaches this machine run programs on it: "+
			"use an address such as 127.0.0.1:8080, or leave --no-auth out", c.Listen)
	}
	if c.Drain != nil && *c.Drain < 0 {
		return fmt.Errorf("--drain %s: it must not be negative", c.Drain)
	}
	return nil
}

// Run runs everything until the first SIGINT, SIGTERM or SIGHUP. A second one ends it at once.
func (c *upCommand) Run(ctx context.Context) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := newConsole(os.Stdout, os.Environ())
	s := newSystem(c, out, newLogger(os.Stderr, c.LogLevel, c.LogFormat))
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()

	for told := false; ; told = true {
		select {
		case err := <-ended:
			return err
		case sig := <-signals:
			if told {
				s.kill()
				return fmt.Errorf("%s again: ended at once", signalName(sig))
			}
			out.blank()
			out.change("faas", "stopping", "got "+signalName(sig)+", again ends at once")
			cancel(errStopped)
		}
	}
}

// errStopped is the cause of a stop that was asked for.
var errStopped = errors.New("stopped before it was up")

// defaultDrain is short, because somebody waits at the terminal.
const defaultDrain = 10 * time.Second

// gatewayConfig are the gateway's settings in the environment, below --drain where it was given.
func (c *upCommand) gatewayConfig(lookup func(string) (string, bool)) (gateway.Config, error) {
	config, err := gateway.ConfigFromEnv(func(name string) (string, bool) {
		value, ok := lookup(name)
		if name == "drain_timeout" && value == "" {
			return defaultDrain.String(), true
		}
		return value, ok
	})
	if c.Drain != nil {
		config.DrainTimeout = *c.Drain
	}
	return config, err
}

func signalName(sig os.Signal) string {
	switch sig {
	case os.Interrupt:
		return "Ctrl-C"
	case syscall.SIGTERM:
		return "SIGTERM"
	}
	return sig.String()
}

// binaries finds fwatchdog, prometheus and alertmanager.
func (c *upCommand) binaries() (watchdog, prometheus, alertmanager, dir string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", "", "", "", fmt.Errorf("find where faas is: %w", err)
	}
	dir = filepath.Dir(self)
	paths, err := supervise.Find(dir,
		supervise.Binary{Flag: "--watchdog", Path: c.Watchdog, Names: []string{"fwatchdog"}},
		supervise.Binary{Flag: "--prometheus", Path: c.Prometheus, Names: []string{"prometheus"}},
		// Debian's name is the second.
		supervise.Binary{Flag: "--alertmanager", Path: c.Alertmanager, Names: []string{"alertmanager", "prometheus-alertmanager"}},
	)
	if err != nil {
		return "", "", "", "", fmt.Errorf("programs are missing; `make up` builds them all, "+
			"or install Prometheus and Alertmanager:\n%w", err)
	}
	return paths[0], paths[1], paths[2], dir, nil
}
