package main

import (
	"context"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// pauseCommand is `faas pause`. It does nothing until it is told to end: a container that runs it keeps its node's
// end of an overlay network there, so that the first replica on that node need not wait for one.
type pauseCommand struct{}

// Run waits for SIGTERM or SIGINT.
func (pauseCommand) Run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	debug.FreeOSMemory()
	<-ctx.Done()
	return nil
}
