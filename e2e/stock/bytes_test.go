package stock

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// recorder is a gateway that keeps the bytes that it is sent.
type recorder struct {
	net.Listener
	answers map[string]string // by the request's path; else an empty 202

	mu  sync.Mutex
	all bytes.Buffer
}

func newRecorder(t *testing.T, answers map[string]string) *recorder {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{Listener: l, answers: answers}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return r
}

func (r *recorder) serve(conn net.Conn) {
	defer conn.Close()
	var raw bytes.Buffer
	in := bufio.NewReader(io.TeeReader(conn, &raw))
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		r.mu.Lock()
		text := strings.ReplaceAll(raw.String(), "\r\n", "\n")
		fmt.Fprintf(&r.all, "%s\n\n", strings.TrimRight(text, "\n"))
		r.mu.Unlock()
		raw.Reset()
		status, kind, body := "202 Accepted", "application/json", r.answers[req.URL.Path]
		switch {
		case req.Method == http.MethodPut && strings.Contains(text, `"service":"first"`):
			status = "404 Not Found"
		case req.URL.Path == "/system/logs":
			status, kind = "200 OK", "application/x-ndjson"
		case req.Method == http.MethodGet:
			status = "200 OK"
		}
		fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, kind, len(body), body)
	}
}

// sent is what was recorded, without what differs from run to run.
func (r *recorder) sent() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.NewReplacer(
		r.Addr().String(), "gateway:8080",
		fmt.Sprintf("(openfaas; %s; %s)", runtime.GOOS, runtime.GOARCH), "(openfaas; linux; amd64)",
	).Replace(r.all.String())
}

// answers are the least that the calls with an answer take.
func answers() map[string]string {
	const f = `{"name":"first","image":"i","namespace":"openfaas-fn","labels":{},"annotations":{},"invocationCount":0,` +
		`"replicas":1,"availableReplicas":1,"createdAt":"2026-01-02T03:04:05Z"}`
	const version = `{"release":"1","sha":"abc"}`
	return map[string]string{ //nolint:gosec // G101: a path, and no credentials
		"/system/functions":      "[" + f + "]",
		"/system/function/first": f,
		"/system/secrets":        `[{"name":"s","namespace":"openfaas-fn"}]`,
		"/system/namespaces":     `["openfaas-fn"]`,
		"/system/logs": `{"name":"first","namespace":"openfaas-fn","instance":"1","timestamp":"2026-01-02T03:04:05Z","text":""}` +
			"\n",
		"/system/info": `{"provider":{"provider":"p","orchestration":"o","version":` + version + `},"version":` + version +
			`,"arch":"amd64"}`,
	}
}

// step is a call that a client makes, with a name for the golden file.
type step struct {
	name string
	do   func(context.Context) error
}

// samples are what the clients send.
type samples struct {
	least, most   Spec
	secret        Secret
	query, narrow LogRequest
}

func newSamples() samples {
	return samples{
		least: Spec{Name: "first", Image: "example/first"},
		most: Spec{
			Name: "full", Image: "example/full:1", Namespace: "openfaas-fn", Process: "cat", Env: map[string]string{"K": "v"},
			Labels: map[string]string{}, Annotations: map[string]string{"topic": "t"}, Constraints: []string{"node.role == worker"},
			Secrets: []string{"s"}, Limits: &Resources{Memory: "5Mi"}, Requests: &Resources{CPU: "100m"}, ReadOnly: true,
			Network: "func_functions", RegistryAuth: "dTpw",
		},
		secret: Secret{Name: "s", Namespace: "openfaas-fn", Value: "hush"},
		query:  LogRequest{Name: "first", Namespace: "openfaas-fn", Tail: -1, Follow: true},
		narrow: LogRequest{Name: "first", Instance: "first.1", Since: time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC), Tail: 5},
	}
}

func every(LogMessage) bool { return true }

