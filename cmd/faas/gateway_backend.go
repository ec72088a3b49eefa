package main

import (
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// backend makes the one that drives Docker Swarm.
func (c *gatewayCommand) backend(_ *slog.Logger, _ *prometheus.Registry) (backend, error) {
	return nil, errors.New("this build has no backend for Docker Swarm")
}
