package transcript

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// grace is how long a process may take to end after it was asked to.
const grace = 20 * time.Second

// shell is a bash of which everything is a child, in a process group of its own.
type shell struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	exited chan struct{}

	mu      sync.Mutex
	printed strings.Builder
	more    chan struct{} // closed, and made anew, when something is printed
}

// newShell starts bash; with a command that command, in a shell that ends with it.
func newShell(o Options, command ...string) (*shell, error) {
	args := []string{"--norc", "--noprofile"}
	if len(command) > 0 {
		args = append(args, "-c", command[0])
	}
	s := &shell{cmd: exec.Command("bash", args...), exited: make(chan struct{}), more: make(chan struct{})} //nolint:noctx // end ends it
	s.cmd.Dir, s.cmd.Env = o.Dir, append(os.Environ(), o.Env...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Stdout = s
	s.cmd.Stderr = s
	s.cmd.WaitDelay = grace // for what it left in the background, which holds its output open
	if len(command) == 0 {
		var err error
		if s.stdin, err = s.cmd.StdinPipe(); err != nil {
			return nil, err
		}
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.exited)
		_ = s.cmd.Wait() // what its commands were worth is told by what they print
	}()
	return s, nil
}

// Write takes what the shell and its children print.
func (s *shell) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.printed.Write(p)
	close(s.more)
	s.more = make(chan struct{})
	return len(p), nil
}

// output is all that was printed so far, and a channel that is closed when there is more.
func (s *shell) output() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.printed.String(), s.more
}

// until waits until done is true of what was printed, and returns that.
func (s *shell) until(ctx context.Context, done func(printed string) bool) (string, error) {
	for {
		printed, more := s.output()
		if done(printed) {
			return printed, nil
		}
		select {
		case <-more:
		case <-s.exited:
			if printed, _ = s.output(); done(printed) {
				return printed, nil
			}
			return printed, errors.New("it ended")
		case <-ctx.Done():
			return printed, fmt.Errorf("not in time: %w", ctx.Err())
		}
	}
}

// run types a command and returns what it prints until it is done.
func (s *shell) run(ctx context.Context, command string) (string, error) {
	const end = "\x04" // no command here prints it
	before, _ := s.output()
	if _, err := fmt.Fprintf(s.stdin, "eval %s </dev/null\nprintf '\\004'\n", quote(command)); err != nil {
		return "", err
	}
	all, err := s.until(ctx, func(printed string) bool { return strings.Contains(printed[len(before):], end) })
	got, _, _ := strings.Cut(all[len(before):], end)
	return got, err
}

// end asks all processes of the shell to end, as Ctrl-C does, and kills what does not.
func (s *shell) end() error {
	if s.stdin != nil {
		_ = s.stdin.Close() // the shell ends by it, unless it has ended
	}
	group := -s.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGINT) // it may have ended
	var err error
	select {
	case <-s.exited:
	case <-time.After(grace):
		err = fmt.Errorf("it did not end within %s of Ctrl-C", grace)
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // what it left in the background
	<-s.exited
	return err
}

// quote makes one word of a text for the shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
