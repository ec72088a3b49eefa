package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"faas/e2e"
)

// deployStack deploys the stack from the checkout in the working directory, of the images that `make images` built. dir
// is for what the deployment keeps.
func deployStack(ctx context.Context, o options, dir string, rep *report) (*e2e.Stack, error) {
	engine := e2e.Engine{Host: o.DockerHost}
	// What fails to deploy is removed again, which must not be somebody's own.
	there, err := engine.Lines(ctx, "service", "ls", "-q", "--filter", "name=func_gateway")
	if err != nil {
		return nil, err
	}
	if len(there) > 0 {
		return nil, errors.New("the stack func runs on this engine: measure it with --gateway URL --password-file FILE, or remove it (make undeploy)")
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
	return e2e.Deploy(ctx, e2e.StackOptions{Root: root, Engine: engine, Port: port, Dir: dir})
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
