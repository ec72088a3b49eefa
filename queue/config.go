package queue

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"
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
	text := func(to *string) func(string) error {
		return func(v string) error {
			_, err := parsePatterns(v)
			*to = v
			return err
		}
	}
	read("async_concurrency", number(&c.Concurrency, maxLaneLimit))
	read("max_async_inflight", number(&c.MaxInFlight, 100_000))
	read("max_retry_attempts", number(&c.Attempts, 1000))
	read("initial_retry_wait", wait(&c.FirstWait))
	read("max_retry_wait", wait(&c.MaxWait))
	read("callback_allow", text(&c.CallbackAllow))
	read("callback_deny", text(&c.CallbackDeny))
	return c, errors.Join(errs...)
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

func number(to *int, most int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 || n > most {
			return fmt.Errorf("write a whole number from 1 to %d", most)
		}
		*to = n
		return nil
	}
}

// wait reads a Go duration, or a bare number of seconds.
func wait(to *time.Duration) func(string) error {
	return func(s string) error {
		if n, err := strconv.ParseUint(s, 10, 31); err == nil && n > 0 {
			*to = time.Duration(n) * time.Second
			return nil
		}
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return errors.New("write seconds such as 60, or a duration such as 1m30s")
		}
		*to = d
		return nil
	}
}
