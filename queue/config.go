package queue

import (
	"log/slog"
	"time"

	"faas/internal/environ"
)

// Config are the settings that an operator may change. DefaultConfig has the defaults.
type Config struct {
	// Concurrency is how many calls of one function a gateway makes at once, where the function says nothing.
	Concurrency int
	// MaxInFlight bounds the calls of all functions that a gateway makes at once, beyond one of each function.
	MaxInFlight int
	// Attempts bounds how often a call is made until it is a dead letter. FirstWait is the time from the first to the
	// second, which doubles from one to the next, up to MaxWait.
	Attempts           int
	FirstWait, MaxWait time.Duration
	// MaxResult bounds the answer that a callback gets, in bytes.
	MaxResult int64
	// CallbackAllow and CallbackDeny are patterns of hosts, and networks, separated by commas: see CallbackOptions.
	CallbackAllow, CallbackDeny string
}

// DefaultConfig returns the settings of a queue about which nothing was said. A call is tried for some ten minutes.
func DefaultConfig() Config {
	return Config{
		Concurrency: 25, MaxInFlight: 256,
		Attempts: 12, FirstWait: time.Second, MaxWait: 2 * time.Minute,
		MaxResult: 64 << 20,
	}
}

// ConfigFromEnv returns the defaults with what lookup (os.LookupEnv, say) knows put over them. All values that cannot
// be used are reported at once, each error naming its variable.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	c, env := DefaultConfig(), environ.New(lookup)
	text := func(to *string) func(string) error {
		return func(v string) error {
			_, err := parsePatterns(v)
			*to = v
			return err
		}
	}
	env.Read("async_concurrency", environ.Count(&c.Concurrency, maxLaneLimit))
	env.Read("max_async_inflight", environ.Count(&c.MaxInFlight, 100_000))
	env.Read("max_retry_attempts", environ.Count(&c.Attempts, 1000))
	env.Read("initial_retry_wait", environ.Duration(&c.FirstWait, 1))
	env.Read("max_retry_wait", environ.Duration(&c.MaxWait, 1))
	env.Read("callback_allow", text(&c.CallbackAllow))
	env.Read("callback_deny", text(&c.CallbackDeny))
	return c, env.Err()
}

// LogValue implements slog.LogValuer: the effective configuration in one attribute.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("async_concurrency", c.Concurrency), slog.Int("max_async_inflight", c.MaxInFlight),
		slog.Int("max_retry_attempts", c.Attempts), slog.Duration("initial_retry_wait", c.FirstWait),
		slog.Duration("max_retry_wait", c.MaxWait), slog.String("callback_allow", c.CallbackAllow),
		slog.String("callback_deny", c.CallbackDeny),
	)
}
