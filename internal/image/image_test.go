package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// write makes files in a folder of its own.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for file, text := range files {
		at := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// program compiles a program in a folder of its own, which depends on neither.
func program(t *testing.T, text string) string {
	t.Helper()
	dir := write(t, map[string]string{"go.mod": "module hello\n\ngo 1.22\n", "main.go": "package main\n\nfunc main() { println(\"" + text + "\") }\n"})
	to := filepath.Join(t.TempDir(), "program")
	if err := GoBuild(t.Context(), dir, to, "amd64"); err != nil {
		t.Fatal(err)
	}
	return to
}

// functionImage builds all anew.
func functionImage(t *testing.T, text string, change func(*Options)) *Image {
	t.Helper()
	o := Options{
		Watchdog: program(t, "watchdog"), Program: program(t, text), ProgramPath: WorkDir + "/hello",
		Env: map[string]string{"fprocess": "./hello", "mode": "http"}, Labels: map[string]string{"org.opencontainers.image.title": "hello"},
	}
	if change != nil {
		change(&o)
	}
	i, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

func digest(t *testing.T, i *Image) string {
	t.Helper()
	d, err := i.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSameAgain(t *testing.T) {
	first := functionImage(t, "a", nil)
	if again := functionImage(t, "a", nil); digest(t, first) != digest(t, again) {
		t.Errorf("built in other directories it is %s and not %s", digest(t, again), digest(t, first))
	}
	for what, other := range map[string]*Image{
		"another program": functionImage(t, "b", nil),
		"another label":   functionImage(t, "a", func(o *Options) { o.Labels = map[string]string{"x": "y"} }),
		"another time":    functionImage(t, "a", func(o *Options) { o.Created = time.Unix(1, 0) }),
	} {
		if digest(t, other) == digest(t, first) {
			t.Errorf("%s makes the same image", what)
		}
	}
	var files [2][]byte
	for n := range files {
		file := filepath.Join(t.TempDir(), "hello.tar")
		if err := functionImage(t, "a", nil).WriteTar(t.Context(), "example/hello:1", file); err != nil {
			t.Fatal(err)
		}
		var err error
		if files[n], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two archives of the same image differ")
	}
}

// contents lists what the layers of an image have, and checks that nothing in it tells of this machine.
func contents(t *testing.T, i v1.Image) []string {
	t.Helper()
	layers, err := i.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for n, layer := range layers {
		r, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for archive := tar.NewReader(r); ; {
			h, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || !h.ModTime.Equal(time.Unix(0, 0)) {
				t.Errorf("%s: %+v", h.Name, h)
			}
			list = append(list, fmt.Sprintf("%d %s %04o", n, h.Name, h.Mode))
		}
	}
	return list
}

func TestFilesAndConfig(t *testing.T) {
	certificates := filepath.Join(write(t, map[string]string{"ca.pem": "authorities"}), "ca.pem")
	i := functionImage(t, "a", func(o *Options) { o.Certificates = certificates })
	want := []string{
		"0 etc/ 0755", "0 etc/group 0644", "0 etc/passwd 0644", "0 etc/ssl/ 0755", "0 etc/ssl/certs/ 0755",
		"0 etc/ssl/certs/ca-certificates.crt 0644", "0 tmp/ 1777", "0 usr/ 0755", "0 usr/bin/ 0755", "0 usr/bin/fwatchdog 0755",
		"1 home/ 0755", "1 home/app/ 0755", "1 home/app/hello 0755",
	}
	if diff := cmp.Diff(want, contents(t, i.image)); diff != "" {
		t.Error(diff)
	}
	raw, err := i.Config()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Created      time.Time
		Architecture string
		OS           string
		Config       v1.Config
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Architecture != "amd64" || got.OS != "linux" || !got.Created.Equal(time.Unix(0, 0)) {
		t.Errorf("%s", raw)
	}
	wantConfig := v1.Config{
		Cmd:          []string{"/usr/bin/fwatchdog"},
		Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "fprocess=./hello", "mode=http"},
		Labels:       map[string]string{"org.opencontainers.image.title": "hello"},
		User:         "65534:65534",
		WorkingDir:   "/home/app",
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "8081/tcp": {}},
		Healthcheck: &v1.HealthConfig{
			Test: []string{"CMD", "/usr/bin/fwatchdog", "-run-healthcheck"}, Interval: 5 * time.Second, Timeout: 3 * time.Second, Retries: 3,
		},
	}
	if diff := cmp.Diff(wantConfig, got.Config); diff != "" {
		t.Error(diff)
	}
}

