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
	// So would what the compiler is told beside, by the environment or by `go env -w`, which counts where a variable is empty.
	cmd.Env = append(cmd.Env, "GOFLAGS="+goFlags(ctx, dir), "GOEXPERIMENT=", "GOFIPS140=off", "GO386=sse2", "GOAMD64=v1", "GOARM=7",
		"GOARM64=v8.0", "GOPPC64=power8", "GORISCV64=rva20u64")
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

// goFlags are what is kept of GOFLAGS: where modules come from. It is never empty.
func goFlags(ctx context.Context, dir string) string {
	cmd := exec.CommandContext(ctx, "go", "env", "GOFLAGS")
	cmd.Dir = dir
	out, _ := cmd.Output() // the build says why there is no Go
	kept := []string{"-trimpath"}
	for _, flag := range strings.Fields(string(out)) {
		if name, _, _ := strings.Cut(strings.TrimLeft(flag, "-"), "="); name == "mod" || name == "modcacherw" {
			kept = append(kept, flag)
		}
	}
	return strings.Join(kept, " ")
}
