package gateway

import (
	"log/slog"
	"time"

	"faas/internal/environ"
)

// Config are the gateway's settings that an operator may change. DefaultConfig has the defaults,
// ConfigFromEnv reads the environment by the names that OpenFaaS used.
type Config struct {
	// ReadTimeout bounds reading one request with its body, WriteTimeout writing one answer. 0: only
	// UpstreamTimeout bounds them, so that long streams are cut once and not thrice.
	ReadTimeout, WriteTimeout time.Duration
	// UpstreamTimeout bounds an invocation from its arrival, waiting for a replica included. Upgraded
	// connections (WebSocket) have no bound.
	UpstreamTimeout time.Duration
	// HoldTimeout bounds how long a request waits for a replica, MaxHeld how many of one function wait, and how many of all
	// functions while the gateway does not know them yet.
	HoldTimeout time.Duration
	MaxHeld     int
	// MaxBody bounds the body of an invocation in bytes; a larger one is answered with 413. 0: no bound, bodies
	// are streamed and never held whole.
	MaxBody int64
	// MaxAsyncBody bounds the body of an asynchronous invocation in bytes, which is kept whole. Zero: 1 MiB.
	MaxAsyncBody int64
	// ScaleFromZero lets a request wake a function that is scaled to 0.
	ScaleFromZero bool
	// MaxIdleConns and MaxIdleConnsPerHost bound the idle connections to replicas.
	MaxIdleConns, MaxIdleConnsPerHost int
	// DrainTimeout bounds how long requests in flight may go on after the gateway was told to stop.
	DrainTimeout time.Duration
}

// DefaultConfig returns the settings of a gateway about which nothing was said.
func DefaultConfig() Config {
	return Config{
		UpstreamTimeout: time.Minute,
		HoldTimeout:     time.Minute,
		MaxHeld:         1000,
		ScaleFromZero:   true,
		MaxAsyncBody:    1 << 20,
		MaxIdleConns:    16384, MaxIdleConnsPerHost: 1024,
		DrainTimeout: 30 * time.Second,
	}
}

// ConfigFromEnv returns the defaults with what lookup (os.LookupEnv, say) knows put over them. All
// values that cannot be used are reported at once, each error naming its variable.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	c, env := DefaultConfig(), environ.New(lookup)
	env.Read("read_timeout", environ.Duration(&c.ReadTimeout, 0))
	env.Read("write_timeout", environ.Duration(&c.WriteTimeout, 0))
	env.Read("upstream_timeout", environ.Duration(&c.UpstreamTimeout, 0))
	env.Read("hold_timeout", environ.Duration(&c.HoldTimeout, 0))
	env.Read("drain_timeout", environ.Duration(&c.DrainTimeout, 0))
	env.Read("max_held", environ.Count(&c.MaxHeld, 0))
	env.Read("max_body", environ.Memory(&c.MaxBody))
	env.Read("max_async_body", environ.Memory(&c.MaxAsyncBody))
	env.Read("max_idle_conns", environ.Count(&c.MaxIdleConns, 0))
	env.Read("max_idle_conns_per_host", environ.Count(&c.MaxIdleConnsPerHost, 0))
	env.Read("scale_from_zero", environ.Bool(&c.ScaleFromZero))
	return c, env.Err()
}

// LogValue implements slog.LogValuer: the effective configuration in one attribute.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Duration("read_timeout", c.ReadTimeout), slog.Duration("write_timeout", c.WriteTimeout),
		slog.Duration("upstream_timeout", c.UpstreamTimeout), slog.Duration("hold_timeout", c.HoldTimeout),
		slog.Int("max_held", c.MaxHeld), slog.Int64("max_body", c.MaxBody),
		slog.Int64("max_async_body", c.MaxAsyncBody), slog.Bool("scale_from_zero", c.ScaleFromZero),
		slog.Int("max_idle_conns", c.MaxIdleConns), slog.Int("max_idle_conns_per_host", c.MaxIdleConnsPerHost),
		slog.Duration("drain_timeout", c.DrainTimeout),
	)
}
