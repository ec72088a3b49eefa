package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"faas/gateway"
	"faas/internal/supervise"
	"faas/scaler"
)

// gatewayService is everything that `faas gateway` runs.
type gatewayService struct {
	log     *slog.Logger
	group   *supervise.Group
	backend backend
	scaler  *scaler.Scaler
	gateway *gateway.Gateway
	async   *async        // nil: there is no queue
	drain   time.Duration // the bound of requests in flight at the end
}

// run starts all parts and stops them at the first signal, when ctx ends, or when a part fails. The gateway serves
// from the start: what it does not know yet it answers with 503.
func (s *gatewayService) run(ctx context.Context, signals <-chan os.Signal) error {
	s.group.Go(ctx, partBackend, partLimit, s.backend.Run)
	s.group.Go(ctx, partScaler, partLimit, s.scaler.Run)
	s.group.Go(ctx, partGateway, s.drain+partLimit, func(ctx context.Context) error {
		return serve(ctx, s.gateway.Run, func() {
			s.log.Warn("requests cut off that were still in flight", "drain_timeout", s.drain)
		})
	})
	if s.async != nil {
		s.group.Go(ctx, partQueue, s.drain+partLimit, s.async.run)
	}
	var failure error
	select {
	case <-ctx.Done():
	case sig := <-signals:
		s.log.Info("stopping", "signal", signalName(sig), "drain_timeout", s.drain)
	case failure = <-s.group.Failed():
		s.log.Error("stopping: a part failed", "err", failure)
	}
	stopped := make(chan error, 1)
	go func() {
		report := func(part string) { s.log.Debug("stopping", "part", part) }
		stopped <- s.group.Stop(report, partQueue, partGateway, partScaler, partBackend)
	}()
	select {
	case err := <-stopped:
		if failure == nil {
			failure = err
		}
		s.log.Info("stopped")
		return failure
	case sig := <-signals:
		return fmt.Errorf("%s again: ended at once", signalName(sig))
	}
}
