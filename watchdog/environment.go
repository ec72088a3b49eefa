package watchdog

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"
	"time"
)

// A variable is one environment variable that a watchdog understands.
type variable struct {
	name    string
	alias   string // an older name, used when name is not set
	meaning string
	value   any // a pointer into the Config that it sets
}

func variables(c *Config) []variable {
	return []variable{
		{"fprocess", "function_process", "the command of the function; shell quoting, no expansion", &c.Process},
		{"mode", "", "streaming, serializing (holds body and output whole), http or static", &c.Mode},
		{"port", "", "the port for requests", &c.Port},
		{"metrics_port", "", "the port for /metrics", &c.MetricsPort},
		{"read_timeout", "", "to read a request with its body (0: no bound)", &c.ReadTimeout},
		{"write_timeout", "", "from a request to the end of its answer (0: no bound)", &c.WriteTimeout},
		{"exec_timeout", "", "for the function (0: no bound); X-Timeout shortens one call", &c.ExecTimeout},
		{"exec_timeout_status", "", "the answer when a time ran out", &c.ExecTimeoutStatus},
		{"healthcheck_interval", "", "how long to take requests, unready, before ending; none when idle", &c.HealthcheckInterval},
		{"max_inflight", "", "requests at once, 429 beyond (0: no limit)", &c.MaxInflight},
		{"max_body", "", "the largest body (413 beyond) or output (500 beyond) where it is held whole, as 64Mi or bytes (0: no bound)", (*size)(&c.MaxBody)},
		{"upstream_url", "http_upstream_url", "http: where the function listens; port 0 chooses one and sets PORT", &c.UpstreamURL},
		{"http_buffer_req_body", "", "http: hold the whole body before forwarding it", &c.BufferBody},
		{"idle_timeout", "", "http: start at the first request, stop after this idle time (0: never)", &c.IdleTimeout},
		{"static_path", "", "static: the directory to serve", &c.StaticPath},
		{"ready_path", "", "a path of the function that answers /_/ready", &c.ReadyPath},
		{"pool_size", "", "fork modes: processes started ahead; needs cgi_headers=false", &c.PoolSize},
		{"content_type", "", "fork modes: Content-Type of answers (with mode set: application/octet-stream; else the request's)", &c.ContentType},
		{"cgi_headers", "", "fork modes: describe the request in Http_ variables", &c.CGIHeaders},
		{"combine_output", "", "fork modes: send stderr to the client too (true when mode is not set)", &c.CombineOutput},
		{"marshal_request", "", "fork modes: stdin is a JSON document of headers and body, which is held whole", &c.MarshalRequest},
		{"prefix_logs", "", "put time and stream before lines of the function", &c.PrefixLogs},
		{"log_buffer_size", "", "the longest line, in bytes, logged in one piece (-1: no bound)", &c.LogBufferSize},
		{"log_callid", "", "end log lines of a request with its X-Call-Id", &c.LogCallID},
		{"write_debug", "", "log what the function answers", &c.WriteDebug},
		{"debug_headers", "", "log the headers of requests", &c.DebugHeaders},
		{"suppress_lock", "", "write no lock file", &c.SuppressLock},
	}
}

// ConfigFromEnv reads a Config from environment variables over the defaults
// and validates it. A variable that is set but empty counts as not set. When
// mode is not set the function is one of the classic watchdog: serializing,
// with standard error sent to the client and the request's Content-Type.
// The error holds every fault, each naming its variable.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	c := DefaultConfig()
	if mode, _ := lookup("mode"); mode == "" {
		c.CombineOutput = true
	} else {
		c.ContentType = "application/octet-stream"
	}
	var errs []error
	for _, v := range variables(&c) {
		text, _ := lookup(v.name)
		if text == "" && v.alias != "" {
			text, _ = lookup(v.alias)
		}
		if text == "" {
			continue
		}
		if err := v.set(text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", v.name, err))
		}
	}
	if len(errs) > 0 {
		// What did not parse still has its default, so Validate adds only other faults.
		return Config{}, errors.Join(append(errs, c.Validate())...)
	}
	return c, c.Validate()
}

func (v variable) set(text string) error {
	switch p := v.value.(type) {
	case *string:
		*p = text
	case *Mode:
		*p = Mode(text)
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is not true or false", text)
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*p = n
	case *size:
		n, err := parseSize(text)
		if err != nil {
			return err
		}
		*p = n
	case *time.Duration:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		*p = d
	}
	return nil
}

// parseDuration reads a Go duration, or a bare number of seconds.
func parseDuration(text string) (time.Duration, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n < 0 || n > math.MaxInt64/int(time.Second) {
			return 0, fmt.Errorf("%q is out of range", text)
		}
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 30s, or whole seconds", text)
	}
	if d < 0 {
		return 0, fmt.Errorf("%q is out of range", text)
	}
	return d, nil
}

// Usage writes every environment variable with its default and meaning to w.
func Usage(w io.Writer) error {
	c := DefaultConfig()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range variables(&c) {
		name := v.name
		if v.alias != "" {
			name += " (" + v.alias + ")"
		}
		if _, err := fmt.Fprintf(t, "  %s\t%s\t%s\n", name, v.text(), v.meaning); err != nil {
			return err
		}
	}
	return t.Flush()
}

func (v variable) text() string {
	var text string
	switch p := v.value.(type) {
	case *string:
		text = *p
	case *Mode:
		text = string(*p)
	case *bool:
		text = strconv.FormatBool(*p)
	case *int:
		text = strconv.Itoa(*p)
	case *size:
		text = p.String()
	case *time.Duration:
		text = p.String()
	}
	if text == "" {
		return "-"
	}
	return text
}
