package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"faas"
	"faas/gateway"
	"faas/internal/alerting"
	"faas/scaler"
)

// backend is what runs the functions, as all of this program needs it.
type backend interface {
	gateway.Backend
	gateway.Watcher
	gateway.Secrets
	gateway.Logs
	gateway.Tuner
	ScaleFrom(ctx context.Context, name string, from, to int) error
	Run(ctx context.Context) error
}

// newAlertmanager makes the client of Alertmanager, or returns nil where there are no URLs.
func newAlertmanager(log *slog.Logger, urls ...string) (*alerting.Client, error) {
	if len(urls) == 0 {
		return nil, nil //nolint:nilnil // the parts that use it do without
	}
	return alerting.New(alerting.Options{URLs: urls, Log: log})
}

// assemble makes a scaler and a gateway around b, with what o has besides. A nil alertmanager is none.
func assemble(b backend, alertmanager *alerting.Client, o gateway.Options) (*scaler.Scaler, *gateway.Gateway, error) {
	var g *gateway.Gateway // there before the scaler runs
	so := scaler.Options{
		Backend: b, Log: o.Log, Registerer: o.Registry,
		Busy: func(name string, since time.Time) string { return g.Busy(name, since) },
	}
	if alertmanager != nil { // else these would be there, and nil
		so.Alertmanager, o.Alertmanager = alertmanager, alertmanager
	}
	s, err := scaler.New(so)
	if err != nil {
		return nil, nil, err
	}
	o.Backend, o.Watcher, o.Scaler, o.Secrets, o.Logs, o.Tuner = b, b, s, b, b, b
	o.Alerts, o.ScaleEvents, o.ControlLoop = s.Alerts(), s.Events(), s.ControlLoop
	o.AwaitsLoop = s.AwaitsLoop
	o.Decisions, o.FollowDecisions = lastDecisions(s), followDecisions(s)
	if alertmanager != nil {
		o.Freezer, o.AlertReader = s, alertmanager
	}
	if o.Preview, err = newPreview(o.Prometheus); err != nil {
		return nil, nil, err
	}
	o.OpenAPI = faas.OpenAPI
	o.Info.Release, o.Info.SHA = version, commit
	g, err = gateway.New(o)
	return s, g, err
}

// newRegistry makes a registry with the metrics of this process.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// newLogger makes the log of a command. format is text or json.
func newLogger(to io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
