package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/gateway"
	"faas/internal/board"
)

// fakeBackend has no functions, and shows them once it is told to.
type fakeBackend struct {
	backend
	board *board.Board
	shown chan struct{}
}

func (b *fakeBackend) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (b *fakeBackend) Watch(ctx context.Context, see func(function.Snapshot)) error {
	select {
	case <-b.shown:
		b.board.Watch(ctx, see)
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (b *fakeBackend) Functions(context.Context) (function.Snapshot, error) {
	select {
	case <-b.shown:
		snap, _ := b.board.Current()
		return snap, nil
	default:
		return function.Snapshot{}, function.Unavailablef("the swarm is away")
	}
}

func TestGatewayFlags(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		env  map[string]string
		want gatewayCommand
	}{
		{"the defaults", nil, nil, gatewayCommand{
			Listen: ":8080", MetricsListen: ":8082", BasicAuth: true, SecretMountPath: "/run/secrets/", Portal: true, LogFormat: "text",
		}},
		{"the environment", nil, map[string]string{
			"DOCKER_HOST": "tcp://a:1", "FAAS_NETWORK": "n", "FAAS_PEERS": "gateway:8080", "FAAS_METRICS_FROM": "a,b",
			"FAAS_ALERTMANAGER": "http://a:9093,http://b:9093", "FAAS_PROMETHEUS": "http://p:9090", "basic_auth": "false", "secret_mount_path": "/s", "FAAS_LISTEN": ":1", "FAAS_METRICS_LISTEN": ":2",
			"FAAS_LOG_LEVEL": "warn", "FAAS_LOG_FORMAT": "json", "FAAS_PORTAL": "false", "FAAS_INTENTS": "true",
		}, gatewayCommand{
			Listen: ":1", MetricsListen: ":2", DockerHost: "tcp://a:1", Network: "n", Peers: "gateway:8080",
			MetricsFrom: []string{"a", "b"}, Alertmanager: []string{"http://a:9093", "http://b:9093"}, Prometheus: []string{"http://p:9090"}, SecretMountPath: "/s", LogLevel: slog.LevelWarn, LogFormat: "json", Intents: true,
		}},
		{"variables without a value", nil, map[string]string{
			"DOCKER_HOST": "", "FAAS_METRICS_FROM": "", "basic_auth": "", "secret_mount_path": "", "FAAS_LISTEN": "", "FAAS_LOG_LEVEL": "", "FAAS_INTENTS": "",
		}, gatewayCommand{
			Listen: ":8080", MetricsListen: ":8082", BasicAuth: true, SecretMountPath: "/run/secrets/", Portal: true, LogFormat: "text",
		}},
		{"a flag wins", []string{"--listen=:3", "--basic-auth"}, map[string]string{"FAAS_LISTEN": ":1", "basic_auth": "0"}, gatewayCommand{
			Listen: ":3", MetricsListen: ":8082", BasicAuth: true, SecretMountPath: "/run/secrets/", Portal: true, LogFormat: "text",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			var cli commands
			if _, err := parser(&cli).Parse(append([]string{"gateway"}, test.args...)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, cli.Gateway); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMissingCredentialsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	c := gatewayCommand{BasicAuth: true, SecretMountPath: dir}
	_, err := c.credentials(slog.New(slog.DiscardHandler))
	for _, want := range []string{
		filepath.Join(dir, gateway.UserFile), filepath.Join(dir, gateway.PasswordFile),
		"docker secret create basic-auth-password", "basic_auth=false",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	var log bytes.Buffer
	c.BasicAuth = false
	credentials, err := c.credentials(newLogger(&log, slog.LevelInfo, "text"))
	if credentials != nil || err != nil || !strings.Contains(log.String(), "everyone") {
		t.Errorf("without: %v, %v, log %q", credentials, err, &log)
	}
}

// TestGatewayService runs the parts around a backend that is away at first.
func TestGatewayService(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{gateway.UserFile: "admin\n", gateway.PasswordFile: "sesame\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := newLogBuffer()
	c := gatewayCommand{Listen: "127.0.0.1:0", MetricsListen: "127.0.0.1:0", BasicAuth: true, SecretMountPath: dir, LogFormat: "json"}
	b := &fakeBackend{board: board.New(), shown: make(chan struct{})}
	s, err := c.around(t.Context(), b, gateway.Options{Log: newLogger(log, slog.LevelInfo, "json"), Registry: newRegistry()}, func(name string) (string, bool) {
		return map[string]string{"hold_timeout": "10ms", "drain_timeout": "5s"}[name], true
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Contains(text, "sesame") || !strings.Contains(text, `"drain_timeout":5000000000`) {
		t.Errorf("the configuration in the log: %s", text)
	}
	signals, ended := make(chan os.Signal, 1), make(chan error, 1)
	go func() { ended <- s.run(t.Context(), signals) }()

	url := "http://" + regexp.MustCompile(`"listen":"([^"]*)"`).FindStringSubmatch(log.String())[1]
	want := func(path string, status int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, _ := io.ReadAll(res.Body); res.StatusCode != status {
			t.Errorf("%s: %s %s, want %d", path, res.Status, body, status)
		}
	}
	want("/healthz", http.StatusServiceUnavailable)
	health := &healthcheckCommand{URL: url + "/healthz"}
	if err := health.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "the swarm is away") {
		t.Errorf("healthcheck: %v, want the reason", err)
	}
	want("/system/info", http.StatusUnauthorized)
	want("/function/echo", http.StatusServiceUnavailable) // who knows
	b.board.Publish(nil)
	close(b.shown)
	log.await(t, "functions known")
	want("/healthz", http.StatusOK)
	want("/function/echo", http.StatusNotFound)

	signals <- syscall.SIGTERM
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if text := log.String(); !strings.Contains(text, `"msg":"stopping","signal":"SIGTERM"`) || !strings.Contains(text, `"msg":"stopped"`) {
		t.Errorf("the log does not tell of the end:\n%s", text)
	}
}

// TestFailedPartEndsTheGateway checks that a container does not go on with half of its parts.
func TestFailedPartEndsTheGateway(t *testing.T) {
	b := &fakeBackend{board: board.New(), shown: make(chan struct{})}
	c := gatewayCommand{Listen: "127.0.0.1:0", MetricsListen: "127.0.0.1:0"}
	s, err := c.around(t.Context(), failing{b}, gateway.Options{Log: slog.New(slog.DiscardHandler), Registry: newRegistry()}, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("ended with %v", err)
	}
}

type failing struct{ *fakeBackend }

func (failing) Run(context.Context) error { return io.ErrUnexpectedEOF }

func TestHealthcheck(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"status": "ok"})
	}))
	defer server.Close()
	var out bytes.Buffer
	app := &kong.Kong{Stdout: &out}
	c := healthcheckCommand{URL: server.URL}
	if err := c.Run(t.Context(), app); err != nil || out.String() != server.URL+": 200 OK {\"status\":\"ok\"}\n" {
		t.Errorf("healthy: %v, %q", err, &out)
	}
	status = http.StatusServiceUnavailable
	if err := c.Run(t.Context(), app); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("unhealthy: %v", err)
	}
	server.Close()
	if err := c.Run(t.Context(), app); err == nil || !strings.Contains(err.Error(), server.URL) {
		t.Errorf("away: %v", err)
	}
}

func TestPause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (pauseCommand{}).Run(ctx); err != nil {
		t.Error(err)
	}
}

// logBuffer is a log in memory that can be waited for.
type logBuffer struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed and replaced at each line
}

func newLogBuffer() *logBuffer { return &logBuffer{grown: make(chan struct{})} }

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.grown)
	b.grown = make(chan struct{})
	return b.text.Write(p)
}

func (b *logBuffer) read() (text string, grown <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String(), b.grown
}

func (b *logBuffer) String() string {
	text, _ := b.read()
	return text
}

// await waits until the log has text.
func (b *logBuffer) await(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		all, grown := b.read()
		if strings.Contains(all, text) {
			return
		}
		select {
		case <-grown:
		case <-ctx.Done():
			t.Fatalf("the log has no %q:\n%s", text, all)
		}
	}
}

func TestLinks(t *testing.T) {
	for text, fits := range map[string]bool{
		"": true, "https://p.example.com/prefix": true, "http://127.0.0.1:9090": true, "javascript:alert(1)": false, "p.example.com": false, "//p": false,
	} {
		c := gatewayCommand{AlertmanagerLink: text}
		if l, err := c.links(); (err == nil) != fits || fits && l.Alertmanager != text {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
	}
}
