package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"faas/api"
)

// TestWhoseThePasswordIs holds that what faas up keeps goes to no other machine, whoever names it.
func TestWhoseThePasswordIs(t *testing.T) {
	data := t.TempDir()
	writeTest(t, filepath.Join(data, "secrets", "basic-auth-password"), "secret\n")
	if err := (addresses{Gateway: "192.0.2.7:81", Metrics: "127.0.0.1:82"}).write(data); err != nil {
		t.Fatal(err)
	}
	given := filepath.Join(t.TempDir(), "given")
	writeTest(t, given, "other\n")
	for _, tt := range []struct{ flag, stack, file, want string }{
		{"", "", "", "secret"},
		{"http://192.0.2.7:81", "", "", "secret"},
		{"http://127.0.0.1:8080", "", "", "secret"},
		{"localhost", "", "", "secret"},
		{"http://[::1]:9", "", "", "secret"},
		{"http://192.0.2.7:80", "", "", ""},
		{"https://faas.example.com", "", "", ""},
		{"", "http://evil.example.com:8080", "", ""},
		{"http://127.0.0.1.example.com", "", "", ""},
		{"https://faas.example.com", "", given, "other"},
	} {
		c := gatewayFlags{Data: data, Gateway: tt.flag, ofStack: tt.stack, PasswordFile: tt.file}
		if got, err := c.password(); got != tt.want || err != nil {
			t.Errorf("%+v: got %q, %v", tt, got, err)
		}
	}
	c := gatewayFlags{Data: data, Gateway: "https://faas.example.com"}
	if err := c.refused(io.EOF, false); !strings.Contains(err.Error(), "none was sent to https://faas.example.com: --password-file names") {
		t.Error(err)
	}
}

// TestRedirects holds that what is sent on is not taken for done: a change would be sent on as a look.
func TestRedirects(t *testing.T) {
	g := newStub(t)
	g.there = true
	var page atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page.Load() {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<html>welcome</html>")
			return
		}
		w.Header().Set("Location", g.URL+r.URL.Path)
		w.WriteHeader(http.StatusMovedPermanently)
	}))
	t.Cleanup(front.Close)
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {a: {image: x/a}}\n")
	for _, args := range [][]string{{"rm", "a"}, {"deploy"}, {"list"}, {"invoke", "a", "--body", "x"}, {"scale", "set", "a", "--min", "2"}} {
		out, err := runFaas(t, append(args, "--gateway", front.URL)...)
		if err == nil || out != "" || !strings.Contains(err.Error(), "301 Moved Permanently to "+g.URL) || !strings.Contains(err.Error(), "--gateway") {
			t.Errorf("%v: %q, %v", args, out, err)
		}
	}
	if asked := g.all(); len(asked) > 0 {
		t.Errorf("asked: %q", asked)
	}
	page.Store(true)
	if out, err := runFaas(t, "rm", "a", "--gateway", front.URL); err == nil || out != "" || !strings.Contains(err.Error(), "is that a faas gateway?") {
		t.Errorf("%q, %v", out, err)
	}
}

// TestDeployWaitsForTheGateway holds that a gateway that is away for a moment ends no waiting, and is told of at the end.
func TestDeployWaitsForTheGateway(t *testing.T) {
	g := newStub(t, api.FunctionStatus{Name: "a", Replicas: 1, AvailableReplicas: 1})
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {a: {image: x/a}}\n")
	var away atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/system/function/") && away.Add(-1) >= 0 {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		g.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	t.Setenv("FAAS_GATEWAY", front.URL)
	away.Store(1)
	if out, err := runFaas(t, "deploy"); err != nil || !strings.Contains(out, "a: ready, 1 of 1 replicas") {
		t.Errorf("%q, %v", out, err)
	}
	away.Store(1000)
	if _, err := runFaas(t, "deploy", "--wait", "300ms"); err == nil || !strings.Contains(err.Error(), "a is not ready after 300ms: starting;") {
		t.Error(err)
	}
}

// TestDataDirectory holds that commands find the data of faas up from a folder below it, and nobody else's.
func TestDataDirectory(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	writeTest(t, filepath.Join(root, ".faas", "secrets", "basic-auth-password"), "secret\n")
	writeTest(t, filepath.Join(root, "a", "b", "file"), "")
	t.Chdir(filepath.Join(root, "a", "b"))
	c := gatewayFlags{Data: defaultData}
	if got, want := c.dataDir(), filepath.Join(root, ".faas"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, err := c.password(); got != "secret" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got := (&gatewayFlags{Data: "other"}).dataDir(); got != "other" {
		t.Errorf("got %s", got)
	}
	if os.Getuid() != 0 {
		return // only root can give a folder away
	}
	if err := os.Chown(filepath.Join(root, ".faas"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if got := c.dataDir(); strings.HasPrefix(got, root) {
		t.Errorf("somebody else's counts: %s", got)
	}
}
