package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"faas/queue"
)

// queueCommand is `faas queue`, which keeps the asynchronous calls of several gateways.
type queueCommand struct {
	Listen       string `default:"127.0.0.1:4222" placeholder:"ADDR" env:"FAAS_QUEUE_LISTEN" help:"Address for the gateways (default ${default}), such as :4222 in a container. Nobody else must reach it: it asks for no password."`
	HealthListen string `default:"127.0.0.1:8222" placeholder:"ADDR" env:"FAAS_QUEUE_HEALTH_LISTEN" help:"Address of GET /healthz (default ${default}). Empty: none."`
	Data         string `default:"/var/lib/faas-queue" placeholder:"DIR" env:"FAAS_QUEUE_DATA" help:"Directory for the calls (default ${default})."`

	LogLevel  slog.Level `default:"info" placeholder:"LEVEL" env:"FAAS_LOG_LEVEL" help:"Least level of the log on standard error: debug, info, warn or error (default ${default})."`
	LogFormat string     `default:"text" enum:"text,json" placeholder:"FORMAT" env:"FAAS_LOG_FORMAT" help:"Format of the log: text or json (default ${default})."`
}

// BeforeReset is called by the parser before it looks at the environment.
func (*queueCommand) BeforeReset(parsed *kong.Context) error { return unsetEmpty(parsed) }

// Run serves until SIGTERM or SIGINT.
func (c *queueCommand) Run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log := newLogger(os.Stderr, c.LogLevel, c.LogFormat)
	server, err := queue.NewServer(queue.ServerOptions{Dir: c.Data, Listen: c.Listen, Health: c.HealthListen, Log: log})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	if at := server.Addr(ctx); at != nil {
		log.Info("faas queue", "version", version, "commit", commit, "listen", at.String(), "data", c.Data)
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("--data %s: %w", c.Data, err)
	}
	log.Info("stopped")
	return nil
}
