package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
	"faas/function"
	"faas/internal/httperr"
	"faas/internal/image"
	"faas/internal/stack"
)

// runFaas runs a command as main does, and returns what it prints.
func runFaas(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var cli commands
	var out bytes.Buffer
	p := parser(&cli)
	p.Stdout = &out
	command, err := p.Parse(glued(args))
	if err == nil {
		err = command.Run()
	}
	return out.String(), err
}

// mustRun is runFaas that must succeed.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runFaas(t, args...)
	if err != nil {
		t.Fatalf("faas %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func writeTest(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// staticProgram is one that may stand for the watchdog.
func staticProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeTest(t, filepath.Join(dir, "go.mod"), "module x\n\ngo 1.22\n")
	writeTest(t, filepath.Join(dir, "main.go"), "package main\n\nfunc main() {}\n")
	to := filepath.Join(dir, "program")
	if err := image.GoBuild(t.Context(), dir, to, "amd64"); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestBuildIsTheSameEverywhere makes a function and builds it in two places.
func TestBuildIsTheSameEverywhere(t *testing.T) {
	watchdog := staticProgram(t)
	var all [2]string
	for i := range all {
		t.Chdir(t.TempDir())
		mustRun(t, "new", "hello", "--lang", "go", "--prefix", "example")
		t.Chdir("hello")
		var b []built
		text := mustRun(t, "build", "--watchdog", watchdog, "--arch", "amd64", "-o", "tar,oci-layout,json", "--label", "a=b")
		if err := json.Unmarshal([]byte(text), &b); err != nil || len(b) != 1 {
			t.Fatalf("%v: %s", err, text)
		}
		b[0].Seconds = 0
		all[i] = b[0].Digest
		want := built{Function: "hello", Image: "example/hello:latest", Builder: "go", Digest: b[0].Digest, Files: []string{"build/hello.tar", "build/hello.oci"}}
		if diff := cmp.Diff(want, b[0]); diff != "" {
			t.Error(diff)
		}
	}
	if all[0] != all[1] || !strings.HasPrefix(all[0], "sha256:") {
		t.Errorf("built twice: %v", all)
	}
	made, err := image.Load("build/hello.tar")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := made.Config()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Config struct {
			Env    []string
			Labels map[string]string
		} `json:"config"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	wantLabels := map[string]string{
		"a": "b", "com.openfaas.function": "hello", "com.faas.lang": "go",
		"org.opencontainers.image.title": "hello", "org.opencontainers.image.description": "Function hello.",
	}
	if diff := cmp.Diff(wantLabels, got.Config.Labels); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"fprocess=./hello", "mode=http", "upstream_url=http://127.0.0.1:8082"}, got.Config.Env[1:]); diff != "" {
		t.Error(diff)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	if text := mustRun(t, "build", "--watchdog", watchdog, "--arch", "amd64"); strings.Contains(text, all[0]) || !strings.Contains(text, "hello: example/hello:latest sha256:") {
		t.Errorf("with another time: %s", text)
	}
}

func TestBuildErrors(t *testing.T) {
	watchdog := staticProgram(t)
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", `functions:
  nodir: {lang: go, handler: ./none}
  gone: {lang: python, handler: ./p, image: x/p}
  run: {lang: go, handler: ./p, fprocess: go run .}
  upper: {lang: go, handler: ./p, image: Bad/Name}
  script: {lang: binary, handler: ./p, fprocess: ./x.sh}
  path: {lang: binary, handler: ./p, fprocess: x.sh}
  none: {lang: binary, handler: ./p}
  lib: {lang: go, handler: ./lib}
`)
	writeTest(t, "p/x.sh", "#!/bin/sh\n")
	writeTest(t, "lib/go.mod", "module function\n")
	writeTest(t, "lib/handler.go", "package function\n")
	for name, want := range map[string]string{
		"nodir":  "stack.yml:2: function nodir: build: handler ",
		"gone":   "stack.yml:3: function gone: build x/p: stat ",
		"run":    "stack.yml:4: function run: fprocess \"go run .\" runs the source, which the image does not have: leave fprocess out",
		"upper":  "stack.yml:5: function upper: image \"Bad/Name\": what is built needs a name such as",
		"script": "x.sh is no program for Linux",
		"path":   `fprocess "x.sh": write it as ./PROGRAM`,
		"none":   "fprocess is missing",
		"lib":    "it needs a package main",
		"other":  "stack.yml has no function other; there are gone, lib, nodir, none, path, run, script, upper",
	} {
		if _, err := runFaas(t, "build", name, "--watchdog", watchdog, "--arch", "amd64"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	out, err := runFaas(t, "build", "nodir", "lib", "--watchdog", watchdog, "--arch", "amd64", "-o", "json")
	var failed []built
	if jsonErr := json.Unmarshal([]byte(out), &failed); err == nil || jsonErr != nil || len(failed) != 2 || failed[1].Function != "lib" ||
		!strings.Contains(failed[1].Error, "it needs a package main") || failed[0].Function != "nodir" || failed[0].Error == "" {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := runFaas(t, "build", "-f", "no.yml"); err == nil || !strings.Contains(err.Error(), "`faas new NAME --lang go` makes a function with one") {
		t.Errorf("without a file: %v", err)
	}
}

func TestProgramPath(t *testing.T) {
	for _, test := range []struct{ process, builder, want string }{
		{"./hello -x", "go", "/home/app/hello"},
		{"hello", "go", "/usr/bin/hello"},
		{"/app/hello", "go", "/app/hello"},
		{"bin/hello", "binary", "/home/app/bin/hello"},
		{"../hello", "binary", ""},
		{"/bin/hello", "binary", ""},
		{"'", "go", ""},
	} {
		if got, err := programPath(test.process, test.builder); got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s by %s: %q, %v", test.process, test.builder, got, err)
		}
	}
}

// TestStaticBinary builds a folder that has its program.
func TestStaticBinary(t *testing.T) {
	watchdog := staticProgram(t)
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {hello: {lang: binary, handler: ./h, image: x/hello, fprocess: ./hello -v}}\n")
	writeTest(t, "h/data", "x")
	if out, err := exec.CommandContext(t.Context(), "cp", watchdog, "h/hello").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text := mustRun(t, "build", "--watchdog", watchdog, "--arch", "amd64", "--dir", "out"); !strings.Contains(text, "out/hello.tar, by binary") {
		t.Error(text)
	}
}

// layerNames lists what the last layer of an archive has in the function's folder.
func layerNames(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for archive := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if parts[h.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
	var manifest []struct{ Layers []string }
	if err := json.Unmarshal(parts["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	layers := manifest[0].Layers
	r, err := gzip.NewReader(bytes.NewReader(parts[layers[len(layers)-1]]))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(h.Name, "home/app/"); ok && name != "" {
			names = append(names, name)
		}
	}
}

// TestStaticBinaryKeepsSecrets has the stack's files in the folder of the program, one of them by a link.
func TestStaticBinaryKeepsSecrets(t *testing.T) {
	watchdog := staticProgram(t)
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", `functions:
  hello: {lang: binary, image: x/hello, fprocess: ./hello, environment_file: [env.yml, conf/more.yml]}
  other: {image: x/other, environment_file: [linked.yml]}
`)
	for _, file := range []string{"env.yml", "conf/more.yml", "conf/real.yml"} {
		writeTest(t, file, "environment: {key: secret}\n")
	}
	writeTest(t, "data/env.yml", "x")
	if err := os.Symlink("conf/real.yml", "linked.yml"); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "cp", watchdog, "hello").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	mustRun(t, "build", "hello", "--watchdog", watchdog, "--arch", "amd64")
	if diff := cmp.Diff([]string{"data/", "data/env.yml", "hello"}, layerNames(t, "build/hello.tar")); diff != "" {
		t.Error(diff)
	}
}

// TestBuildIntoTheHandler writes images where the function is, again and again.
func TestBuildIntoTheHandler(t *testing.T) {
	watchdog := staticProgram(t)
	for _, dir := range []string{"out", "out/deep", ".", "link"} {
		t.Run(dir, func(t *testing.T) {
			t.Chdir(t.TempDir())
			writeTest(t, "stack.yml", `functions:
  hello: {lang: binary, handler: h, image: x/hello, fprocess: ./hello}
  other: {lang: binary, handler: h, image: x/other, fprocess: ./hello}
`)
			writeTest(t, "h/data.tar", "x")
			if out, err := exec.CommandContext(t.Context(), "cp", watchdog, "h/hello").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if err := errors.Join(os.Symlink("h", "link"), os.Mkdir("h/out", 0o700)); err != nil {
				t.Fatal(err)
			}
			c := buildCommand{Output: []string{"tar", "oci-layout"}, Dir: filepath.Join("h", dir), stackFlags: stackFlags{Stack: "stack.yml"}}
			if dir == "link" {
				c.Dir = "link/out"
			}
			c.Builder, c.Arch, c.Watchdog = "auto", "amd64", watchdog
			w := watch{files: c.watched, skip: c.written}
			files, dirs, err := c.watched()
			if err != nil {
				t.Fatal(err)
			}
			states := w.states(files, dirs)
			for range 2 {
				if err := c.once(t.Context(), io.Discard, nil); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(states, w.states(files, dirs)); diff != "" {
					t.Errorf("images are a change: %s", diff)
				}
				states = w.states(files, dirs)
				if diff := cmp.Diff([]string{"data.tar", "hello"}, slices.DeleteFunc(layerNames(t, filepath.Join(c.Dir, "hello.tar")), func(n string) bool { return n == "out/" })); diff != "" {
					t.Errorf("the image has %s", diff)
				}
			}
		})
	}
}

// stubGateway answers as a gateway of a Swarm does, from states of one function.
type stubGateway struct {
	*httptest.Server

	mu     sync.Mutex
	asked  []string
	states []api.FunctionStatus // shown one after another
	there  bool
}

func newStub(t *testing.T, states ...api.FunctionStatus) *stubGateway {
	t.Helper()
	g := &stubGateway{states: states}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	t.Setenv("FAAS_GATEWAY", g.URL)
	t.Setenv("FAAS_DATA", t.TempDir())
	return g
}

func (g *stubGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	body, _ := io.ReadAll(r.Body) // the tests see what is missing
	g.asked = append(g.asked, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL, body)))
	switch {
	case r.URL.Path == "/system/info":
		_ = json.NewEncoder(w).Encode(api.Info{Provider: api.Provider{Provider: "faas-swarm"}})
	case r.Method == http.MethodPut && !g.there, r.Method == http.MethodDelete && !g.there:
		httperr.Refuse(w, http.StatusNotFound, "there is none")
	case r.Method == http.MethodPost && r.URL.Path == "/system/functions":
		g.there = true
		w.WriteHeader(http.StatusAccepted)
	case r.URL.Path == "/system/functions" && r.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode([]api.FunctionStatus{{Name: "b", Image: "x/b", Replicas: 2, Blocked: "no\nnode"}, {Name: "a", Image: "x/a", Replicas: 1, AvailableReplicas: 1, InvocationCount: 7}})
	case strings.HasPrefix(r.URL.Path, "/system/function/"):
		_ = json.NewEncoder(w).Encode(g.states[0])
		if len(g.states) > 1 {
			g.states = g.states[1:]
		}
	case r.URL.Path == "/system/logs":
		fmt.Fprintln(w, `{"name":"a","instance":"a.1","timestamp":"2026-11-28T07:00:00.5Z","text":"one\u001b[2J"}`)
		fmt.Fprintln(w, `{"name":"a","instance":"a.2","timestamp":"2026-11-28T07:00:01Z","text":"two"}`)
	case r.URL.Path == "/function/a/sub":
		w.Header().Set("X-Call-Id", "id")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s", r.Header.Get("X-A"), r.URL.RawQuery, body) //nolint:gosec // a test's own request
	case r.URL.Path == "/function/a":
		_, _ = w.Write(body) // it is gone then
	case r.URL.Path == "/async-function/a":
		w.Header().Set("X-Call-Id", "id2")
		w.WriteHeader(http.StatusAccepted)
	case strings.HasPrefix(r.URL.Path, "/function/"):
		httperr.Refuse(w, http.StatusNotFound, "there is none")
	}
}

func (g *stubGateway) all() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	asked := g.asked
	g.asked = nil
	return asked
}

func TestDeploy(t *testing.T) {
	g := newStub(t,
		api.FunctionStatus{Name: "a", Replicas: 2, StartingReplicas: 2}, api.FunctionStatus{Name: "a", Replicas: 2, AvailableReplicas: 1},
		api.FunctionStatus{Name: "a", Replicas: 2, AvailableReplicas: 2},
	)
	t.Chdir(t.TempDir())
	writeTest(t, "env.yml", "environment: {more: 1}\n")
	t.Setenv("TAG", "2")
	writeTest(t, "stack.yml", `version: 1.0
provider: {name: openfaas, gateway: "http://127.0.0.1:8080"}
functions:
  a:
    lang: python3-http
    handler: ./gone
    image: x/a:${TAG:-1}
    fprocess: cat
    environment: {level: 1.10}
    environment_file: [env.yml]
    labels: {com.openfaas.scale.min: 2}
    annotations: {topic: t}
    secrets: [key]
    limits: {memory: 64Mi}
    requests: {cpu: 10m}
    constraints: [node.role == worker]
    readonly_root_filesystem: true
`)
	want := fmt.Sprintf("a: deployed\na: 0 of 2 replicas ready\na: 1 of 2 replicas ready\na: ready, 2 of 2 replicas, at %s/function/a\n", g.URL)
	if diff := cmp.Diff(want, mustRun(t, "deploy")); diff != "" {
		t.Error(diff)
	}
	sent := `{"service":"a","image":"x/a:2","envProcess":"cat","envVars":{"level":"1.10","more":"1"},"constraints":["node.role == worker"],"secrets":["key"],` +
		`"labels":{"com.openfaas.scale.min":"2"},"annotations":{"topic":"t"},"limits":{"memory":"64Mi"},"requests":{"cpu":"10m"},"readOnlyRootFilesystem":true}`
	if diff := cmp.Diff([]string{"GET /system/info", "PUT /system/functions " + sent, "POST /system/functions " + sent, "GET /system/function/a"}, g.all()[:4]); diff != "" {
		t.Error(diff)
	}
	if text := mustRun(t, "deploy", "--wait", "0s", "-o", "json"); !strings.Contains(text, `"change": "updated"`) {
		t.Error(text)
	}
	if _, err := runFaas(t, "deploy", "--watch"); err == nil || !strings.Contains(err.Error(), "say how they get there, by --push") {
		t.Errorf("--watch with nowhere to put images: %v", err)
	}
}

// TestDeployWithoutBuild gives flags that say how to build to a deploy that does not.
func TestDeployWithoutBuild(t *testing.T) {
	newStub(t, api.FunctionStatus{Name: "a", Replicas: 1, AvailableReplicas: 1})
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {a: {image: x/a, skip_build: true}}\n")
	t.Setenv("FAAS_WATCHDOG", "/no/such") // it is meant for others
	for _, flag := range []string{"--push", "--load", "--builder=docker", "--build-arg=A=1", "--label=a=b", "--arch=arm64", "--plain-http", "--watchdog=x"} {
		name, _, _ := strings.Cut(flag, "=")
		if _, err := runFaas(t, "deploy", flag); err == nil || !strings.Contains(err.Error(), name+": no image is built: say --build") {
			t.Errorf("%s: %v", flag, err)
		}
		if _, err := runFaas(t, "deploy", "--build", "--wait", "0s", flag); err != nil {
			t.Errorf("%s with --build: %v", flag, err)
		}
	}
	mustRun(t, "deploy", "--wait", "0s")
}

// TestLinkedHandler holds that another source is another build, where the handler is a link to its folder.
func TestLinkedHandler(t *testing.T) {
	root := t.TempDir()
	writeTest(t, filepath.Join(root, "real", "x"), "1")
	if err := os.Symlink("real", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	f := stack.Function{Handler: filepath.Join(root, "link")}
	build := func() string {
		d, err := deployment(t.Context(), f, true)
		if err != nil {
			t.Fatal(err)
		}
		return (*d.Annotations)[function.AnnotationBuild]
	}
	before := build()
	if writeTest(t, filepath.Join(root, "real", "x"), "2"); build() == before {
		t.Error("the build is the same")
	}
}

func TestDeployThatIsNeverReady(t *testing.T) {
	newStub(t, api.FunctionStatus{Name: "a", Replicas: 1, Blocked: "no such\nimage"})
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {a: {image: x/a}}\n")
	out, err := runFaas(t, "deploy", "--wait", "300ms", "-o", "json")
	if !strings.Contains(out, `"error": "a is not ready after 300ms: blocked`) {
		t.Error(out)
	}
	if want := "a is not ready after 300ms: blocked: no such image; `faas logs a` shows what it writes"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestList(t *testing.T) {
	newStub(t)
	want := "FUNCTION  READY  INVOCATIONS  IMAGE  STATE\na         1/1    7            x/a    ready\nb         0/2    0            x/b    blocked: no node\n"
	if diff := cmp.Diff(want, mustRun(t, "list")); diff != "" {
		t.Error(diff)
	}
	var all []api.FunctionStatus
	if err := json.Unmarshal([]byte(mustRun(t, "ls", "-o", "json")), &all); err != nil || len(all) != 2 || all[0].Name != "a" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestListFrozen(t *testing.T) {
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var to strings.Builder
	err := writeList(&to, []api.FunctionStatus{{Name: "a", Image: "x/a"}, {Name: "b", Image: "x/b", Replicas: 1, AvailableReplicas: 1}},
		[]api.FrozenFunction{{Function: "a", Down: true, Until: noon}, {Function: "c", Up: true, Down: true}})
	want := "FUNCTION  READY  INVOCATIONS  IMAGE  STATE\n" +
		"a         0/0    0            x/a    asleep, frozen downwards until " + scaleTime(noon) + "\n" +
		"b         1/1    0            x/b    ready\n"
	if diff := cmp.Diff(want, to.String()); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestRemove(t *testing.T) {
	g := newStub(t)
	if _, err := runFaas(t, "rm", "zz"); err == nil || err.Error() != "remove: there is no function zz; there are a, b" {
		t.Errorf("got %v", err)
	}
	g.there = true
	if got := mustRun(t, "rm", "a", "b"); got != "a: removed\nb: removed\n" {
		t.Errorf("got %q", got)
	}
	file := filepath.Join(t.TempDir(), "stack.yml")
	writeTest(t, file, "functions: {b: {image: x/b, environment_file: [gone.yml]}, a: {image: x/a}}\n")
	if got := mustRun(t, "rm", "-f", file); got != "a: removed\nb: removed\n" {
		t.Errorf("a file's: %q", got)
	}
	for _, args := range [][]string{{"rm"}, {"rm", "a", "-f", "stack.yml"}} {
		if _, err := runFaas(t, args...); err == nil || !strings.Contains(err.Error(), "name functions, or a stack file with -f") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestLogs(t *testing.T) {
	g := newStub(t)
	text := mustRun(t, "logs", "a", "--tail", "-1", "--instance", "x")
	lines := strings.Split(text, "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], " a.1 one [2J") || !strings.HasSuffix(lines[1], " a.2 two") {
		t.Errorf("%q", text)
	}
	if diff := cmp.Diff([]string{"GET /system/logs?follow=false&instance=x&name=a&tail=-1"}, g.all()); diff != "" {
		t.Error(diff)
	}
	if text := mustRun(t, "logs", "a", "-f", "-o", "json"); !strings.HasPrefix(text, `{"name":"a","namespace":"","instance":"a.1"`) || strings.Count(text, "\n") != 2 {
		t.Errorf("%q", text)
	}
}

func TestInvoke(t *testing.T) {
	newStub(t)
	out, err := runFaas(t, "invoke", "a/sub", "--query", "k=v w", "-H", "X-A: 1, 2", "--body", "b,c")
	if out != "1, 2 k=v+w b,c" || err == nil || !strings.HasPrefix(err.Error(), "invoke a: 418 I'm a teapot, call id;") {
		t.Errorf("%q, %v", out, err)
	}
	if out, _ := runFaas(t, "invoke", "a/sub?x=1", "--query", "k=v", "--body", ""); out != " x=1&k=v " {
		t.Errorf("%q", out)
	}
	body := filepath.Join(t.TempDir(), "body")
	writeTest(t, body, "from a file")
	if out := mustRun(t, "invoke", "a", "--body", "@"+body); out != "from a file" {
		t.Errorf("%q", out)
	}
	if out := mustRun(t, "invoke", "a", "--async", "--body", ""); out != "accepted, call id2\n" {
		t.Errorf("%q", out)
	}
	writeTest(t, body, "\xff")
	var a answer
	if err := json.Unmarshal([]byte(mustRun(t, "invoke", "a", "--body", "@"+body, "-o", "json")), &a); err != nil || a.Status != 200 || string(a.Bytes) != "\xff" {
		t.Errorf("%+v, %v", a, err)
	}
	for args, want := range map[string]string{
		"zz --body=":              "invoke: there is no function zz; there are a, b",
		"a --callback=http://x":   "--callback goes with --async",
		"a --header=x":            `--header "x": write it as 'Name: value'`,
		"a --query=x":             `--query "x": write it as key=value`,
		"a --header=x/y;z:1":      `--header "x/y;z:1": write it as 'Name: value'`,
		"a/b#c --body=":           `"a/b#c": what follows # is not sent: write %23 for it`,
		"a --body=@/no/such":      "--body: open /no/such",
		"a --gateway=127.0.0.1:1": "http://127.0.0.1:1 cannot be reached",
	} {
		if _, err := runFaas(t, append([]string{"invoke"}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	c := invokeCommand{Method: "POST", Name: "a", stdin: strings.NewReader("piped")}
	if r, err := c.body(); err != nil || r != c.stdin {
		t.Errorf("%v, %v", r, err)
	}
}

// TestWhichGateway has the order of OpenFaaS's client.
func TestWhichGateway(t *testing.T) {
	running := t.TempDir()
	if err := (addresses{Gateway: "127.0.0.1:81", Metrics: "127.0.0.1:82"}).write(running); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ flag, stack, env, data, want string }{
		{"http://f/", "http://s", "http://e", running, "http://f"},
		{"", "http://s", "http://e", running, "http://s"},
		{"", defaultGateway, "http://e", running, "http://e"},
		{"", defaultGateway, "", running, "http://127.0.0.1:81"},
		{"", "", "", t.TempDir(), defaultGateway},
		{"f:1", "", "", running, "http://f:1"},
	} {
		t.Setenv("OPENFAAS_URL", test.env)
		if got := (&gatewayFlags{Gateway: test.flag, ofStack: test.stack, Data: test.data}).url(); got != test.want {
			t.Errorf("%+v: got %s", test, got)
		}
	}
}
