package swarm

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/events"
)

// followEvents tells the reader what changed until ctx ends. Events may be lost while Docker is away, so all is read
// again whenever the stream begins.
func (b *Backend) followEvents(ctx context.Context) {
	select {
	case <-b.reader.connected: // the client settles on a version with its first call, and must not do so in two goroutines
	case <-ctx.Done():
		return
	}
	retry := backoff{first: b.timing.retry, most: b.timing.retryMax}
	for ctx.Err() == nil {
		begun := time.Now()
		err := b.cluster.follow(ctx, b.reader.everything, b.see) // the reader meets the same error, and tells of it
		if ctx.Err() != nil {
			return
		}
		b.opts.Log.Debug("docker's events ended, followed again", "err", err)
		if time.Since(begun) > b.timing.retryMax {
			retry.reset()
		}
		if !retry.wait(ctx) {
			return
		}
	}
}

func (b *Backend) see(m events.Message) {
	switch m.Type {
	case events.ServiceEventType:
		b.reader.service(m.Actor.ID)
	case events.NodeEventType: // tasks are about to move
		b.reader.nodes()
		b.tell(func(s *state, now time.Time) { s.hurryAll(now) })
	}
}