// cliSteps are what faas-cli does.
func cliSteps(c *Client) []step {
	s := newSamples()
	return []step{
		{"login", func(ctx context.Context) error { return c.Login(ctx, "admin", "pass") }},
		{"ready", func(ctx context.Context) error { return c.Ready(ctx, 1, time.Second) }},
		{"version", func(ctx context.Context) error { _, err := c.Info(ctx); return err }},
		{"namespaces", func(ctx context.Context) error { _, err := c.Namespaces(ctx); return err }},
		{"deploy: PUT, then POST", func(ctx context.Context) error { return c.Deploy(ctx, s.least) }},
		{"deploy with everything", func(ctx context.Context) error { return c.Deploy(ctx, s.most) }},
		{"deploy --replace", func(ctx context.Context) error { return c.Replace(ctx, s.least) }},
		{"list", func(ctx context.Context) error { _, err := c.List(ctx, "openfaas-fn"); return err }},
		{"describe", func(ctx context.Context) error { _, err := c.Describe(ctx, "first", ""); return err }},
		{"ready FUNCTION -n", func(ctx context.Context) error {
			return c.FunctionReady(ctx, "first", "openfaas-fn", 1, time.Second)
		}},
		{"scale", func(ctx context.Context) error { return c.Scale(ctx, "first", "openfaas-fn", 0) }},
		{"secret list", func(ctx context.Context) error { _, err := c.Secrets(ctx, "openfaas-fn"); return err }},
		{"secret create", func(ctx context.Context) error { return c.CreateSecret(ctx, s.secret) }},
		{"secret update", func(ctx context.Context) error { return c.UpdateSecret(ctx, s.secret) }},
		{"secret remove", func(ctx context.Context) error { return c.RemoveSecret(ctx, "s", "openfaas-fn") }},
		{"logs", func(ctx context.Context) error { return c.Logs(ctx, s.query, every) }},
		{"logs of one instance", func(ctx context.Context) error { return c.Logs(ctx, s.narrow, every) }},
		{"invoke", func(ctx context.Context) error {
			_, err := c.Invoke(ctx, Invocation{Name: "first", Body: []byte("hello")})
			return err
		}},
		{"invoke --async with all flags", func(ctx context.Context) error {
			_, err := c.Invoke(ctx, Invocation{
				Name: "first", Namespace: "openfaas-fn", Method: http.MethodPut, ContentType: "application/json",
				Query: []string{"b=2", "a=1"}, Headers: []string{"X-Callback-Url=http://gateway:8080/function/b"}, Async: true,
			})
			return err
		}},
		{"remove", func(ctx context.Context) error { return c.Remove(ctx, "first", "openfaas-fn") }},
	}
}

// sdkSteps are what the SDK does.
func sdkSteps(client *Client) []step {
	c, s := client.SDK(), newSamples()
	return []step{
		{"deploy", func(ctx context.Context) error { return c.Deploy(ctx, s.least) }},
		{"update", func(ctx context.Context) error { return c.Update(ctx, s.most) }},
		{"describe", func(ctx context.Context) error { _, err := c.Function(ctx, "first", "openfaas-fn"); return err }},
		{"create secret", func(ctx context.Context) error {
			return c.CreateSecret(ctx, Secret{Name: "s", RawValue: []byte{0, 255}})
		}},
		{"remove secret", func(ctx context.Context) error { return c.RemoveSecret(ctx, "s", "openfaas-fn") }},
		{"create namespace", func(ctx context.Context) error { return c.CreateNamespace(ctx, "other") }},
		{"logs", func(ctx context.Context) error { return c.Logs(ctx, s.query, every) }},
		{"remove", func(ctx context.Context) error { return c.Remove(ctx, "first", "openfaas-fn") }},
	}
}

func TestBytes(t *testing.T) {
	for _, tt := range []struct {
		name, user string
		age        Age
		steps      func(*Client) []step
	}{
		{"2018", "admin", Age2018, cliSteps},
		{"2021", "", Age2021, cliSteps},
		{"2025", "admin", Age2025, cliSteps},
		{"sdk", "admin", Age2025, sdkSteps},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder(t, answers())
			c := New("http://"+r.Addr().String()+"/", tt.age, tt.user, "pass")
			defer c.Close()
			for _, s := range tt.steps(c) {
				r.mu.Lock()
				fmt.Fprintf(&r.all, "---- %s\n", s.name)
				r.mu.Unlock()
				if err := s.do(t.Context()); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			}
			golden(t, tt.name, r.sent())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}
