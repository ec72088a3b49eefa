package watchdog

import (
	"context"
	"net/http"
	"time"
)

// answerGrace is how much longer than its invocation an answer may take to
// send, so that a 504 still reaches its client and a client that does not
// read cannot hold the watchdog.
const answerGrace = 5 * time.Second

type deadlineKey struct{}

// withDeadline ends ctx with errTimeout after d, zero for never, unless unbound is called.
func withDeadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if d <= 0 {
		return ctx, func() { cancel(nil) }
	}
	timer := time.AfterFunc(d, func() { cancel(errTimeout) })
	return context.WithValue(ctx, deadlineKey{}, timer), func() {
		timer.Stop()
		cancel(nil)
	}
}

// unbound takes the deadline away: a connection that became a WebSocket stays.
func unbound(ctx context.Context) {
	if timer, ok := ctx.Value(deadlineKey{}).(*time.Timer); ok {
		timer.Stop()
	}
}

// limit is how long the invocation of r may take: what is configured, or less
// where X-Timeout asks for less.
func (c Config) limit(r *http.Request) (time.Duration, error) {
	limit := c.timeout()
	text := r.Header.Get("X-Timeout")
	if text == "" {
		return limit, nil
	}
	d, err := parseDuration(text)
	if err != nil {
		return 0, errBadTimeout
	}
	if d > 0 && (limit == 0 || d < limit) {
		limit = d
	}
	return limit, nil
}
