package supervise

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// ProgramOptions say what to run and how to know that it works.
type ProgramOptions struct {
	// Name is what people call the program.
	Name string
	// Path and Args are the command line, Args without the program's own name.
	Path string
	Args []string
	// Env is added to the environment of this process, each NAME=VALUE.
	Env []string
	// LogFile gets what the program writes, appended. When it grows beyond LogLimit bytes, 10 MiB when 0,
	// it is moved to LogFile.1, which is replaced; that may lose the lines of that moment.
	LogFile  string
	LogLimit int64
	// ReadyURL answers 200 once the program can be used.
	ReadyURL string
	// StartTimeout bounds the time to readiness, 30 s when 0. StopTimeout is how long the program has
	// after SIGTERM until it is killed, 10 s when 0.
	StartTimeout, StopTimeout time.Duration
	// MinBackoff and MaxBackoff bound the wait before a program that died is started again: it doubles
	// with each death and starts over after StartTimeout of life. 200 ms and 10 s when 0.
	MinBackoff, MaxBackoff time.Duration
	// Report is called for each death and each recovery. Nil: nobody is told.
	Report func(Event)
}

// Program is a child program that is started again when it dies.
//
//	             ┌──────── back-off ◀──────┐
//	             ▼                         │ dies
//	start ──▶ starting ──── answers ──▶ ready
//	             │ dies, never yet ready
//	             ▼
//	        Run returns an error
type Program struct {
	opts   ProgramOptions
	client *http.Client
	ready  chan struct{} // closed when the program is ready for the first time
	once   sync.Once
	pid    atomic.Int64
}

// NewProgram makes a Program; Run starts it.
func NewProgram(opts ProgramOptions) (*Program, error) {
	if opts.Name == "" || opts.Path == "" || opts.ReadyURL == "" || opts.LogFile == "" {
		return nil, errors.New("a program needs Name, Path, ReadyURL and LogFile")
	}
	setDefault(&opts.StartTimeout, 30*time.Second)
	setDefault(&opts.StopTimeout, 10*time.Second)
	setDefault(&opts.MinBackoff, 200*time.Millisecond)
	setDefault(&opts.MaxBackoff, 10*time.Second)
	if opts.LogLimit == 0 {
		opts.LogLimit = 10 << 20
	}
	if opts.Report == nil {
		opts.Report = func(Event) {}
	}
	return &Program{
		opts:  opts,
		ready: make(chan struct{}),
		// A connection of its own for each question: one kept from before a death would answer late.
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second},
	}, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Ready is closed once the program was ready for the first time.
func (p *Program) Ready() <-chan struct{} { return p.ready }

// PID is the process that runs now, 0 when none does.
func (p *Program) PID() int { return int(p.pid.Load()) }

// Kill ends the process that runs now at once, for a caller who is about to exit.
func (p *Program) Kill() {
	if pid := p.PID(); pid > 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it is gone already
	}
}

// Run keeps the program running until ctx ends, then stops it with SIGTERM and, after StopTimeout, with
// SIGKILL. A program that ends before it was ever ready is an error, which has the end of its log.
func (p *Program) Run(ctx context.Context) error {
	// The kernel sends the parent-death signal when the forking *thread* ends, so it must live as long as
	// the child does: this goroutine keeps it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	backoff := p.opts.MinBackoff
	for restart := false; ; restart = true {
		started := time.Now()
		err := p.runOnce(ctx, restart)
		if ctx.Err() != nil {
			return err
		}
		if !p.wasReady() {
			return fmt.Errorf("start %s: %w", p.opts.Name, err)
		}
		if time.Since(started) > p.opts.StartTimeout {
			backoff = p.opts.MinBackoff
		}
		p.opts.Report(Event{Program: p.opts.Name, Err: err, Backoff: backoff})
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, p.opts.MaxBackoff)
	}
}

// runOnce returns when one process has ended: nil when ctx ended it in good order, else why.
func (p *Program) runOnce(ctx context.Context, restart bool) error {
	started := time.Now()
	_ = boundLog(p.opts.LogFile, p.opts.LogLimit) // a log that is too long is no reason not to start
	log, err := os.OpenFile(p.opts.LogFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	from, err := log.Seek(0, 2)
	if err != nil {
		return err
	}

	life, end := context.WithCancelCause(ctx)
	defer end(nil)
	cmd := exec.CommandContext(life, p.opts.Path, p.opts.Args...)
	cmd.Env = append(os.Environ(), p.opts.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = processAttributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = p.opts.StopTimeout
	if err := cmd.Start(); err != nil {
		return err
	}
	p.pid.Store(int64(cmd.Process.Pid))

	var waiting sync.WaitGroup
	waiting.Go(func() { keepLogBounded(life, p.opts.LogFile, p.opts.LogLimit) })
	waiting.Go(func() {
		if err := p.awaitReady(life); err != nil {
			end(err)
			return
		}
		p.once.Do(func() { close(p.ready) })
		if restart {
			p.opts.Report(Event{Program: p.opts.Name, Took: time.Since(started)})
		}
	})
	err = cmd.Wait()
	p.pid.Store(0)
	late := context.Cause(life)
	end(nil)
	waiting.Wait()

	switch {
	case ctx.Err() != nil:
		if cmd.ProcessState.Success() || terminated(cmd.ProcessState) {
			return nil
		}
		return fmt.Errorf("stop %s: %s", p.opts.Name, cmd.ProcessState)
	case late != nil:
		return late
	case err == nil:
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("%w%s", err, logTail(p.opts.LogFile, from))
}

// terminated reports whether our SIGTERM ended the process before it had a handler for it.
func terminated(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGTERM
}

// awaitReady asks ReadyURL until it answers 200. The error says that this took too long, or why ctx ended.
func (p *Program) awaitReady(ctx context.Context) error {
	deadline := time.Now().Add(p.opts.StartTimeout)
	for !p.isReady(ctx) {
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready at %s within %s, see %s",
				p.opts.ReadyURL, p.opts.StartTimeout, p.opts.LogFile)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (p *Program) isReady(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.opts.ReadyURL, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // only the status matters
	return resp.StatusCode == http.StatusOK
}

func (p *Program) wasReady() bool {
	select {
	case <-p.ready:
		return true
	default:
		return false
	}
}
