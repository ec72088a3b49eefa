package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faas/internal/image"
)

// dockerStub stands for Docker's client: it adds what it is asked to the file that is returned, and saves an image.
func dockerStub(t *testing.T) (asked string) {
	t.Helper()
	dir := t.TempDir()
	asked = filepath.Join(dir, "asked")
	made, err := image.New(t.Context(), image.Options{Watchdog: staticProgram(t), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = made.Close() }() // it is written
	if err := made.WriteTar(t.Context(), "x/hello", filepath.Join(dir, "saved.tar")); err != nil {
		t.Fatal(err)
	}
	writeTest(t, filepath.Join(dir, "docker"), `#!/bin/sh
echo "$*" >>`+asked+`
case $1 in
build) cat >/dev/null ;;
save) cp `+dir+`/saved.tar "$3" ;;
version|image) echo amd64 ;;
esac
`)
	if err := os.Chmod(filepath.Join(dir, "docker"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return asked
}

// TestDockerLayout has an archive of before, which a layout does not touch.
func TestDockerLayout(t *testing.T) {
	watchdog := staticProgram(t)
	dockerStub(t)
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {hello: {lang: python, image: x/hello}}\n")
	writeTest(t, "Dockerfile", "FROM scratch\n")
	writeTest(t, "build/hello.tar", "of before")
	mustRun(t, "build", "--watchdog", watchdog, "-o", "oci-layout")
	if text, err := os.ReadFile("build/hello.tar"); err != nil || string(text) != "of before" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Stat("build/hello.oci/index.json"); err != nil {
		t.Error(err)
	}
	mustRun(t, "build", "--watchdog", watchdog, "-o", "tar,oci-layout")
	if text, err := os.ReadFile("build/hello.tar"); err != nil || string(text) == "of before" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestUnknownArch(t *testing.T) {
	for _, command := range []string{"build", "deploy --build"} {
		_, err := runFaas(t, append(strings.Fields(command), "--arch", "mips")...)
		if want := `--arch: architecture "mips" is not known: there are 386, amd64, arm, arm64,`; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", command, err, want)
		}
	}
}

func TestFlagsThatDoNotApply(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTest(t, "ca.pem", "")
	writeTest(t, "stack.yml", "functions: {a: {lang: go, image: x/a}, b: {lang: python, image: x/b}, c: {lang: binary, image: x/c}}\n")
	for args, want := range map[string]string{
		"a --build-arg A=1":                        "--build-arg: builder go has no Dockerfile",
		"c --build-arg A=1":                        "--build-arg: builder binary has no Dockerfile",
		"b --certificates ca.pem":                  "--certificates: Docker makes what the Dockerfile says",
		"a --builder docker --plain-http":          "--plain-http: Docker pushes by its own rules",
		"a --builder docker --certificates=ca.pem": "--certificates: ",
	} {
		if _, err := runFaas(t, append([]string{"build"}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

// TestBuildStopped is interrupted before the first of three functions.
func TestBuildStopped(t *testing.T) {
	watchdog := staticProgram(t)
	dockerStub(t)
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {a: {lang: sh, image: x/a}, b: {lang: go, image: x/b}, c: {lang: sh, image: x/c, skip_build: true}, d: {lang: sh, image: x/d}}\n")
	writeTest(t, "Dockerfile", "FROM scratch\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := buildCommand{stackFlags: stackFlags{Stack: "stack.yml"}}
	c.Builder, c.Watchdog = "auto", watchdog
	if err := c.once(ctx, io.Discard, nil); err == nil || err.Error() != "build: stopped, and not done: a, b, d" {
		t.Errorf("got %v", err)
	}
}
