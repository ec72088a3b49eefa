package watchdog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 10 * time.Second
	// provenAfter is how long a server must have answered for its next failure
	// to count as the first again.
	provenAfter = 10 * time.Second
	// stopGrace is how long a server may take to end after SIGTERM.
	stopGrace = 5 * time.Second
	probeMin  = 2 * time.Millisecond
	probeMax  = 100 * time.Millisecond
)

// A server keeps the long-lived process of http mode running. One goroutine,
// in run, moves it from state to state:
//
//	           first request          accepts
//	stopped ───────────────▶ starting ───────▶ up
//	   ▲  (idle_timeout only)    ▲ │ exit       │ exit
//	   │                  delay  │ ▼            ▼
//	   │                         └─ failed ◀────┤
//	   └────────────────────────────────────────┘ idle
//
// Requests wait while it starts and are refused while it has failed.
type server struct {
	cmd   command
	addr  string
	port  *heldPort     // nil when the port is not ours to choose
	idle  time.Duration // 0 keeps it running
	procs *children
	logs  *logs
	log   *slog.Logger
	wake  chan struct{} // tells run that a request waits; capacity 1

	mu       sync.Mutex
	up       bool
	failure  error         // why it is not starting, while it has failed
	changed  chan struct{} // closed at every change of up and failure
	users    int
	lastUsed time.Time
}

// acquire waits until the server accepts connections and keeps it from being
// stopped as idle until release is called. It fails at once with errDown while
// the server has failed.
func (s *server) acquire(ctx context.Context) error {
	s.mu.Lock()
	s.users++
	for !s.up {
		if s.failure != nil {
			err := fmt.Errorf("%w: %w", errDown, s.failure)
			s.mu.Unlock()
			s.release()
			return err
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case s.wake <- struct{}{}:
		default:
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.release()
			return interrupted(ctx)
		}
		s.mu.Lock()
	}
	s.mu.Unlock()
	return nil
}

// tryAcquire is acquire for a server that accepts connections.
func (s *server) tryAcquire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up {
		s.users++
	}
	return s.up
}

func (s *server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	s.lastUsed = time.Now()
}

// ready reports whether a request would be taken.
func (s *server) ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up || (s.idle > 0 && s.failure == nil)
}

func (s *server) set(up bool, failure error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up, s.failure, s.lastUsed = up, failure, time.Now()
	close(s.changed)
	s.changed = make(chan struct{})
}

// run keeps the server running until ctx ends, and then ends it.
func (s *server) run(ctx context.Context) {
	defer s.releasePort()
	backoff := firstBackoff
	for ctx.Err() == nil {
		if s.idle > 0 {
			select {
			case <-s.wake:
			case <-ctx.Done():
				return
			}
		}
		lasted, err := s.once(ctx)
		if err == nil {
			continue
		}
		if lasted >= provenAfter {
			backoff = firstBackoff
		}
		if lasted == 0 {
			s.releasePort() // it may not be able to listen on a port that is held
		}
		// The local backend reads this line: local/lastwords.go.
		s.log.Error("function ended", "err", err, "restart_in", backoff.String())
		s.set(false, err)
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return
		}
		backoff = min(2*backoff, maxBackoff)
		s.set(false, nil)
	}
}

func (s *server) releasePort() {
	if err := s.port.release(); err != nil {
		s.log.Error("the function's port is not released", "err", err)
	}
}

// once runs the server until it ends by itself, which is an error, or is
// stopped. It returns how long the server answered.
func (s *server) once(ctx context.Context) (time.Duration, error) {
	p, err := s.procs.start(s.cmd, nil)
	if err != nil {
		return 0, err
	}
	closeAll([]*os.File{p.stdin})
	var work sync.WaitGroup
	ended := make(chan error, 1)
	work.Go(func() { s.logs.follow(p.stdout, "stdout", "") })
	work.Go(func() { s.logs.follow(p.stderr, "stderr", "") })
	work.Go(func() {
		awaitExit(p.pid)
		p.kill() // workers that it left behind would hold its port
		ended <- p.wait()
	})
	defer func() {
		_ = p.stdout.SetReadDeadline(time.Now().Add(waitDelay))
		_ = p.stderr.SetReadDeadline(time.Now().Add(waitDelay))
		work.Wait()
		closeAll([]*os.File{p.stdout, p.stderr})
		s.procs.remove(p)
	}()

	if stopped, err := s.probe(ctx, ended); stopped {
		s.stop(p, ended, err)
		return 0, err
	}
	start := time.Now()
	s.log.Info("function ready", "pid", p.pid, "upstream", s.addr)
	s.set(true, nil)
	err = s.watch(ctx, ended)
	s.stop(p, ended, err)
	return time.Since(start), err
}

// probe dials the server until it accepts. It reports true when the server
// ended, with how, or ctx did.
func (s *server) probe(ctx context.Context, ended <-chan error) (bool, error) {
	var dialer net.Dialer
	for delay := probeMin; ; delay = min(2*delay, probeMax) {
		c, err := dialer.DialContext(ctx, "tcp", s.addr)
		if err == nil {
			_ = c.Close() // nothing was written
			return false, nil
		}
		select {
		case err := <-ended:
			return true, asFailure(err)
		case <-ctx.Done():
			return true, nil
		case <-time.After(delay):
		}
	}
}

// watch returns nil when ctx ended or the server has been idle for long enough.
func (s *server) watch(ctx context.Context, ended <-chan error) error {
	var idle <-chan time.Time
	if s.idle > 0 {
		t := time.NewTicker(max(s.idle/4, time.Millisecond))
		defer t.Stop()
		idle = t.C
	}
	for {
		select {
		case err := <-ended:
			return asFailure(err)
		case <-ctx.Done():
			return nil
		case <-idle:
			if s.retire() {
				s.log.Info("function stopped", "reason", "idle", "idle_timeout", s.idle.String())
				return nil
			}
		}
	}
}

// retire takes an idle server out of use.
func (s *server) retire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users > 0 || time.Since(s.lastUsed) < s.idle {
		return false
	}
	s.up = false
	select { // a wake from before this point was answered
	case <-s.wake:
	default:
	}
	return true
}

// stop ends the server, unless it ended by itself with failure.
func (s *server) stop(p *process, ended <-chan error, failure error) {
	if failure != nil {
		return
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(stopGrace):
		s.log.Warn("function ignores SIGTERM", "pid", p.pid, "grace", stopGrace.String())
		p.kill()
		<-ended
	}
}

func asFailure(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}
