package watchdog

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/kballard/go-shellquote"
)

// Mode is how the watchdog runs the function.
type Mode string

// The modes of a watchdog.
const (
	// ModeStreaming starts a process per request and joins its pipes to the connection.
	ModeStreaming Mode = "streaming"
	// ModeSerializing starts a process per request, between a body and an output held whole.
	ModeSerializing Mode = "serializing"
	// ModeHTTP supervises one long-lived HTTP server and proxies to it.
	ModeHTTP Mode = "http"
	// ModeStatic serves the files of a directory.
	ModeStatic Mode = "static"
)

// validate tells modes that are unknown from those that OpenFaaS has, or had.
func (m Mode) validate() error {
	switch m {
	case ModeStreaming, ModeSerializing, ModeHTTP, ModeStatic:
		return nil
	case "afterburn":
		return errors.New("mode: afterburn is gone from every watchdog: make the function an HTTP server and set mode=http")
	case "inproc":
		return errors.New("mode: inproc is for programs with a watchdog inside them: set mode=http")
	default:
		return fmt.Errorf("mode: unknown mode %q: want streaming, serializing, http or static", string(m))
	}
}

// Config is everything that a watchdog can be told by its environment.
type Config struct {
	// Mode is how the function runs.
	Mode Mode
	// Process is the command line of the function, with shell quoting but no expansion.
	Process string
	// Port is where requests are taken, and MetricsPort where metrics are served.
	Port, MetricsPort int

	// ReadTimeout bounds the reading of a request with its body. Zero is no bound.
	ReadTimeout time.Duration
	// WriteTimeout bounds an invocation until the last byte of its answer. Zero is no bound.
	WriteTimeout time.Duration
	// ExecTimeout bounds an invocation. Zero is no bound.
	ExecTimeout time.Duration
	// ExecTimeoutStatus answers an invocation that ran out of time.
	ExecTimeoutStatus int
	// HealthcheckInterval is how long the watchdog goes on taking requests,
	// unready, when it is told to end while clients are connected.
	HealthcheckInterval time.Duration
	// MaxInflight is how many invocations may run at once. Zero is no limit.
	MaxInflight int

	// MaxBody is how many bytes of a request's body, or of an output, may be
	// held in memory where they are held whole: in serializing mode, and the
	// body alone with MarshalRequest or BufferBody. Zero is no bound.
	MaxBody int64

	// UpstreamURL is where the server of http mode listens. Its port may be 0:
	// then a free one is chosen and given to the server as PORT.
	UpstreamURL string
	// BufferBody makes http mode read the whole body before it forwards it.
	BufferBody bool
	// StaticPath is the directory of static mode.
	StaticPath string
	// ReadyPath, when not empty, is asked of the function to answer /_/ready.
	ReadyPath string
	// IdleTimeout makes http mode start its server at the first request and
	// stop it after so long without one. Zero keeps it running.
	IdleTimeout time.Duration
	// PoolSize is how many processes of a fork mode are started ahead.
	PoolSize int

	// ContentType is the type of a fork mode's answers. When it is empty the
	// request's own type is sent back, as the classic watchdog does.
	ContentType string
	// CGIHeaders describes the request in the environment of the process.
	CGIHeaders bool
	// CombineOutput sends the process's standard error to the client as well.
	CombineOutput bool
	// MarshalRequest gives the process a JSON document of headers and body.
	MarshalRequest bool

	// PrefixLogs puts time and stream before each line that the function logs.
	PrefixLogs bool
	// LogBufferSize is the longest line, in bytes, that is logged in one piece. -1 is no bound.
	LogBufferSize int
	// LogCallID ends the lines of a request with its X-Call-Id.
	LogCallID bool
	// WriteDebug logs what the function writes to the client.
	WriteDebug bool
	// DebugHeaders logs the headers of every request.
	DebugHeaders bool
	// SuppressLock leaves the lock file alone, for replicas that share a file system.
	SuppressLock bool
}

