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
	patterns := func(to *string) environ.Value {
		return environ.Text(to, "hosts and networks, with commas between", func(text string) error {
			_, err := parsePatterns(text)
			return err
		})
	}
	return []environ.Variable{
		environ.Named(
			"async_concurrency", "Calls of one function that a gateway makes at once, where its annotation says nothing.",
			environ.Count(&c.Concurrency, maxLaneLimit),
		),
		environ.Named("max_async_inflight", "Calls of all functions that a gateway makes at once, beyond one of each.", environ.Count(&c.MaxInFlight, 100_000)),
		environ.Named("max_retry_attempts", "How often a call is made until it is a dead letter.", environ.Count(&c.Attempts, 1000)),
		environ.Named("initial_retry_wait", "Time from the first attempt to the second; it doubles from one to the next.", environ.Duration(&c.FirstWait, 1)),
		environ.Named("max_retry_wait", "Longest time between two attempts.", environ.Duration(&c.MaxWait, 1)),
		environ.Named("callback_allow", "Only these get callbacks, and their addresses also where they would be refused.", patterns(&c.CallbackAllow)),
		environ.Named("callback_deny", "These never get callbacks, whatever callback_allow says.", patterns(&c.CallbackDeny)),
	}
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
