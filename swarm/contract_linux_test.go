package swarm_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"golang.org/x/sys/unix"

	"faas/function"
	"faas/internal/backendtest"
	"faas/swarm"
)

// engineVariable names the environment variable with the URL of a Docker Engine that tests may use.
const engineVariable = "FAAS_TEST_ENGINE"

// TestContractOnEngine holds the backend to the contract of all backends, on a real Swarm.
func TestContractOnEngine(t *testing.T) {
	host := os.Getenv(engineVariable)
	if host == "" {
		t.Skipf("set %s to a Docker host, such as unix:///var/run/docker.sock, whose engine is a Swarm manager on this machine", engineVariable)
	}
	e := newRealEngine(t, host)
	var tests atomic.Int32
	backendtest.Run(t, func(t *testing.T) backendtest.Harness {
		t.Parallel() // most of the time goes by waiting for containers
		prefix := fmt.Sprintf("%s%d-", e.prefix, tests.Add(1))
		t.Cleanup(func() {
			e.removeServices(prefix, false)
			e.removeSecrets(prefix)
		})
		b, stop := runBackend(t, swarm.Options{Host: host, Network: e.network, Dial: e.dial})
		return backendtest.Harness{
			Backend: b, Stop: stop, Gap: true, Prefix: prefix, Within: time.Minute,
			Constraints: []string{"node.role == manager"},
			Function: func(name string) function.Function {
				return function.Function{Name: name, Image: e.image, Process: "/cat"}
			},
			Writer: func(name string) function.Function {
				return function.Function{
					Name: name, Image: e.image, Process: "/cat stderr",
					Env: map[string]string{"mode": "streaming", "prefix_logs": "false", "log_buffer_size": "-1"},
				}
			},
			Broken: func(name string) function.Function {
				return function.Function{Name: name, Image: e.image, Process: "/cat", Env: map[string]string{"mode": "sideways"}}
			},
			Kill: e.kill,
			Call: caller(e.dial),
			Secret: func(ctx context.Context, r function.Replica, name string) (string, error) {
				return readSecret(name, func(file string) (string, error) { return e.read(ctx, r, file) })
			},
		}
	})
}

// realEngine is a Docker Engine with an image and a network of the test's own, and a container on that network, through
// whose network namespace replicas are reached.
type realEngine struct {
	t                      *testing.T
	client                 *client.Client
	prefix, image, network string
	namespace              *os.File
}

func newRealEngine(t *testing.T, host string) *realEngine {
	t.Helper()
	c, err := client.NewClientWithOpts(client.WithHost(host), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	prefix := fmt.Sprintf("contract%d-", os.Getpid())
	e := &realEngine{t: t, client: c, prefix: prefix, image: "faas-test/" + prefix + "cat:latest", network: prefix + "net"}
	e.build()
	made, err := c.NetworkCreate(t.Context(), e.network, network.CreateOptions{
		Driver: "overlay", Attachable: true, Labels: map[string]string{"faas.test": "contract"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.retry("remove the network", func(ctx context.Context) error { return c.NetworkRemove(ctx, made.ID) })
	})
	e.enter()
	t.Cleanup(func() { e.removeServices(prefix, true) })
	return e
}

// retry does what the engine may refuse for a moment, because tasks have not ended yet.
func (e *realEngine) retry(what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := do(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			e.t.Errorf("%s: %v", what, err)
			return
		}
	}
}

// build makes an image of the watchdog and a function, from nothing.
func (e *realEngine) build() {
	e.t.Helper()
	dir := e.t.TempDir()
	for to, pkg := range map[string]string{"fwatchdog": "../cmd/fwatchdog", "cat": "./testdata/cat"} {
		cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", filepath.Join(dir, to), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			e.t.Fatalf("build %s: %v\n%s", pkg, err, out)
		}
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	add := func(name string, mode int64, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data))}); err != nil {
			e.t.Fatal(err)
		}
		w.Write(data)
	}
	add("Dockerfile", 0o600, []byte("FROM scratch\nCOPY fwatchdog /usr/bin/fwatchdog\nCOPY cat /cat\n"+
		"ENV suppress_lock=true fprocess=/cat\nCMD [\"/usr/bin/fwatchdog\"]\n"))
	for _, name := range []string{"fwatchdog", "cat"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			e.t.Fatal(err)
		}
		add(name, 0o755, data)
	}
	if err := w.Close(); err != nil {
		e.t.Fatal(err)
	}
	resp, err := e.client.ImageBuild(e.t.Context(), &buf, build.ImageBuildOptions{
		Tags: []string{e.image}, Remove: true, ForceRemove: true, Version: build.BuilderV1,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	out, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil || bytes.Contains(out, []byte(`"error"`)) {
		e.t.Fatalf("build the image: %v\n%s", err, out)
	}
	e.t.Cleanup(func() {
		e.retry("remove the image", func(ctx context.Context) error {
			_, err := e.client.ImageRemove(ctx, e.image, image.RemoveOptions{Force: true, PruneChildren: true})
			return err
		})
	})
}

// enter starts a container on the network and opens its network namespace.
func (e *realEngine) enter() {
	e.t.Helper()
	made, err := e.client.ContainerCreate(e.t.Context(), &container.Config{Image: e.image},
		&container.HostConfig{NetworkMode: container.NetworkMode(e.network)}, nil, nil, e.prefix+"door")
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		e.retry("remove the container", func(ctx context.Context) error {
			return e.client.ContainerRemove(ctx, made.ID, container.RemoveOptions{Force: true})
		})
	})
	if err := e.client.ContainerStart(e.t.Context(), made.ID, container.StartOptions{}); err != nil {
		e.t.Fatal(err)
	}
	c, err := e.client.ContainerInspect(e.t.Context(), made.ID)
	if err != nil {
		e.t.Fatal(err)
	}
	e.namespace, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", c.State.Pid))
	if err != nil {
		e.t.Fatalf("open the network of a container: %v; run this test as root on the machine of the engine that %s names", err, engineVariable)
	}
	e.t.Cleanup(func() { e.namespace.Close() })
}

