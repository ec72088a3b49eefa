package main

import (
	"context"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"faas/internal/stack"
)

// interruptible is ctx until the first Ctrl-C or SIGTERM. The next one ends the program at once, whatever it waits for.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// stopped says what a command that was interrupted has not done.
func stopped(command string, left []stack.Function) error {
	names := make([]string, len(left))
	for i, f := range left {
		names[i] = f.Name
	}
	return fmt.Errorf("%s: stopped, and not done: %s", command, strings.Join(names, ", "))
}
