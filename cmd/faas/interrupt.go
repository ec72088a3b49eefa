package main

import (
	"context"
	"os/signal"
	"syscall"
)

// interruptible is ctx until the first Ctrl-C or SIGTERM. The next one ends the program at once, whatever it waits for.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
