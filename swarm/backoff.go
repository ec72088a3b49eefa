package swarm

import (
	"context"
	"time"
)

// backoff waits ever longer between tries.
type backoff struct {
	first, most time.Duration
	next        time.Duration
}

func (b *backoff) reset() { b.next = 0 }

// wait reports whether ctx lives.
func (b *backoff) wait(ctx context.Context) bool {
	b.next = min(max(b.first, 2*b.next), b.most)
	timer := time.NewTimer(b.next)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
