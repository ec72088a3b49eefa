package scaler

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faas/function"
	"faas/internal/alerting"
)

// Backend is what the scaler needs of the system that runs the functions.
type Backend interface {
	// Function returns one function, ErrNotFound if there is none. It must show the last accepted Scale.
	Function(ctx context.Context, name string) (function.Status, error)
	// ScaleFrom changes the desired count and returns when it is accepted, not when the replicas are ready. ErrConflict where
	// the count is not from at that moment: somebody else was quicker, another gateway perhaps, and Function shows it.
	ScaleFrom(ctx context.Context, name string, from, to int) error
	// Watch calls fn with the present state and after each change, and blocks until ctx ends.
	Watch(ctx context.Context, fn func(function.Snapshot)) error
}

// Alertmanager is what the scaler needs of it: the silences, which freeze functions.
type Alertmanager interface {
	// Silences returns those that are active, or may become so, and whether all that hold silences were heard.
	Silences(ctx context.Context) (alerting.Listing, error)
	// Silence makes one, or changes the one that has an ID.
	Silence(ctx context.Context, s alerting.Silence) (id string, err error)
	// Expire ends one, ErrNotFound if there is none.
	Expire(ctx context.Context, id string) error
}

// Options configure a Scaler. Only Backend must be set; the zero value of all else means its default.
type Options struct {
	// Backend runs the functions.
	Backend Backend
	// Alertmanager tells of silences. Nil: nothing freezes a function.
	Alertmanager Alertmanager
	// Busy says what a function has to do, or had after since, and nothing where it may be stopped. It is asked when an
	// alert that began at since orders 0. Nil: there is never anything to do.
	Busy func(function string, since time.Time) (why string)
	// Log gets a line for each change of a count and for each failure. Nil: nothing is logged.
	Log *slog.Logger
	// Registerer gets the metrics. Nil: they are kept but not exported.
	Registerer prometheus.Registerer
	// HeartbeatTimeout is how long after the last Heartbeat alert the control loop counts as lost.
	// Default 15s. It must be longer than the interval at which Alertmanager repeats that alert.
	HeartbeatTimeout time.Duration
	// HeartbeatGrace is how long after the start the first Heartbeat may take. Default 60s.
	HeartbeatGrace time.Duration
	// CallTimeout bounds one call of the backend. Default 10s.
	CallTimeout time.Duration
	// RetryDelay is the pause after the first failed call; it doubles up to RetryMaxDelay.
	// Defaults 200ms and 5s.
	RetryDelay, RetryMaxDelay time.Duration
	// RetryFor bounds how long an order is tried before it is given up. Default 1m.
	RetryFor time.Duration
	// LogSize is the number of decisions that are kept for Events, beside a fifth as many that only confirm a
	// count. Default 1000.
	LogSize int
}

// withDefaults fills in what is zero and reports what cannot be used.
func (o Options) withDefaults() (Options, error) {
	var errs []error
	if o.Backend == nil {
		errs = append(errs, function.Invalidf("scaler: Options.Backend is missing"))
	}
	if o.LogSize < 0 {
		errs = append(errs, function.Invalidf("scaler: Options.LogSize is %d: use 1 or more, or 0 for the default", o.LogSize))
	}
	if o.Busy == nil {
		o.Busy = func(string, time.Time) string { return "" }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		name   string
		value  *time.Duration
		preset time.Duration
	}{
		{"HeartbeatTimeout", &o.HeartbeatTimeout, 15 * time.Second},
		{"HeartbeatGrace", &o.HeartbeatGrace, time.Minute},
		{"CallTimeout", &o.CallTimeout, 10 * time.Second},
		{"RetryDelay", &o.RetryDelay, 200 * time.Millisecond},
		{"RetryMaxDelay", &o.RetryMaxDelay, 5 * time.Second},
		{"RetryFor", &o.RetryFor, time.Minute},
	} {
		if *d.value < 0 {
			errs = append(errs, function.Invalidf("scaler: Options.%s is %v: it must not be negative", d.name, *d.value))
		}
		*d.value = cmp.Or(*d.value, d.preset)
	}
	o.LogSize = cmp.Or(o.LogSize, 1000)
	return o, errors.Join(errs...)
}
