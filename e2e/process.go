package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoProcess means that a child that a scenario wants to hit is not there.
var ErrNoProcess = errors.New("no such process")

// PID is the process of `faas up`.
func (s *Up) PID() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0, ErrNoProcess
	}
	return s.cmd.Process.Pid, nil
}

// Children lists the process ids of what `faas up` started, by the name of the program.
func (s *Up) Children(program string) ([]int, error) {
	s.mu.Lock()
	cmd := s.cmd
	s.mu.Unlock()
	if cmd == nil {
		return nil, ErrNoProcess
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if name, parent := processStat(pid); parent == cmd.Process.Pid && name == program {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// Signal sends sig to the first child of `faas up` that runs program.
func (s *Up) Signal(program string, sig syscall.Signal) error {
	pids, err := s.Children(program)
	if err != nil {
		return err
	}
	if len(pids) == 0 {
		return fmt.Errorf("signal %s: %w", program, ErrNoProcess)
	}
	return syscall.Kill(pids[0], sig)
}

// processStat reads a process's program name (15 characters, as the kernel keeps it) and parent.
func processStat(pid int) (program string, parent int) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", 0 // it ended meanwhile
	}
	// pid (name) state ppid …; the name may hold anything, so the last parenthesis ends it.
	text := string(b)
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return "", 0
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(fields[1]) // the kernel writes a number
	return text[open+1 : end], parent
}

// WaitNoReplica waits until no replica of any function is left as a process.
func (s *Up) WaitNoReplica(ctx context.Context, within time.Duration) error {
	var pids []int
	var err error
	gone := Poll(within, func() bool {
		pids, err = s.Children("fwatchdog")
		return err != nil || len(pids) == 0 || ctx.Err() != nil
	})
	switch {
	case err != nil:
		return err
	case !gone:
		return fmt.Errorf("replicas still run after %s: processes %v", within, pids)
	case len(pids) > 0:
		return context.Cause(ctx)
	}
	return nil
}
