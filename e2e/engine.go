package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// EngineVariable is the environment variable with the URL of a Docker Engine, a manager of a swarm, that tests
// may use. `tools/engine.sh` starts one.
const EngineVariable = "FAAS_TEST_ENGINE"

// Engine is a Docker Engine, driven by the docker command as its users do.
type Engine struct {
	// Host is its URL, such as unix:///var/run/docker.sock.
	Host string
}

// Docker runs the docker command and returns what it prints, without the last line's end.
func (e Engine) Docker(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"-H", e.Host}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w%s", strings.Join(args, " "), err, stderr(err))
	}
	return strings.TrimRight(string(out), "\n"), nil
}

// Lines runs the docker command and returns the lines that it prints.
func (e Engine) Lines(ctx context.Context, args ...string) ([]string, error) {
	out, err := e.Docker(ctx, args...)
	if out == "" {
		return nil, err
	}
	return strings.Split(out, "\n"), err
}

// Unused is an error where a stack func runs, whose gateway would scale the functions of a test as well. It may be
// somebody's own, so that no test removes it.
func (e Engine) Unused(ctx context.Context) error {
	stacks, err := e.Lines(ctx, "stack", "ls", "--format", "{{.Name}}")
	if err == nil && slices.Contains(stacks, "func") {
		err = fmt.Errorf("a stack func runs on %s already; `make undeploy` removes it", e.Host)
	}
	return err
}

// Containers lists the ids of the containers of a service that run on this engine's node.
func (e Engine) Containers(ctx context.Context, service string) ([]string, error) {
	return e.Lines(ctx, "ps", "-q", "--no-trunc", "--filter", "label=com.docker.swarm.service.name="+service)
}

// KillOne sends SIGKILL to the first container of a service on this engine's node.
func (e Engine) KillOne(ctx context.Context, service string) error {
	ids, err := e.Containers(ctx, service)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return fmt.Errorf("kill a container of %s: there is none", service)
	}
	_, err = e.Docker(ctx, "kill", "--signal", "KILL", ids[0])
	return err
}

// Logs are what a container has written since a moment, or why they cannot be read.
func (e Engine) Logs(ctx context.Context, container, since string) string {
	out, err := exec.CommandContext(ctx, "docker", "-H", e.Host, "logs", "--since", since, container).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return string(out)
}

// Build makes an image from the text of a Dockerfile and the files of a directory.
func (e Engine) Build(ctx context.Context, name, dockerfile, dir string) error {
	cmd := exec.CommandContext(ctx, "docker", "-H", e.Host, "build", "--quiet", "--tag", name, "--file", "-", dir)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0") // the newer builder comes with a plugin
	cmd.Stdin = strings.NewReader(dockerfile)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker build %s: %w: %s", name, err, out)
	}
	return nil
}

// stderr is what a command that failed wrote there.
func stderr(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return ": " + strings.TrimSpace(string(exit.Stderr))
	}
	return ""
}
