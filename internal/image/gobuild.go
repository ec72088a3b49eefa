package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// GoBuild compiles the Go program in dir into the static program to, which depends on nothing but the source, the
// compiler and arch.
func GoBuild(ctx context.Context, dir, to, arch string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", to, ".")
	cmd.Dir = dir
	// A workspace around the folder, or C, would make the program depend on the machine.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOWORK=off")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	switch err := cmd.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("build %s: there is no Go compiler on PATH: install Go, or build with its Dockerfile (--builder docker)", dir)
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("build %s:\n%s", dir, strings.TrimRight(out.String(), "\n"))
	}
	if CheckStatic(to, arch) != nil { // of another package go build makes an archive
		return fmt.Errorf("build %s: it is no program: it needs a package main", dir)
	}
	return nil
}
