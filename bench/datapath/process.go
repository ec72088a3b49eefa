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

// use is what a process and its children have used so far.
type use struct {
	own, children time.Duration // children: those that have ended and were waited for
	bytes         int64         // resident now
}

// used reads the use of p with the workers that it runs.
func (p *process) used() (use, error) {
	all, err := usedBy(p.cmd.Process.Pid)
	if err != nil {
		return use{}, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", p.cmd.Process.Pid))
	if err != nil || p.stdin != nil || p.alone { // our own have none that count
		return all, err
	}
	for _, child := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			return use{}, err
		}
		u, err := usedBy(pid)
		if err != nil {
			continue // it has ended since
		}
		all.own += u.own
		all.bytes += u.bytes
	}
	return all, nil
}

// tick is the unit of processor times in Linux's /proc.
const tick = 10 * time.Millisecond

func usedBy(pid int) (use, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return use{}, err
	}
	// The name of the program, in parentheses, may hold anything.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return use{}, fmt.Errorf("unknown format of /proc/PID/stat: %q", text)
	}
	var n [22]int64
	for _, i := range []int{11, 12, 13, 14, 21} {
		if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return use{}, err
		}
	}
	return use{
		own: time.Duration(n[11]+n[12]) * tick, children: time.Duration(n[13]+n[14]) * tick,
		bytes: n[21] * int64(os.Getpagesize()),
	}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
