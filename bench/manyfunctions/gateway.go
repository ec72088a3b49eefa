package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"faas"
	"faas/gateway"
	"faas/internal/alerting"
	"faas/scaler"
)

// gatewayCommand is the process that is measured.
type gatewayCommand struct {
	Functions int
	Echo      string // where every replica is
	Metrics   string // and where its metrics are; empty: it has none

	Alertmanager string // URL
}

// addresses are what it tells its parent in one line of JSON.
type addresses struct{ Gateway, Metrics, Profiles string }

// Run serves until its standard input ends, which it does with the parent.
func (c *gatewayCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	b := newBackend(c.Functions, c.Echo, c.Metrics)
	alertmanager, err := alerting.New(alerting.Options{URLs: []string{c.Alertmanager}})
	if err != nil {
		return err
	}
	s, err := scaler.New(scaler.Options{Backend: b, Alertmanager: alertmanager, Log: log, Registerer: registry})
	if err != nil {
		return err
	}
	var listeners [3]net.Listener
	for i := range listeners {
		if listeners[i], err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	g, err := gateway.New(gateway.Options{
		Backend: b, Watcher: b, Scaler: s, Alerts: s.Alerts(), ScaleEvents: s.Events(), ControlLoop: s.ControlLoop,
		Alertmanager: alertmanager, OpenAPI: faas.OpenAPI, Listener: listeners[0], MetricsListener: listeners[1], Log: log, Registry: registry,
	})
	if err != nil {
		return err
	}
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	ended := make(chan error, 3)
	go func() { ended <- http.Serve(listeners[2], profiles) }() //nolint:gosec // for this machine, and for a minute
	go func() { ended <- s.Run(ctx) }()
	go func() { ended <- g.Run(ctx) }()
	if err := json.NewEncoder(os.Stdout).Encode(addresses{
		Gateway: listeners[0].Addr().String(), Metrics: listeners[1].Addr().String(), Profiles: listeners[2].Addr().String(),
	}); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it ends when the parent does
		cancel()
	}()
	err = <-ended
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
