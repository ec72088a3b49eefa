package queue

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// MaxBody bounds the body of a call whatever Options say, in bytes: a message of NATS must not be much larger.
const MaxBody = 7 << 20

// The bounds of the streams. A function may have maxCalls calls in the queue; all of them together have
// maxCallBytes. Dead letters are the newest, of maxDeadBytes and maxDeadAge.
const (
	maxCalls     = 100_000
	maxCallBytes = 1 << 30
	maxDeadBytes = 128 << 20
	maxDeadAge   = 7 * 24 * time.Hour
)

// Options are what a Queue works with. Gateway and one of Dir and URL are required.
type Options struct {
	// Dir keeps the calls of a server in this process, which has no port.
	Dir string
	// URL is that of a server elsewhere, such as nats://queue:4222.
	URL string
	// Gateway is where calls are made: the scheme and address of the gateway's own port, http://127.0.0.1:8080.
	Gateway string
	// Config is DefaultConfig() where it is zero.
	Config Config
	// MaxBody bounds the body of a call in bytes. Zero: 1 MiB. At most the constant MaxBody.
	MaxBody int64
	// Spool is the directory for answers on their way to a callback that are too large for memory. Empty: that of the
	// system for temporary files.
	Spool string
	// Limit returns how many calls of a function may be under way from here at once; false where there is no such
	// function. Nil: Config.Concurrency for all.
	Limit func(function string) (n int, known bool)
	// Callbacks say where answers may be sent.
	Callbacks CallbackOptions
	// AckWait is how long the silence of one who works on a call lasts until another takes it up. Zero: 15 s.
	AckWait time.Duration
	// Drain bounds how long calls under way may go on after Run was told to stop; then they are given back. Zero: 30 s.
	Drain time.Duration
	// Log gets what becomes of calls that fail, and when the server comes and goes. Nil: none.
	Log *slog.Logger
	// Registerer gets the metrics. Nil: none.
	Registerer prometheus.Registerer
}

func (o *Options) complete() error {
	if (o.Dir == "") == (o.URL == "") {
		return errors.New("queue: give a directory, or the URL of a server")
	}
	if o.URL != "" {
		if err := validURL(o.URL); err != nil {
			return err
		}
	}
	if gateway, err := url.Parse(o.Gateway); err != nil || gateway.Scheme != "http" || gateway.Host == "" {
		return fmt.Errorf("queue: gateway %q: write http://ADDRESS:PORT", o.Gateway)
	}
	o.MaxBody = cmp.Or(o.MaxBody, 1<<20)
	if o.MaxBody < 0 || o.MaxBody > MaxBody {
		return fmt.Errorf("queue: the body of an asynchronous call may have %d bytes at most, not %d", MaxBody, o.MaxBody)
	}
	if o.Config == (Config{}) {
		o.Config = DefaultConfig()
	}
	if o.Spool == "" {
		o.Spool = os.TempDir()
	}
	if o.Limit == nil {
		o.Limit = func(string) (int, bool) { return o.Config.Concurrency, true }
	}
	o.AckWait = cmp.Or(o.AckWait, 15*time.Second)
	o.Drain = cmp.Or(o.Drain, 30*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}
