package main

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"faas/gateway"
	"faas/swarm"
)

// backend makes the one that drives Docker Swarm.
func (c *gatewayCommand) backend(log *slog.Logger, registry *prometheus.Registry) (backend, error) {
	return swarm.New(swarm.Options{
		Host: c.DockerHost, Network: c.Network, ReservedSecrets: []string{gateway.UserFile, gateway.PasswordFile},
		Log: log, Registerer: registry,
	})
}
