package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"faas/e2e"
)

// deployStack builds the images and deploys the stack from the checkout in the working directory.
func deployStack(ctx context.Context, o options, rep *report) (*e2e.Stack, error) {
	build := exec.CommandContext(ctx, "tools/images.sh")
	build.Env = append(os.Environ(), "DOCKER_HOST="+o.DockerHost)
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("tools/images.sh: %w\n%s", err, out)
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	port := o.Port
	if port == 0 {
		if port, err = freePort(ctx); err != nil {
			return nil, err
		}
	}
	rep.progress("deploying the stack, published at port %d", port)
	return e2e.Deploy(ctx, e2e.StackOptions{Root: root, Engine: e2e.Engine{Host: o.DockerHost}, Port: port})
}

// freePort finds a port of this machine that nobody listens on.
func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// password reads that of the gateway which the options name.
func (o options) password() (string, error) {
	if o.PasswordFile == "" {
		return "", errors.New("the gateway's password is missing: name its file with --password-file")
	}
	text, err := os.ReadFile(o.PasswordFile)
	return strings.TrimSpace(string(text)), err
}
