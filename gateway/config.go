package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"faas/function"
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
		MaxIdleConns:    1024, MaxIdleConnsPerHost: 1024,
		DrainTimeout: 30 * time.Second,
	}
}

// ConfigFromEnv returns the defaults with what lookup (os.LookupEnv, say) knows put over them. All
// values that cannot be used are reported at once, each error naming its variable.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	c := DefaultConfig()
	var errs []error
	read := func(name string, parse func(string) error) {
		v, ok := lookup(name)
		if !ok || v == "" {
			return
		}
		if err := parse(v); err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s=%q: %w", name, v, err))
		}
	}
	read("read_timeout", duration(&c.ReadTimeout))
	read("write_timeout", duration(&c.WriteTimeout))
	read("upstream_timeout", duration(&c.UpstreamTimeout))
	read("hold_timeout", duration(&c.HoldTimeout))
	read("drain_timeout", duration(&c.DrainTimeout))
	read("max_held", count(&c.MaxHeld))
	read("max_body", memory(&c.MaxBody))
	read("max_async_body", memory(&c.MaxAsyncBody))
	read("max_idle_conns", count(&c.MaxIdleConns))
	read("max_idle_conns_per_host", count(&c.MaxIdleConnsPerHost))
	read("scale_from_zero", boolean(&c.ScaleFromZero))
	return c, errors.Join(errs...)
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

// duration reads a Go duration, or a bare number of seconds.
func duration(to *time.Duration) func(string) error {
	return func(s string) error {
		if n, err := strconv.ParseUint(s, 10, 31); err == nil {
			*to = time.Duration(n) * time.Second
			return nil
		}
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return errors.New("write seconds such as 60, or a duration such as 1m30s")
		}
		*to = d
		return nil
	}
}

func count(to *int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 {
			return errors.New("write a whole number above 0")
		}
		*to = n
		return nil
	}
}

func memory(to *int64) func(string) error {
	return func(s string) error {
		n, err := function.ParseMemory(s)
		if err == nil {
			*to = n
		}
		return err
	}
}

func boolean(to *bool) func(string) error {
	return func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("write true or false")
		}
		*to = b
		return nil
	}
}
