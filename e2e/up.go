package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout bounds how long a system may take until every part is ready.
const startTimeout = 60 * time.Second

// Options say what to run.
type Options struct {
	// Bin has the binaries that `make build binaries` makes.
	Bin string
	// Dir is an empty directory for everything that the system writes.
	Dir string
	// Stack is the text of the stack file.
	Stack string
	// Flags go to `faas up` besides those that this package gives.
	Flags []string
	// Env is added to its environment, as NAME=VALUE.
	Env []string
	// Output gets what `faas up` prints. Nil: it is kept for Log only.
	Output io.Writer
}

// Up is a running `faas up`.
type Up struct {
	*Client

	opts Options

	mu        sync.Mutex
	cmd       *exec.Cmd
	exited    chan struct{}
	exitErr   error
	log       strings.Builder
	addresses addresses
}

// addresses are where the parts listen, as `faas up` writes them into its data directory.
type addresses struct {
	Gateway      string `json:"gateway"`
	Metrics      string `json:"metrics"`
	Prometheus   string `json:"prometheus"`
	Alertmanager string `json:"alertmanager"`
}

// Start runs `faas up` on free ports and returns when it is ready.
func Start(ctx context.Context, o Options) (*Up, error) {
	s := &Up{
		opts:      o,
		addresses: addresses{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"},
	}
	s.Client = NewClient(s.gateway, s.password)
	if err := os.MkdirAll(filepath.Join(o.Dir, "handler"), 0o750); err != nil {
		return nil, err
	}
	if err := s.WriteStack(o.Stack); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Kill(), errors.New(s.Log()))
	}
	return s, nil
}

// Restart ends `faas up` with sig and starts it again with the same data on the same ports.
func (s *Up) Restart(ctx context.Context, sig syscall.Signal) error {
	if err := s.end(sig); err != nil {
		return err
	}
	return s.start(ctx)
}

// Stop asks `faas up` to end and reports what it left behind.
func (s *Up) Stop() error { return s.end(syscall.SIGTERM) }

// Kill ends `faas up` with SIGKILL and reports what it left behind.
func (s *Up) Kill() error { return s.end(syscall.SIGKILL) }

func (s *Up) start(ctx context.Context) error {
	data := s.Data()
	ready := filepath.Join(data, "addresses.json")
	if err := os.Remove(ready); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	args := append([]string{
		"up", "--data", data, "--stack", s.stackFile(),
		"--listen", s.addresses.Gateway, "--metrics-listen", s.addresses.Metrics,
		"--prometheus-listen", s.addresses.Prometheus, "--alertmanager-listen", s.addresses.Alertmanager,
	}, s.opts.Flags...)
	cmd := exec.Command(filepath.Join(s.opts.Bin, "faas"), args...) //nolint:noctx // it ends by a signal that the scenario chooses
	cmd.Dir, cmd.Env = s.opts.Dir, append(os.Environ(), s.opts.Env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	cmd.SysProcAttr = endsWithUs()
	started, exited := make(chan error), make(chan struct{})
	go func() {
		defer close(exited)
		// The kernel sends the parent-death signal when the *thread* that forked ends: this goroutine keeps it
		// for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		s.collect(out)
		err = cmd.Wait()
		s.mu.Lock()
		s.exitErr = err
		s.mu.Unlock()
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start faas up: %w", err)
	}
	s.mu.Lock()
	s.cmd, s.exited = cmd, exited
	s.mu.Unlock()
	return s.waitReady(ctx, ready, exited)
}

// collect keeps what `faas up` prints.
func (s *Up) collect(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		s.mu.Lock()
		s.log.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
		if s.opts.Output != nil {
			fmt.Fprintln(s.opts.Output, lines.Text())
		}
	}
}

func (s *Up) waitReady(ctx context.Context, file string, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(file); err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			return json.Unmarshal(b, &s.addresses)
		}
		select {
		case <-tick.C:
		case <-exited:
			return errors.New("faas up ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("faas up is not ready: %w", context.Cause(ctx))
		}
	}
}

// end signals `faas up`, waits for its end and for that of all it started.
func (s *Up) end(sig syscall.Signal) error {
	s.mu.Lock()
	cmd, exited := s.cmd, s.exited
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	s.http.CloseIdleConnections()
	if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-exited:
	case <-time.After(60 * time.Second):
		return errors.Join(errors.New("faas up did not end in 60 s"), cmd.Process.Kill())
	}
	s.mu.Lock()
	err := s.exitErr
	s.cmd = nil
	s.mu.Unlock()
	if sig == syscall.SIGKILL {
		err = nil // that is how it ends then
	}
	return errors.Join(err, s.waitNothingLeft())
}

// waitNothingLeft gives processes that die with their parent a moment.
func (s *Up) waitNothingLeft() error {
	var left []string
	gone := Poll(2*time.Second, func() bool {
		left = processesUnder(s.opts.Dir)
		return len(left) == 0
	})
	if !gone {
		return fmt.Errorf("left running after 2 s: %s", strings.Join(left, "; "))
	}
	return nil
}

// processesUnder lists the processes that work in dir or name it in their command.
func processesUnder(dir string) []string {
	var found []string
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return []string{err.Error()}
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		cwd, _ := os.Readlink(filepath.Join("/proc", e.Name(), "cwd")) // gone, or not ours to see
		cmdline, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if strings.HasPrefix(cwd, dir) || strings.Contains(string(cmdline), dir) {
			found = append(found, fmt.Sprintf("%d %s", pid, strings.ReplaceAll(string(cmdline), "\x00", " ")))
		}
	}
	return found
}

// Data is the system's data directory.
func (s *Up) Data() string { return filepath.Join(s.opts.Dir, "data") }

func (s *Up) stackFile() string { return filepath.Join(s.opts.Dir, "stack.yml") }

// WriteStack replaces the stack file, which the running system reads again.
func (s *Up) WriteStack(text string) error {
	s.opts.Stack = text
	return os.WriteFile(s.stackFile(), []byte(text), 0o600)
}

// EditStack replaces from by to in the stack file.
func (s *Up) EditStack(from, to string) error {
	if !strings.Contains(s.opts.Stack, from) {
		return fmt.Errorf("the stack file has no %q", from)
	}
	return s.WriteStack(strings.ReplaceAll(s.opts.Stack, from, to))
}

func (s *Up) gateway() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addresses.Gateway
}

// Metrics is the URL of the gateway's metrics.
func (s *Up) Metrics() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addresses.Metrics + "/metrics"
}

// Prometheus is the URL of Prometheus.
func (s *Up) Prometheus() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addresses.Prometheus
}

// Alertmanager is the URL of Alertmanager.
func (s *Up) Alertmanager() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addresses.Alertmanager
}

// Command runs a subcommand of faas on this system, and returns what it prints.
func (s *Up) Command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.opts.Bin, "faas"), append(args, "--data", s.Data())...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("faas %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (s *Up) password() (string, error) {
	text, err := os.ReadFile(filepath.Join(s.Data(), "secrets", "basic-auth-password"))
	return strings.TrimSpace(string(text)), err
}

// Log is what `faas up` has printed.
func (s *Up) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}
