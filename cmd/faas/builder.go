package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"

	"faas/internal/image"
	"faas/internal/stack"
	"faas/internal/supervise"
)

// buildFlags say how images are made, and where they go.
type buildFlags struct {
	Builder      string            `default:"auto" enum:"auto,go,binary,docker" placeholder:"BUILDER" group:"How images are made:" help:"auto: by the function's lang, go, binary, or else docker (default ${default})."`
	Arch         string            `placeholder:"ARCH" group:"How images are made:" help:"Architecture of the image, such as amd64 or arm64. Default: this machine's."`
	Watchdog     string            `type:"path" placeholder:"PATH" env:"FAAS_WATCHDOG" group:"How images are made:" help:"The program fwatchdog that goes into images. Default: beside faas, else on PATH."`
	Certificates string            `type:"existingfile" placeholder:"FILE" group:"How images are made:" help:"Certificate authorities that programs in an image trust, such as /etc/ssl/certs/ca-certificates.crt. Default: none, without Docker."`
	Label        map[string]string `mapsep:"none" placeholder:"NAME=VALUE" group:"How images are made:" help:"A label of the image, such as org.opencontainers.image.revision=abc. May be given several times, as --build-arg."`
	BuildArg     map[string]string `mapsep:"none" placeholder:"NAME=VALUE" group:"How images are made:" help:"An argument of the Dockerfile."`
	Push         bool              `group:"How images are made:" help:"Push the image to the registry that its name has, with the credentials of docker login."`
	PlainHTTP    bool              `name:"plain-http" group:"How images are made:" help:"Push without TLS. A registry at a loopback address needs no word for it."`
	Load         bool              `group:"How images are made:" help:"Give the image to this machine's Docker, as docker load does."`
}

// outputs are the files that are written of an image, in dir.
type outputs struct {
	dir         string
	tar, layout bool
	names       []string // of all functions whose images are there, beside the one that is built
}

// files are where images are written, which are no part of any.
func (o outputs) files(name ...string) []string {
	var files []string
	for _, name := range append(name, o.names...) {
		files = append(files, image.Outputs(o.dir, name)...)
	}
	return files
}

// built is an image that was made.
type built struct {
	Function string   `json:"function"`
	Image    string   `json:"image"`
	Builder  string   `json:"builder"`
	Digest   string   `json:"digest,omitempty"`
	Files    []string `json:"files,omitempty"`
	Pushed   bool     `json:"pushed,omitempty"`
	Loaded   bool     `json:"loaded,omitempty"`
	Seconds  float64  `json:"seconds"`
	Error    string   `json:"error,omitempty"` // what failed; the files were written
}

// buildDir is where images are written.
func buildDir(file *stack.File) string {
	return filepath.Join(filepath.Dir(file.Path), image.OutputDir)
}

// build makes one function's image.
func (c *buildFlags) build(ctx context.Context, f stack.Function, to outputs) (built, error) {
	began := time.Now()
	b := built{Function: f.Name, Image: f.Image, Builder: c.Builder}
	if b.Builder == "auto" {
		b.Builder = "docker"
		if f.Lang == "go" || f.Lang == "binary" {
			b.Builder = f.Lang
		}
	}
	if err := c.applies(b.Builder); err != nil {
		return b, err
	}
	if err := image.CheckName(f.Image); err != nil {
		return b, err
	}
	if info, err := os.Stat(f.Handler); err != nil || !info.IsDir() {
		return b, fmt.Errorf("build: handler %s is not a directory", f.Handler)
	}
	how := c.withoutDocker
	if b.Builder == "docker" {
		how = c.withDocker
	}
	err := how(ctx, f, to, &b)
	b.Seconds = time.Since(began).Seconds()
	return b, err
}

// applies reports a flag that means nothing to the builder.
func (c *buildFlags) applies(builder string) error {
	switch {
	case builder != "docker" && len(c.BuildArg) > 0:
		return fmt.Errorf("--build-arg: builder %s has no Dockerfile: leave it out, say --builder docker, or name the functions that it is for", builder)
	case builder == "docker" && c.Certificates != "":
		return errors.New("--certificates: Docker makes what the Dockerfile says: copy them there, or name the functions that it is for, of lang go or binary")
	case builder == "docker" && c.PlainHTTP:
		return errors.New("--plain-http: Docker pushes by its own rules: name the registry in its insecure-registries, and leave this out")
	}
	return nil
}

// watchdogPath finds the program that goes into images.
func (c *buildFlags) watchdogPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find where faas is: %w", err)
	}
	paths, err := supervise.Find(filepath.Dir(self), supervise.Binary{Flag: "--watchdog", Path: c.Watchdog, Names: []string{"fwatchdog"}})
	if err != nil {
		return "", err
	}
	return paths[0], nil
}

// labels are those of a function's image.
func (c *buildFlags) labels(f stack.Function) map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":       f.Name,
		"org.opencontainers.image.description": "Function " + f.Name + ".",
		"com.openfaas.function":                f.Name,
	}
	if f.Lang != "" {
		labels[stack.LabelLang] = f.Lang
	}
	if at, err := image.SourceDate(os.LookupEnv); err == nil && !at.IsZero() {
		labels["org.opencontainers.image.created"] = at.Format(time.RFC3339)
	}
	maps.Copy(labels, c.Label)
	return labels
}

