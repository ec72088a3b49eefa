package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StackOptions say where to deploy the stack.
type StackOptions struct {
	// Root is the root of the project, whose tools deploy it.
	Root string
	// Engine is a manager of the swarm. It has the images that `make images` makes.
	Engine Engine
	// Port is where each manager publishes its gateway.
	Port int
	// Dir is a directory for what the deployment keeps, the password above all.
	Dir string
	// Via is a command that runs another one in the network of the engine's node, where that is not this machine's own.
	Via []string
}

// Stack is the whole of faas on a Docker Swarm, as `make deploy` starts it.
type Stack struct {
	*Client

	opts   StackOptions
	before []string
}

// Deploy deploys the stack on opts.Engine and returns when its control loop is closed.
func Deploy(ctx context.Context, opts StackOptions) (*Stack, error) {
	address, err := opts.Engine.Docker(ctx, "info", "-f", "{{.Swarm.NodeAddr}}")
	if err != nil {
		return nil, err
	}
	if err := opts.Engine.Unused(ctx); err != nil {
		return nil, err
	}
	s := &Stack{opts: opts}
	s.Client = s.On(address)
	if s.before, err = s.Inventory(ctx); err != nil {
		return nil, err
	}
	if err := s.run(ctx, "up"); err != nil {
		return nil, errors.Join(err, s.Undeploy(ctx))
	}
	return s, nil
}

// On is a client of the gateway that is published on the node with this address.
func (s *Stack) On(address string) *Client {
	url := "http://" + address + ":" + strconv.Itoa(s.opts.Port)
	return NewClient(func() string { return url }, s.password)
}

// Engine is the engine that the stack was deployed on.
func (s *Stack) Engine() Engine { return s.opts.Engine }

// Undeploy removes the stack and reports what it left on the engine.
func (s *Stack) Undeploy(ctx context.Context) error {
	if err := s.run(ctx, "down"); err != nil {
		return err
	}
	var left []string
	var err error
	Poll(20*time.Second, func() bool {
		var after []string
		after, err = s.Inventory(ctx)
		left = slices.DeleteFunc(after, func(one string) bool { return slices.Contains(s.before, one) })
		return err != nil || len(left) == 0
	})
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("left behind: %s", strings.Join(left, ", ")))
	}
	return err
}

// Logs are the last lines that each part of the stack wrote.
func (s *Stack) Logs(ctx context.Context) string {
	var b strings.Builder
	for _, part := range []string{"gateway", "queue", "prometheus", "alertmanager"} {
		cmd := exec.CommandContext(ctx, "docker", "-H", s.opts.Engine.Host, "service", "logs", "--tail", "30", "func_"+part)
		out, err := cmd.CombinedOutput()
		fmt.Fprintf(&b, "---- %s %v\n%s", part, err, out)
	}
	return b.String()
}

// Inventory lists what there is on the engine of the kinds that a stack makes.
func (s *Stack) Inventory(ctx context.Context) ([]string, error) {
	var all []string
	for _, kind := range [][]string{
		{"service", "ls", "--format", "service {{.Name}}"},
		{"network", "ls", "--format", "network {{.Name}} {{.ID}}"},
		{"secret", "ls", "--format", "secret {{.Name}} {{.ID}}"},
		{"config", "ls", "--format", "config {{.Name}} {{.ID}}"},
		{"volume", "ls", "--format", "volume {{.Name}}"},
		{"ps", "-a", "--format", "container {{.Names}}"},
	} {
		lines, err := s.opts.Engine.Lines(ctx, kind...)
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	return all, nil
}

// run runs the tool that deploys and removes the stack.
func (s *Stack) run(ctx context.Context, verb string) error {
	const tool = "tools/deploy.sh"
	command := slices.Concat(s.opts.Via, []string{filepath.Join(s.opts.Root, tool), verb})
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+s.opts.Engine.Host, "FAAS_PORT="+strconv.Itoa(s.opts.Port),
		"FAAS_DATA="+s.opts.Dir, "DEPLOY_TIMEOUT=90")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", tool, verb, err, out)
	}
	return nil
}

// password is that of user admin, as the deployment made it.
func (s *Stack) password() (string, error) {
	text, err := os.ReadFile(filepath.Join(s.opts.Dir, "secrets", "basic-auth-password"))
	return strings.TrimSpace(string(text)), err
}