// dial connects from within the network of functions.
func (e *realEngine) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		// The thread is this goroutine's alone, and ends with it, should there be no way back.
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			done <- result{nil, err}
			return
		}
		defer home.Close()
		if err := unix.Setns(int(e.namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- result{nil, fmt.Errorf("enter the network: %w", err)}
			return
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

// kill kills the container of a replica.
func (e *realEngine) kill(r function.Replica) error {
	id, err := e.container(e.t.Context(), r)
	if err != nil {
		return err
	}
	return e.client.ContainerKill(e.t.Context(), id, "KILL")
}

// container is the ID of the container of a replica, whose ID has that of its task in it.
func (e *realEngine) container(ctx context.Context, r function.Replica) (string, error) {
	tasks, err := e.client.TaskList(ctx, api.TaskListOptions{})
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(tasks, func(t api.Task) bool { return strings.HasSuffix(r.ID, t.ID) })
	if i < 0 || tasks[i].Status.ContainerStatus == nil {
		return "", errors.New("no container of replica " + r.ID)
	}
	return tasks[i].Status.ContainerStatus.ContainerID, nil
}

// read reads a file as the function in a replica does.
func (e *realEngine) read(ctx context.Context, r function.Replica, file string) (string, error) {
	id, err := e.container(ctx, r)
	if err != nil {
		return "", err
	}
	made, err := e.client.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: []string{"/cat", file}, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return "", err
	}
	stream, err := e.client.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return "", err
	}
	defer stream.Close()
	var text, fault strings.Builder
	if _, err := stdcopy.StdCopy(&text, &fault, stream.Reader); err != nil {
		return "", err
	}
	end, err := e.client.ContainerExecInspect(ctx, made.ID)
	if err == nil && end.ExitCode != 0 {
		err = fmt.Errorf("read %s: exit code %d: %s", file, end.ExitCode, fault.String())
	}
	return text.String(), err
}

// removeSecrets removes the secrets whose names begin so.
func (e *realEngine) removeSecrets(prefix string) {
	e.retry("remove the secrets", func(ctx context.Context) error {
		list, err := e.client.SecretList(ctx, api.SecretListOptions{Filters: filters.NewArgs(filters.Arg("name", prefix))})
		if err != nil {
			return err
		}
		for _, s := range list {
			if err := e.client.SecretRemove(ctx, s.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// removeServices removes the services whose names begin so, once their tasks are gone, and if so told waits until the containers
// are, too. An engine of 20.10 may end when it deletes a task of a service just while it removes that.
func (e *realEngine) removeServices(prefix string, wait bool) {
	e.retry("remove the services", func(ctx context.Context) error {
		list, err := e.client.ServiceList(ctx, api.ServiceListOptions{Filters: filters.NewArgs(filters.Arg("name", prefix))})
		if err != nil {
			return err
		}
		busy := 0
		for _, s := range list {
			left, err := e.emptied(ctx, s)
			switch {
			case err != nil:
				return err
			case left > 0:
				busy++
			default:
				if err := e.client.ServiceRemove(ctx, s.ID); err != nil {
					return err
				}
			}
		}
		if busy > 0 {
			return fmt.Errorf("%d services have tasks still", busy)
		}
		if !wait {
			return nil
		}
		left, err := e.client.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
			filters.Arg("label", "com.docker.swarm.service.name"), filters.Arg("name", prefix))})
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fmt.Errorf("%d containers are left", len(left))
		}
		return nil
	})
}

// emptied scales a service to nothing and tells how many tasks it has still. Those that ended earlier stay, as its history.
func (e *realEngine) emptied(ctx context.Context, s api.Service) (tasks int, err error) {
	if r := s.Spec.Mode.Replicated; r != nil && (r.Replicas == nil || *r.Replicas > 0) {
		r.Replicas = new(uint64)
		if _, err := e.client.ServiceUpdate(ctx, s.ID, s.Version, s.Spec, api.ServiceUpdateOptions{}); err != nil {
			return 0, err
		}
		return 1, nil
	}
	list, err := e.client.TaskList(ctx, api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", s.ID))})
	for _, t := range list {
		switch t.Status.State {
		case api.TaskStateComplete, api.TaskStateShutdown, api.TaskStateFailed, api.TaskStateRejected, api.TaskStateOrphaned:
			if t.DesiredState != api.TaskStateRemove {
				continue
			}
		default:
		}
		tasks++
	}
	return tasks, err
}