// DefaultConfig is a Config in which only Process is missing.
func DefaultConfig() Config {
	return Config{
		Mode:                ModeSerializing,
		Port:                8080,
		MetricsPort:         8081,
		ReadTimeout:         30 * time.Second,
		WriteTimeout:        30 * time.Second,
		ExecTimeout:         30 * time.Second,
		ExecTimeoutStatus:   http.StatusGatewayTimeout,
		HealthcheckInterval: time.Second,
		MaxBody:             256 << 20,
		StaticPath:          "/home/app/public",
		CGIHeaders:          true,
		PrefixLogs:          true,
		LogBufferSize:       64 << 10,
	}
}

// Validate reports every fault of c at once, each naming its variable.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	forks := c.forks()
	if err := c.Mode.validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Mode != ModeStatic {
		if _, err := c.argv(); err != nil {
			errs = append(errs, err)
		}
	}
	if c.Mode == ModeHTTP {
		if _, err := c.upstream(); err != nil {
			errs = append(errs, err)
		}
	}
	check(c.Mode != ModeStatic || c.StaticPath != "", "static_path: required in static mode")
	check(port(c.Port), "port: %d is not a port", c.Port)
	check(port(c.MetricsPort), "metrics_port: %d is not a port", c.MetricsPort)
	check(c.ReadTimeout >= 0, "read_timeout: must not be negative")
	check(c.WriteTimeout >= 0, "write_timeout: must not be negative")
	check(c.ExecTimeout >= 0, "exec_timeout: must not be negative")
	check(c.HealthcheckInterval >= 0, "healthcheck_interval: must not be negative")
	check(c.IdleTimeout >= 0, "idle_timeout: must not be negative")
	check(c.ExecTimeoutStatus >= 400 && c.ExecTimeoutStatus <= 599,
		"exec_timeout_status: %d is not an error status (400 to 599)", c.ExecTimeoutStatus)
	check(c.MaxInflight >= 0, "max_inflight: must not be negative")
	check(c.MaxBody >= 0, "max_body: must not be negative")
	check(c.LogBufferSize == -1 || c.LogBufferSize > 0, "log_buffer_size: must be positive, or -1 for no bound")
	check(c.PoolSize >= 0, "pool_size: must not be negative")
	check(c.PoolSize <= 0 || forks, "pool_size: needs mode streaming or serializing, not %s", c.Mode)
	check(c.PoolSize <= 0 || !c.CGIHeaders,
		"pool_size: needs cgi_headers=false, since a process started ahead cannot know its request")
	check(c.IdleTimeout <= 0 || c.Mode == ModeHTTP, "idle_timeout: needs mode http, not %s", c.Mode)
	return errors.Join(errs...)
}

// forks says whether the mode starts a process per request.
func (c Config) forks() bool {
	return c.Mode == ModeStreaming || c.Mode == ModeSerializing
}

// argv splits the function's command line.
func (c Config) argv() ([]string, error) {
	argv, err := shellquote.Split(c.Process)
	if err != nil {
		return nil, fmt.Errorf("fprocess: split %q: %w", c.Process, err)
	}
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("fprocess: required: the command of the function")
	}
	return argv, nil
}

// upstream parses where the server of http mode listens.
func (c Config) upstream() (*url.URL, error) {
	if c.UpstreamURL == "" {
		return nil, errors.New("upstream_url: required in http mode")
	}
	u, err := url.Parse(c.UpstreamURL)
	if err != nil {
		return nil, fmt.Errorf("upstream_url: %w", err)
	}
	if u.Scheme != "http" || u.Hostname() == "" {
		return nil, fmt.Errorf("upstream_url: %q is not of the form http://host:port", c.UpstreamURL)
	}
	return u, nil
}

// timeout is how long one invocation may take, zero for no bound.
func (c Config) timeout() time.Duration {
	if c.ExecTimeout == 0 || (c.WriteTimeout > 0 && c.WriteTimeout < c.ExecTimeout) {
		return c.WriteTimeout
	}
	return c.ExecTimeout
}

func port(n int) bool { return n >= 0 && n <= 65535 }