func (c *buildFlags) withDocker(ctx context.Context, f stack.Function, to outputs, b *built) error {
	watchdog, err := c.watchdogPath()
	if err != nil {
		return err
	}
	args := maps.Clone(f.BuildArgs)
	if args == nil {
		args = map[string]string{}
	}
	maps.Copy(args, c.BuildArg)
	err = image.DockerBuild(ctx, image.DockerOptions{
		Dir: f.Handler, Skip: to.files(f.Name), Image: f.Image, Watchdog: watchdog, Args: args, Labels: c.labels(f), Arch: c.Arch, Output: os.Stderr,
	})
	if err != nil {
		return err
	}
	b.Loaded = true
	if c.Push {
		if err := image.Docker(ctx, nil, os.Stderr, "push", f.Image); err != nil {
			return err
		}
		b.Pushed = true
	}
	if !to.tar && !to.layout {
		return nil
	}
	return save(ctx, f, to, b)
}

// save writes the image that Docker has.
func save(ctx context.Context, f stack.Function, to outputs, b *built) error {
	dir := to.dir
	if !to.tar { // the archive is only on the way
		work, err := os.MkdirTemp("", "faas-build-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(work) }() // what is in it is in the layout
		dir = work
	}
	file := filepath.Join(dir, f.Name+".tar")
	if to.tar {
		b.Files = append(b.Files, file)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // an image is no secret
		return err
	}
	if err := image.Docker(ctx, nil, os.Stderr, "save", "-o", file, f.Image); err != nil || !to.layout {
		return err
	}
	made, err := image.Load(file)
	if err != nil {
		return err
	}
	return writeLayout(ctx, made, f, to, b)
}

func writeLayout(ctx context.Context, made *image.Image, f stack.Function, to outputs, b *built) error {
	dir := filepath.Join(to.dir, f.Name+".oci")
	if err := made.WriteLayout(ctx, f.Image, dir); err != nil {
		return err
	}
	b.Files = append(b.Files, dir)
	return nil
}

func (c *buildFlags) withoutDocker(ctx context.Context, f stack.Function, to outputs, b *built) (err error) {
	o, process, err := c.options(f, b.Builder)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "faas-build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what it built is in the image
	if b.Builder == "go" {
		o.Program = filepath.Join(work, "program")
		o.ProgramPath = process
		if err := image.GoBuild(ctx, f.Handler, o.Program, o.Arch); err != nil {
			return err
		}
	} else {
		o.Dir, o.ProgramPath, o.Skip = f.Handler, process, append(to.files(f.Name), f.Files...)
		if err := image.CheckStatic(filepath.Join(f.Handler, strings.TrimPrefix(process, image.WorkDir+"/")), o.Arch); err != nil {
			return err
		}
	}
	made, err := image.New(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.Close()) }()
	if b.Digest, err = made.Digest(); err != nil {
		return err
	}
	return c.deliver(ctx, made, f, to, b, work)
}

// options are what the image is made of, but for the function itself, whose program's path in the image comes with them.
func (c *buildFlags) options(f stack.Function, builder string) (o image.Options, program string, err error) {
	created, err := image.SourceDate(os.LookupEnv)
	if err != nil {
		return o, "", err
	}
	o = image.Options{
		Certificates: c.Certificates, Arch: cmp.Or(c.Arch, runtime.GOARCH), Created: created, Labels: c.labels(f), Env: map[string]string{},
	}
	if o.Watchdog, err = c.watchdogPath(); err != nil {
		return o, "", err
	}
	process := f.Process
	if process == "" && builder == "go" {
		process = "./" + f.Name
	}
	if program, err = programPath(process, builder); err != nil {
		return o, "", err
	}
	o.Env["fprocess"] = process
	for _, name := range []string{"mode", "upstream_url", "http_upstream_url"} { // without which the program does not serve
		if value := f.Env[name]; value != "" {
			o.Env[name] = value
		}
	}
	return o, program, nil
}

// programPath is where an image has the program that process starts.
func programPath(process, builder string) (string, error) {
	argv, err := shellquote.Split(process)
	switch {
	case err != nil:
		return "", fmt.Errorf("fprocess %q: %w", process, err)
	case len(argv) == 0:
		return "", fmt.Errorf("fprocess is missing: a function of lang binary needs the name of its program, such as ./hello")
	case builder == "go" && len(argv) > 1 && argv[0] == "go":
		return "", fmt.Errorf("fprocess %q runs the source, which the image does not have: leave fprocess out", process)
	case path.IsAbs(argv[0]) && builder == "go":
		return path.Clean(argv[0]), nil
	case !strings.Contains(argv[0], "/") && builder == "go":
		return "/usr/bin/" + argv[0], nil
	}
	at := path.Join(image.WorkDir, argv[0])
	if path.IsAbs(argv[0]) {
		at = path.Clean(argv[0])
	}
	if !strings.HasPrefix(at, image.WorkDir+"/") || !strings.Contains(argv[0], "/") {
		return "", fmt.Errorf("fprocess %q: write it as ./PROGRAM, a file of the handler's folder, which is %s in the image", process, image.WorkDir)
	}
	return at, nil
}

// deliver brings an image to where it was asked for.
func (c *buildFlags) deliver(ctx context.Context, made *image.Image, f stack.Function, to outputs, b *built, work string) error {
	if !c.Push && !c.Load && !to.layout {
		to.tar = true
	}
	file := filepath.Join(work, "image.tar")
	if to.tar {
		file = filepath.Join(to.dir, f.Name+".tar")
		b.Files = append(b.Files, file)
	}
	if to.tar || c.Load {
		if err := made.WriteTar(ctx, f.Image, file); err != nil {
			return err
		}
	}
	if to.layout {
		if err := writeLayout(ctx, made, f, to, b); err != nil {
			return err
		}
	}
	if c.Load {
		if err := image.Docker(ctx, nil, nil, "load", "-i", file); err != nil {
			return err
		}
		b.Loaded = true
	}
	if c.Push {
		if err := made.Push(ctx, f.Image, c.PlainHTTP); err != nil {
			return err
		}
		b.Pushed = true
	}
	return nil
}
