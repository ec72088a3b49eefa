package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// DockerOptions say what Docker builds.
type DockerOptions struct {
	// Dir is the folder with the Dockerfile.
	Dir string
	// Skip are paths that are not sent though they may be in Dir.
	Skip []string
	// Image is what to call it.
	Image string
	// Watchdog is the file of fwatchdog, a static program for Arch, which the Dockerfile finds as fwatchdog beside it.
	Watchdog string
	// Args are the Dockerfile's, Labels the image's.
	Args, Labels map[string]string
	// Arch is what GOARCH calls it. Empty: the engine's own.
	Arch string
	// Output gets what Docker says.
	Output io.Writer
}

const dockerfile = "Dockerfile"

// DockerBuild has a Docker Engine build the folder's Dockerfile.
func DockerBuild(ctx context.Context, o DockerOptions) (err error) {
	if _, err := os.Stat(filepath.Join(o.Dir, dockerfile)); err != nil {
		return fmt.Errorf("build %s: %w: an image that Docker builds needs one", o.Image, err)
	}
	args, env := []string{"build", "-t", o.Image}, []string(nil)
	if o.Arch != "" {
		args = append(args, "--platform", "linux/"+o.Arch)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Args)) {
		if clientReads(name) {
			args = append(args, "--build-arg", name+"="+o.Args[name])
			continue
		}
		args = append(args, "--build-arg", name)
		env = append(env, name+"="+o.Args[name])
	}
	for _, name := range slices.Sorted(maps.Keys(o.Labels)) {
		args = append(args, "--label", name+"="+o.Labels[name])
	}
	wanted := o.Arch
	if o.Arch == "" {
		o.Arch = engineArch(ctx)
	}
	archive, err := contextFile(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, archive.Close(), os.Remove(archive.Name())) }()
	if err := docker(ctx, env, archive, o.Output, append(args, "-")...); err != nil || wanted == "" {
		return err
	}
	// Without buildx an engine takes a base image that it has, for whatever machine that is.
	if is, err := ask(ctx, "image", "inspect", "--format", "{{.Architecture}}", o.Image); err == nil && is != "" && is != wanted {
		return fmt.Errorf("build %s: Docker made it for %s and not for %s, from a base image that it had: pull the one for %[3]s, or install buildx", o.Image, is, wanted)
	}
	return nil
}

// engineArch is the architecture of the engine's machine, or else of this one: who stands for Docker may not say.
func engineArch(ctx context.Context) string {
	if arch, err := ask(ctx, "version", "--format", "{{.Server.Arch}}"); err == nil && CheckArch(arch) == nil {
		return arch
	}
	return runtime.GOARCH
}

// ask returns what Docker's client prints.
func ask(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", args...).Output()
	return strings.TrimSpace(string(out)), err
}

// clientReads reports whether a variable of the environment changes what Docker's client itself does. An argument of such a
// name is given in the command line; others are in its environment, which other users cannot read.
func clientReads(name string) bool {
	name = strings.ToUpper(name)
	for _, prefix := range []string{"DOCKER_", "BUILDKIT_", "BUILDX_", "OTEL_", "SSL_CERT_", "SSH_", "LD_", "XDG_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasSuffix(name, "_PROXY") || slices.Contains([]string{"PATH", "HOME", "TMPDIR", "GODEBUG"}, name)
}

// contextFile is what is sent to Docker, in a file that the caller closes and removes. It is whole before Docker gets any of it: an
// archive that ends early, where a file cannot be read, may well be built.
func contextFile(ctx context.Context, o DockerOptions) (*os.File, error) {
	file, err := os.CreateTemp("", "faas-context-")
	if err != nil {
		return nil, fmt.Errorf("send %s to Docker: %w", o.Dir, err)
	}
	buffered := bufio.NewWriter(file)
	if err = writeContext(until(ctx, buffered), o); err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return file, nil
}

// writeContext writes what counts of the folder and, unless it has one itself, the watchdog.
func writeContext(to io.Writer, o DockerOptions) error {
	w := tar.NewWriter(to)
	has := false
	add := func(rel, from string, info fs.FileInfo) error {
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			var err error
			if link, err = os.Readlink(from); err != nil {
				return err
			}
		}
		h, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		h.Name, h.Uid, h.Gid, h.Uname, h.Gname = rel, 0, 0, "", ""
		if err := w.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
			return err
		}
		return pour(w, from, h.Size)
	}
	err := folder{dir: o.Dir, skip: o.Skip, recipe: true}.walk(func(rel, from string, info fs.FileInfo) error {
		has = has || rel == "fwatchdog"
		return add(rel, from, info)
	})
	if err == nil && !has && o.Watchdog != "" {
		if err := CheckStatic(o.Watchdog, o.Arch); err != nil {
			return fmt.Errorf("the watchdog: %w; --watchdog names one", err)
		}
		var info fs.FileInfo
		if info, err = os.Stat(o.Watchdog); err == nil {
			err = add("fwatchdog", o.Watchdog, info)
		}
	}
	if err != nil {
		return fmt.Errorf("send %s to Docker: %w", o.Dir, err)
	}
	return w.Close()
}

// Docker runs Docker's client. Its last lines are in the error.
func Docker(ctx context.Context, stdin io.Reader, output io.Writer, args ...string) error {
	return docker(ctx, nil, stdin, output, args...)
}

// docker is Docker with more in the client's environment.
func docker(ctx context.Context, env []string, stdin io.Reader, output io.Writer, args ...string) error {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env, cmd.Stdin = append(os.Environ(), env...), stdin
	cmd.Stdout, cmd.Stderr = &said, &said
	if output != nil {
		cmd.Stdout, cmd.Stderr = output, io.MultiWriter(output, &said)
	}
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("there is no Docker client on PATH: install Docker, or build a function of lang go, or of lang binary, which needs none")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	most := 20
	if output != nil {
		most = 1 // all of it was seen
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	return fmt.Errorf("docker %s: %w:\n%s", args[0], err, strings.Join(lines[max(0, len(lines)-most):], "\n"))
}
