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
	c := DefaultConfig()
	err := environ.Read(lookup, variables(&c))
	return c, err
}

// Variables are those that ConfigFromEnv reads, with the defaults as their texts.
func Variables() []environ.Variable {
	c := DefaultConfig()
	return variables(&c)
}

func variables(c *Config) []environ.Variable {
	return []environ.Variable{
		environ.Named("read_timeout", "Time to read one request with its body. 0: upstream_timeout alone bounds it.", environ.Duration(&c.ReadTimeout, 0)),
		environ.Named("write_timeout", "Time to write one answer. 0: upstream_timeout alone bounds it.", environ.Duration(&c.WriteTimeout, 0)),
		environ.Named(
			"upstream_timeout", "Time for an invocation from its arrival, waiting for a replica included; 504 beyond. 0: no bound. WebSockets have none.",
			environ.Duration(&c.UpstreamTimeout, 0),
		),
		environ.Named("hold_timeout", "Time that a request waits for a replica; 503 beyond.", environ.Duration(&c.HoldTimeout, 0)),
		environ.Named("drain_timeout", "Time that requests in flight have when the gateway is told to stop (of faas up: 10s).", environ.Duration(&c.DrainTimeout, 0)),
		environ.Named("max_held", "Requests of one function that wait for a replica; 503 beyond.", environ.Count(&c.MaxHeld, 0)),
		environ.Named("max_body", "Largest body of an invocation; 413 beyond. 0: no bound, bodies are streamed.", environ.Memory(&c.MaxBody)),
		environ.Named("max_async_body", "Largest body of an asynchronous call, which is kept whole; 413 beyond. At most 7Mi.", environ.Memory(&c.MaxAsyncBody)),
		environ.Named("max_idle_conns", "Idle connections to replicas.", environ.Count(&c.MaxIdleConns, 0)),
		environ.Named("max_idle_conns_per_host", "Idle connections to one replica.", environ.Count(&c.MaxIdleConnsPerHost, 0)),
		environ.Named("scale_from_zero", "Whether a request wakes a function that has no replicas.", environ.Bool(&c.ScaleFromZero)),
	}
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
