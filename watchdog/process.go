package watchdog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	// quietPoll is how often it is looked, while there is no output, whether
	// the process has ended all the same, or the client left.
	quietPoll = 100 * time.Millisecond
	// waitDelay is how long the output is still read after the process ended,
	// when one of its own children holds it.
	waitDelay = time.Second
)

// A command is what to run, resolved once so that a request does not search PATH.
type command struct {
	path    string
	argv    []string
	environ []string
	combine bool // standard error goes where standard output goes
}

func newCommand(c Config, environ []string) (command, error) {
	argv, err := c.argv()
	if err != nil {
		return command{}, err
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return command{}, fmt.Errorf("fprocess: %w", err)
	}
	return command{path: path, argv: argv, environ: environ, combine: c.CombineOutput && c.forks()}, nil
}

// A process is a running command at the head of its own process group.
//
// It is started and reaped with the bare system calls. os/exec would add a
// goroutine for each stream and for the wait, and hold an operating system
// thread per running process in waitid(2); here the goroutine that reads the
// output also waits, and only once the output has ended.
type process struct {
	pid    int
	stdin  *os.File
	stdout *os.File
	stderr *os.File // nil when combined with stdout

	mu     sync.Mutex
	reaped bool // from here on the pid may belong to another process

	hungUp func() bool // asked while the output is quiet; nil never
	ended  time.Time   // when the reader of the output first saw the process ended
}

// startProcess starts c with the given variables added to its environment.
func startProcess(c command, extra []string) (*process, error) {
	var own, theirs []*os.File
	fail := func(err error) (*process, error) {
		closeAll(own)
		closeAll(theirs)
		return nil, fmt.Errorf("start %s: %w", c.argv[0], err)
	}
	for fd := range 3 {
		if fd == 2 && c.combine {
			theirs = append(theirs, theirs[1])
			break
		}
		ours, its, err := newPipe(fd == 0)
		if err != nil {
			return fail(err)
		}
		own, theirs = append(own, ours), append(theirs, its)
	}
	env := c.environ
	if len(extra) > 0 {
		env = append(env[:len(env):len(env)], extra...)
	}
	pid, err := syscall.ForkExec(c.path, c.argv, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{theirs[0].Fd(), theirs[1].Fd(), theirs[2].Fd()},
		Sys:   sysProcAttr(),
	})
	if err != nil {
		return fail(err)
	}
	closeAll(theirs)
	p := &process{pid: pid, stdin: own[0], stdout: own[1]}
	if !c.combine {
		p.stderr = own[2]
	}
	return p, nil
}

// signal sends sig to the whole process group, if the process is not reaped yet.
// Until then its pid, and so the group's, cannot be given to another process.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, sig) // it may have ended by itself
	}
}

func (p *process) kill() { p.signal(syscall.SIGKILL) }

// reapSoon is how long a process whose output has ended is asked whether it can be reaped before a thread is spent on
// waiting for it. It closes its output as one of the last things that it does, and to block a thread costs more than all
// of that: Go's scheduler looks every 20 µs for threads that block.
const reapSoon = 50 * time.Microsecond

// wait blocks until the process has ended and reaps it. It is called once.
func (p *process) wait() error {
	for began := time.Now(); ; runtime.Gosched() {
		if status, ok, err := p.reap(); err != nil {
			return fmt.Errorf("wait for process %d: %w", p.pid, err)
		} else if ok {
			return exitError(status)
		}
		if time.Since(began) > reapSoon {
			break
		}
	}
	for {
		awaitExit(p.pid)
		if status, ok, err := p.reap(); err != nil {
			return fmt.Errorf("wait for process %d: %w", p.pid, err)
		} else if ok {
			return exitError(status)
		}
	}
}

func (p *process) reap() (status syscall.WaitStatus, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		pid, err := syscall.Wait4(p.pid, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		p.reaped = pid == p.pid || err != nil
		return status, p.reaped, err
	}
}

// read reads output until the time given, or for as long as it takes when that
// is zero. A process that has ended while another still holds its output gets
// waitDelay; then what is left of its group is killed and the output ends.
// A client that has hung up ends it with errClientGone.
func (p *process) read(buf []byte, until time.Time) (int, error) {
	for {
		deadline := time.Now().Add(quietPoll)
		if !until.IsZero() {
			deadline = until
		}
		if err := p.stdout.SetReadDeadline(deadline); err != nil {
			return 0, fmt.Errorf("read output: %w", err)
		}
		n, err := p.stdout.Read(buf)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !until.IsZero() {
			return n, err
		}
		if p.abandoned() {
			p.kill()
			return 0, io.EOF
		}
		if p.hungUp != nil && p.hungUp() {
			return 0, errClientGone
		}
	}
}

func (p *process) abandoned() bool {
	if p.ended.IsZero() {
		if hasExited(p.pid) {
			p.ended = time.Now()
		}
		return false
	}
	return time.Since(p.ended) >= waitDelay
}

// close lets go of the input and output. Standard error has a reader of its own.
func (p *process) close() {
	closeAll([]*os.File{p.stdin, p.stdout})
}

// discard ends a process that is not needed any more.
func (p *process) discard() {
	p.kill()
	_ = p.wait() // it was killed: how it ended says nothing
	p.close()
	if p.stderr != nil {
		closeAll([]*os.File{p.stderr})
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // pipes hold nothing back, and some are closed already
	}
}

// exitError is nil for exit status 0 and names anything else.
func exitError(s syscall.WaitStatus) error {
	switch {
	case s.Signaled():
		return fmt.Errorf("%w: signal: %s", errExit, s.Signal())
	case s.ExitStatus() != 0:
		return fmt.Errorf("%w: exit status %d", errExit, s.ExitStatus())
	default:
		return nil
	}
}
