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
	alias   string // another name of it
	meaning string
	value   any // a pointer into the Config that it sets
}

// lookup returns what the variable is set to and the name by which it is. An
// alias wins, as it does in OpenFaaS: an image may have its command in
// function_process over a base image that names another in fprocess.
func (v variable) lookup(lookup func(string) (string, bool)) (name, text string) {
	if v.alias != "" {
		if text, _ := lookup(v.alias); text != "" {
			return v.alias, text
		}
	}
	text, _ = lookup(v.name)
	return v.name, text
}

func variables(c *Config) []variable {
	return []variable{
		{"fprocess", "function_process", "the command of the function; shell quoting, no expansion", &c.Process},
		{"mode", "", "streaming, serializing (holds body and output whole), http or static", &c.Mode},
		{"port", "", "the port for requests", &c.Port},
		{"metrics_port", "", "the port for /metrics", &c.MetricsPort},
		{"read_timeout", "", "to read a request with its body (0: no bound)", &c.ReadTimeout},
		{"write_timeout", "", "from a request to the end of its answer (0: no bound)", &c.WriteTimeout},
		{"exec_timeout", "", "for the function (0, and when mode is not set: no bound); X-Timeout shortens one call", &c.ExecTimeout},
		{"exec_timeout_status", "", "the answer when a time ran out", &c.ExecTimeoutStatus},
		{"healthcheck_interval", "", "how long to take requests, unready, before ending; none when idle", &c.HealthcheckInterval},
		{"max_inflight", "", "requests at once, 429 beyond (0: no limit)", &c.MaxInflight},
		{"max_body", "", "the largest body (413 beyond) or output (500 beyond) where it is held whole, as 64Mi or bytes (0: no bound)", (*size)(&c.MaxBody)},
		{"upstream_url", "http_upstream_url", "http: where the function listens; port 0 chooses one and sets PORT", &c.UpstreamURL},
		{"http_buffer_req_body", "buffer_http", "http: hold the whole body before forwarding it", &c.BufferBody},
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
		{"log_callid", "log_call_id", "end log lines of a request with its X-Call-Id; http: log a line per request", &c.LogCallID},
		{"write_debug", "", "log what the function answers", &c.WriteDebug},
		{"debug_headers", "", "log the headers of requests", &c.DebugHeaders},
		{"suppress_lock", "", "write no lock file", &c.SuppressLock},
	}
}

// unsupported are variables of OpenFaaS's watchdogs that change who may call
// the function, or how often. Started without what they ask for, it would be
// open to everyone, so they are faults unless they are off.
var unsupported = []struct{ name, why string }{
	{"jwt_auth", "tokens are not checked here, and the function would be open to everyone"},
	{"oauth_enabled", "sessions are not checked here, and the function would take every request for a good one"},
	{"one_shot", "a replica takes more than one request"},
}

// ConfigFromEnv reads a Config from environment variables over the defaults
// and validates it. A variable that is set but empty counts as not set. When
// mode is not set the defaults are those of the watchdog that the image was
// made for. The error holds every fault, each naming its variable.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	c := defaultsFor(lookup)
	var errs []error
	for _, v := range variables(&c) {
		name, text := v.lookup(lookup)
		if text == "" {
			continue
		}
		if err := v.set(text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	for _, v := range unsupported {
		if text, _ := lookup(v.name); text != "" && !off(text) {
			errs = append(errs, fmt.Errorf("%s: %q is not supported: %s", v.name, text, v.why))
		}
	}
	if len(errs) > 0 {
		// What did not parse still has its default, so Validate adds only other faults.
		return Config{}, errors.Join(append(errs, c.Validate())...)
	}
	return c, c.Validate()
}

// defaultsFor tells the two OpenFaaS watchdogs apart by the names that they
// know: the classic one knows neither mode nor function_process. Its functions
// are serializing, with standard error sent to the client, the request's
// Content-Type, and no time-out but write_timeout.
func defaultsFor(lookup func(string) (string, bool)) Config {
	c := DefaultConfig()
	mode, _ := lookup("mode")
	process, _ := lookup("function_process")
	switch {
	case mode != "":
	case process != "":
		c.Mode = ModeStreaming
	default:
		c.CombineOutput, c.ExecTimeout = true, 0
		return c
	}
	c.ContentType = "application/octet-stream"
	return c
}

// off says whether text turns a variable off.
func off(text string) bool {
	on, err := strconv.ParseBool(text)
	return err == nil && !on
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

// Variable describes an environment variable for those who set it.
type Variable struct {
	// Name is the variable, Alias another name of it, empty for none.
	Name, Alias string
	// Default is what counts where mode is set and the variable is not, "-" for nothing.
	Default string
	Meaning string
}

// Variables are all that ConfigFromEnv reads, and then those that it refuses.
func Variables() []Variable {
	c := DefaultConfig()
	var list []Variable
	for _, v := range variables(&c) {
		list = append(list, Variable{v.name, v.alias, v.text(), v.meaning})
	}
	for _, v := range unsupported {
		list = append(list, Variable{v.name, "", "-", "refused: " + v.why})
	}
	return list
}

// Usage writes every environment variable with its default and meaning to w.
func Usage(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range Variables() {
		name := v.Name
		if v.Alias != "" {
			name += " (" + v.Alias + ")"
		}
		if _, err := fmt.Fprintf(t, "  %s\t%s\t%s\n", name, v.Default, v.Meaning); err != nil {
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
