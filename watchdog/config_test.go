package watchdog

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfigFromEnv(t *testing.T) {
	t.Parallel()
	classic := func(c *Config) { c.CombineOutput, c.ExecTimeout = true, 0 }
	tests := []struct {
		name string
		vars []string
		want func(*Config)
	}{
		{"classic", []string{"fprocess=cat"}, classic},
		{"mode given", []string{"fprocess=cat", "mode=streaming"}, func(c *Config) {
			c.Mode = ModeStreaming
			c.ContentType = "application/octet-stream"
		}},
		{"other names", []string{"function_process=cat", "mode=http", "http_upstream_url=http://127.0.0.1:5000", "buffer_http=true", "log_call_id=1"}, func(c *Config) {
			c.Mode = ModeHTTP
			c.ContentType = "application/octet-stream"
			c.UpstreamURL = "http://127.0.0.1:5000"
			c.BufferBody, c.LogCallID = true, true
		}},
		{"other names win", []string{"fprocess=dog", "function_process=cat", "mode=http", "upstream_url=http://x:1", "http_upstream_url=http://127.0.0.1:5000"}, func(c *Config) {
			c.Mode = ModeHTTP
			c.ContentType = "application/octet-stream"
			c.UpstreamURL = "http://127.0.0.1:5000"
		}},
		{"the other watchdog's, without a mode", []string{"function_process=cat"}, func(c *Config) {
			c.Mode = ModeStreaming
			c.ContentType = "application/octet-stream"
		}},
		{"durations", []string{"fprocess=cat", "read_timeout=5", "write_timeout=1m30s", "exec_timeout=7", "healthcheck_interval="}, func(c *Config) {
			classic(c)
			c.ReadTimeout = 5 * time.Second
			c.WriteTimeout = 90 * time.Second
			c.ExecTimeout = 7 * time.Second
		}},
		{"off", []string{"fprocess=cat", "jwt_auth=false", "jwt_auth_local=true", "oauth_enabled=0", "one_shot="}, classic},
		{"the rest", []string{
			"fprocess=cat", "port=9000", "metrics_port=9001", "max_inflight=3", "exec_timeout_status=408", "cgi_headers=false",
			"pool_size=2", "content_type=text/plain", "combine_output=false", "marshal_request=1", "prefix_logs=false",
			"log_buffer_size=-1", "log_callid=true", "write_debug=true", "debug_headers=true", "suppress_lock=true", "ready_path=/r", "max_body=64Mi",
		}, func(c *Config) {
			classic(c)
			c.CombineOutput = false
			c.Port, c.MetricsPort, c.MaxInflight, c.ExecTimeoutStatus, c.PoolSize, c.LogBufferSize = 9000, 9001, 3, 408, 2, -1
			c.CGIHeaders, c.PrefixLogs = false, false
			c.MaxBody = 64 << 20
			c.ContentType, c.ReadyPath = "text/plain", "/r"
			c.MarshalRequest, c.LogCallID, c.WriteDebug, c.DebugHeaders, c.SuppressLock = true, true, true, true, true
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := DefaultConfig()
			want.Process = "cat"
			tt.want(&want)
			got, err := ConfigFromEnv(lookup(tt.vars...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		vars []string
		want []string // each names its variable
	}{
		{"nothing", nil, []string{"fprocess: required"}},
		{"open quote", []string{"fprocess=sh -c 'x"}, []string{"fprocess: split"}},
		{"all at once", []string{"mode=turbo", "port=x", "read_timeout=soon", "cgi_headers=maybe", "max_inflight=-1"}, []string{
			`port: "x" is not a whole number`, `read_timeout: "soon" is not a duration`, `cgi_headers: "maybe" is not true or false`,
			`mode: unknown mode "turbo"`, "fprocess: required", "max_inflight: must not be negative",
		}},
		{"negative time", []string{"fprocess=cat", "exec_timeout=-1s"}, []string{"exec_timeout: "}},
		{"endless time", []string{"fprocess=cat", "exec_timeout=9223372037"}, []string{"exec_timeout: "}},
		{"http without upstream", []string{"fprocess=cat", "mode=http"}, []string{"upstream_url: required"}},
		{"upstream of another kind", []string{"fprocess=cat", "mode=http", "upstream_url=unix:///x"}, []string{"upstream_url: "}},
		{"pool of servers", []string{"fprocess=cat", "mode=http", "upstream_url=http://x:1", "pool_size=1"}, []string{"pool_size: needs mode", "pool_size: needs cgi_headers=false"}},
		{"idle forks", []string{"fprocess=cat", "idle_timeout=1m"}, []string{"idle_timeout: needs mode http"}},
		{"not an error", []string{"fprocess=cat", "exec_timeout_status=200"}, []string{"exec_timeout_status: "}},
		{"ports", []string{"fprocess=cat", "port=65536", "metrics_port=-1"}, []string{"port: ", "metrics_port: "}},
		{"sizes", []string{"fprocess=cat", "max_body=64MB"}, []string{`max_body: "64MB" is not a size`}},
		{"a mode of before", []string{"fprocess=cat", "mode=afterburn"}, []string{"mode: afterburn is gone from every watchdog: make the function an HTTP server and set mode=http"}},
		{"a mode of libraries", []string{"fprocess=cat", "mode=inproc"}, []string{"mode: inproc is for programs"}},
		{"by another name", []string{"fprocess=cat", "buffer_http=maybe"}, []string{`buffer_http: "maybe" is not true or false`}},
		{"never silently open", []string{"fprocess=cat", "jwt_auth=true", "oauth_enabled=1", "one_shot=yes"}, []string{
			`jwt_auth: "true" is not supported: tokens are not checked here`, `oauth_enabled: "1" is not supported`, `one_shot: "yes" is not supported`,
		}},
		{"no lines", []string{"fprocess=cat", "log_buffer_size=0"}, []string{"log_buffer_size: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ConfigFromEnv(lookup(tt.vars...))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains("\n"+err.Error(), "\n"+want) {
					t.Errorf("%q is missing in:\n%v", want, err)
				}
			}
			if got := strings.Count(err.Error(), "\n") + 1; got != len(tt.want) {
				t.Errorf("%d faults, want %d:\n%v", got, len(tt.want), err)
			}
		})
	}
}

func TestUsageNamesEveryVariable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Usage(&out); err != nil {
		t.Fatal(err)
	}
	var c Config
	for _, v := range variables(&c) {
		if !strings.Contains(out.String(), "  "+v.name+" ") {
			t.Errorf("%s is missing", v.name)
		}
	}
}

func FuzzConfigFromEnv(f *testing.F) {
	f.Add("sh -c 'echo \"a b\"'", "30s", "4")
	f.Add(`a\ b "c`, "9223372036", "-1")
	f.Add("", "1h2", "0x10")
	f.Fuzz(func(t *testing.T, process, duration, number string) {
		c, err := ConfigFromEnv(lookup("fprocess="+process, "exec_timeout="+duration, "max_inflight="+number))
		if err != nil {
			return
		}
		argv, err := c.argv()
		if err != nil || len(argv) == 0 || argv[0] == "" {
			t.Errorf("%q was accepted and splits into %q, %v", process, argv, err)
		}
		if c.ExecTimeout < 0 || c.MaxInflight < 0 {
			t.Errorf("accepted exec_timeout %q as %s, max_inflight %q as %d", duration, c.ExecTimeout, number, c.MaxInflight)
		}
	})
}