// TestFolder has a folder's own static program, and what belongs to its author only.
func TestFolder(t *testing.T) {
	dir := write(t, map[string]string{"data/x": "x", ".git/config": "", "build/old.tar": "", "build/old.oci/index.json": "", "lib/__pycache__/x": "", "run": "#!"})
	if err := os.Chmod(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("run", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	i := functionImage(t, "a", func(o *Options) { o.Program, o.ProgramPath, o.Dir = "", WorkDir+"/link", dir })
	want := []string{"1 home/ 0755", "1 home/app/ 0755", "1 home/app/data/ 0755", "1 home/app/data/x 0644", "1 home/app/lib/ 0755", "1 home/app/link 0777", "1 home/app/run 0755"}
	got := slices.DeleteFunc(contents(t, i.image), func(line string) bool { return strings.HasPrefix(line, "0") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLinkedFolder has a folder by another name, as $PWD may be.
func TestLinkedFolder(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	dir := write(t, map[string]string{"bin/run": "1", "other": ""})
	if err := errors.Join(os.Symlink(dir, link), os.Symlink("bin", filepath.Join(dir, "tools"))); err != nil {
		t.Fatal(err)
	}
	of := func(dir string) *Image {
		return functionImage(t, "a", func(o *Options) { o.Program, o.ProgramPath, o.Dir = "", WorkDir+"/tools/run", dir })
	}
	if diff := cmp.Diff(contents(t, of(dir).image), contents(t, of(link).image)); diff != "" {
		t.Error(diff)
	}
	ours, err := State(dir)
	theirs, err2 := State(link)
	if err := errors.Join(err, err2); err != nil || ours != theirs {
		t.Errorf("the state is %s, by its other name %s, %v", ours, theirs, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other"), []byte("2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if now, err := State(link); err != nil || now == theirs {
		t.Errorf("a change is not seen: %v", err)
	}
	for _, path := range []string{"/gone", "/.git/run"} {
		_, err := New(t.Context(), Options{Watchdog: program(t, "watchdog"), ProgramPath: WorkDir + path, Dir: dir})
		if want := "the image would not have its program " + path[1:]; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// TestOutputs has images in a folder that are no part of the function, and other things of such names that are.
func TestOutputs(t *testing.T) {
	dir := write(t, map[string]string{"x": "1", "build/hello.tar": "1", "build/hello.oci/index.json": "1", ".faas/state.json": "1"})
	state := func() string {
		t.Helper()
		s, err := State(dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := state()
	if err := os.RemoveAll(filepath.Join(dir, "build")); err != nil {
		t.Fatal(err)
	}
	if state() != before {
		t.Error("images count as source")
	}
	for _, file := range []string{"build/app.js", "sub/build/x.tar", "x.tar"} {
		at := filepath.Join(dir, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		now := state()
		if now == before {
			t.Errorf("%s does not count", file)
		}
		before = now
	}
}

func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	image := strings.TrimPrefix(server.URL, "http://") + "/example/hello:1"
	i := functionImage(t, "a", nil)
	for range 2 { // again, nothing is in the way
		if err := i.Push(t.Context(), image, false); err != nil {
			t.Fatal(err)
		}
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	there, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(there); err != nil {
		t.Error(err)
	}
	if got := digest(t, &Image{image: there}); got != digest(t, i) {
		t.Errorf("the registry has %s, want %s", got, digest(t, i))
	}
	server.Close()
	if err := i.Push(t.Context(), image, false); err == nil || !strings.Contains(err.Error(), "push "+image) {
		t.Errorf("to nobody: %v", err)
	}
}

func TestWrite(t *testing.T) {
	i, dir := functionImage(t, "a", nil), t.TempDir()
	file := filepath.Join(dir, "build", "hello.tar")
	if err := i.WriteTar(t.Context(), "example/hello:1", file); err != nil {
		t.Fatal(err)
	}
	back, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := back.Config()
	if err != nil {
		t.Fatal(err)
	}
	if ours, err := i.Config(); err != nil || !bytes.Equal(ours, theirs) {
		t.Errorf("the archive has %s, want %s (%v)", theirs, ours, err)
	}
	at := filepath.Join(dir, "build", "hello.oci")
	for range 2 {
		if err := i.WriteLayout(t.Context(), "example/hello:1", at); err != nil {
			t.Fatal(err)
		}
	}
	index, err := layout.ImageIndexFromPath(at)
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Digest.String() != digest(t, i) || m.Manifests[0].Annotations[refName] != "example/hello:1" {
		t.Errorf("the index has %+v, %v", m, err)
	}
	if err := i.WriteLayout(t.Context(), "example/hello:1", dir); err == nil {
		t.Error("a directory of something else was replaced")
	}
	for _, bad := range []string{"Example/Hello@sha256:0", "localhost/a-:latest", "localhost/a..b"} {
		if err := i.WriteTar(t.Context(), bad, file); err == nil || !strings.Contains(err.Error(), "lower case") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCheckStatic(t *testing.T) {
	static := program(t, "x")
	text := filepath.Join(write(t, map[string]string{"x.sh": "#!/bin/sh\n"}), "x.sh")
	// It wants the system's loader, whatever this system is.
	dynamic := filepath.Join(t.TempDir(), "dynamic")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildmode=pie", "-o", dynamic, ".")
	build.Dir = write(t, map[string]string{"go.mod": "module hello\n\ngo 1.22\n", "main.go": "package main\n\nfunc main() {}\n"})
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, test := range []struct{ file, arch, want string }{
		{static, "amd64", ""},
		{dynamic, "amd64", "wants shared libraries"},
		{static, "arm64", "is for EM_X86_64 and not for arm64"},
		{static, "z80", `architecture "z80" is not known: there are 386, amd64, arm, arm64, ppc64le, riscv64, s390x`},
		{text, "amd64", "is no program for Linux"},
		{filepath.Join(t.TempDir(), "none"), "amd64", "no such file"},
	} {
		err := CheckStatic(test.file, test.arch)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s for %s: %v, want %q", test.file, test.arch, err, test.want)
		}
	}
}

func TestGoBuildErrors(t *testing.T) {
	for name, test := range map[string]struct{ main, want string }{
		"a mistake":  {"package main\n\nfunc main() { x }\n", "main.go:3:15: undefined: x"},
		"no program": {"package hello\n", "package main"},
	} {
		dir := write(t, map[string]string{"go.mod": "module hello\n\ngo 1.22\n", "main.go": test.main})
		if err := GoBuild(t.Context(), dir, filepath.Join(t.TempDir(), "x"), "amd64"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestGoBuildEnvironment has what changes a program otherwise, in the environment and in Go's own file.
func TestGoBuildEnvironment(t *testing.T) {
	build := func() []byte {
		t.Helper()
		data, err := os.ReadFile(program(t, "x"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	want := build()
	for _, set := range []string{"GOAMD64=v3", "GOFLAGS=-gcflags=-N -tags=x --mod=mod", "GOEXPERIMENT=jsonv2", "GOFIPS140=latest"} {
		name, value, _ := strings.Cut(set, "=")
		t.Run(set, func(t *testing.T) {
			t.Setenv(name, value)
			if !bytes.Equal(build(), want) {
				t.Error("it makes another program")
			}
		})
	}
	t.Run("go env -w", func(t *testing.T) {
		t.Setenv("GOENV", filepath.Join(write(t, map[string]string{"env": "GOAMD64=v3\nGOFLAGS=-gcflags=-N\n"}), "env"))
		if !bytes.Equal(build(), want) {
			t.Error("it makes another program")
		}
	})
}

func TestGoFlags(t *testing.T) {
	for flags, want := range map[string]string{"": "-trimpath", "-mod=vendor -tags=x --modcacherw -race": "-trimpath -mod=vendor --modcacherw"} {
		t.Setenv("GOENV", "off")
		t.Setenv("GOFLAGS", flags)
		if got := goFlags(t.Context(), t.TempDir()); got != want {
			t.Errorf("%s: got %s, want %s", flags, got, want)
		}
	}
}

func TestSourceDate(t *testing.T) {
	for text, want := range map[string]time.Time{"": {}, "1700000000": time.Unix(1700000000, 0).UTC()} {
		if got, err := SourceDate(func(string) (string, bool) { return text, text != "" }); err != nil || !got.Equal(want) {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "-1", "1.5", "12x"} {
		if _, err := SourceDate(func(string) (string, bool) { return text, true }); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
