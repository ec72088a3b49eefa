package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"faas/bench/procstat"
)

// process is a server that is measured, with the processes that it started.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Reader
	alone bool // only its own use counts, and not that of its workers
}

// startSelf runs this program once more, and returns what it writes in its first line.
func startSelf(ctx context.Context, args ...string) (*process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, args...)}
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, "", err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, "", err
	}
	p.lines = bufio.NewReader(out)
	line, err := p.line()
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s did not start: %w", args[0], err), p.stop())
	}
	return p, line, nil
}

func (p *process) line() (string, error) {
	line, err := p.lines.ReadString('\n')
	return strings.TrimSpace(line), err
}

// startProgram runs another program that will listen at addr.
func startProgram(ctx context.Context, addr string, env []string, path string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, path, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	log, err := os.CreateTemp("", "faas-bench-*.log")
	if err != nil {
		return nil, err
	}
	defer os.Remove(log.Name()) //nolint:errcheck // a temporary file
	defer log.Close()           //nolint:errcheck // as above
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			_ = c.Close() // nothing was written
			return p, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, errors.Join(err, p.stop())
		}
	}
	text, _ := os.ReadFile(log.Name()) // it may say why
	return nil, errors.Join(fmt.Errorf("%s does not listen at %s: %s", path, addr, text), p.stop())
}

// stop ends the process.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	if p.stdin != nil {
		_ = p.stdin.Close() // it may have ended by itself
	} else {
		_ = p.cmd.Process.Signal(os.Interrupt) // as above
	}
	done := time.AfterFunc(5*time.Second, func() { _ = p.cmd.Process.Kill() }) // as above
	defer done.Stop()
	_ = p.cmd.Wait() // how it ended says nothing
	return nil
}

// used reads the use of p with the workers that it runs.
func (p *process) used() (procstat.Use, error) {
	all, err := procstat.Of(p.cmd.Process.Pid)
	if err != nil {
		return procstat.Use{}, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", p.cmd.Process.Pid))
	if err != nil || p.stdin != nil || p.alone { // our own have none that count
		return all, err
	}
	for _, child := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			return procstat.Use{}, err
		}
		u, err := procstat.Of(pid)
		if err != nil {
			continue // it has ended since
		}
		all.Own += u.Own
		all.Resident += u.Resident
	}
	return all, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
