package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"

	"faas/e2e"
)

// system is what the steps are measured on, local processes or a Swarm.
type system struct {
	*e2e.Client
	prefix string // of the results' names
	title  string
	stop   func() error
}

// startLocal runs `faas up` below dir.
func startLocal(ctx context.Context, o options, dir string) (*system, error) {
	up, err := e2e.Start(ctx, e2e.Options{Bin: o.Bin, Dir: dir, Stack: stackText})
	if err != nil {
		return nil, err
	}
	return &system{Client: up.Client, title: "on this machine's processes", stop: up.Stop}, nil
}

// startSwarm deploys the stack of the checkout in the working directory, of the images that `make images` built, or takes
// the gateway that the options name.
func startSwarm(ctx context.Context, o options, dir string, rep *report) (*system, error) {
	s := &system{prefix: "swarm_", title: "on Docker Swarm", stop: func() error { return nil }}
	if o.Gateway != "" {
		s.Client = e2e.NewClient(func() string { return o.Gateway }, o.password)
		return s, nil
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	rep.progress("deploying the stack, published at port %d", port)
	stack, err := e2e.Deploy(ctx, e2e.StackOptions{Root: root, Engine: e2e.Engine{Host: o.DockerHost}, Port: port, Dir: dir})
	if err != nil {
		return nil, err
	}
	s.Client, s.stop = stack.Client, func() error { return stack.Undeploy(context.WithoutCancel(ctx)) }
	return s, nil
}

// password reads that of the gateway which the options name.
func (o options) password() (string, error) {
	if o.PasswordFile == "" {
		return "", errors.New("the gateway's password is missing: name its file with --password-file")
	}
	text, err := os.ReadFile(filepath.Clean(o.PasswordFile))
	return strings.TrimSpace(string(text)), err
}
