//go:build !linux

package main

import (
	"context"
	"time"
)

// burn keeps a processor busy for d. It says whether the client is still there.
func burn(ctx context.Context, d time.Duration) bool {
	for start := time.Now(); time.Since(start) < d; spin() {
		if ctx.Err() != nil {
			return false
		}
	}
	return true
}
