package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

// launcher runs replicas.
type launcher struct {
	log      *slog.Logger
	timing   timing
	watchdog string
	base     map[string]string
	logs     *logbook
	secrets  *secretStore
	spawner  *spawner
	ports    *ports
	starts   chan struct{} // holds one for each replica that starts now
	client   *http.Client
}

// process is a watchdog that was started.
type process struct {
	proc          *os.Process
	born          uint64 // when the kernel started it, in its own unit
	addr, metrics string
	log           *replicaLog
	port          int // of the function's own http server; 0: none
}

// run takes a replica through its life and returns when nothing of it is left. Each step is an event,
// the last one eventGone.
func (l *launcher) run(ctx context.Context, r *replica, events chan<- event) {
	send := func(e event) {
		e.replica = r
		events <- e
	}
	select {
	case l.starts <- struct{}{}:
	case <-r.stops: // before there is anything to stop
		send(event{kind: eventGone})
		return
	}
	began := time.Now()
	p, err := l.start(r)
	if err != nil {
		<-l.starts
		l.withdraw(r)
		send(event{kind: eventDied, reason: exitStart, text: err.Error()})
		send(event{kind: eventGone})
		return
	}
	send(event{kind: eventStarted, addr: p.addr, metrics: p.metrics, pid: p.proc.Pid})
	life := &life{launcher: l, process: p, began: began, send: send}
	life.run(ctx, r.stops)
	sweep(p.proc.Pid, p.born, r.id)
	l.withdraw(r)
	lastLine := p.log.close()
	l.ports.release(p.port)
	send(event{kind: eventGone, lastLine: lastLine})
}

// withdraw takes back the secrets of a replica of which nothing is left to read them.
func (l *launcher) withdraw(r *replica) {
	if len(r.spec.secrets) == 0 {
		return
	}
	if err := l.secrets.withdraw(r.id); err != nil {
		l.log.Warn("copies of secrets not removed", "function", r.function, "replica", r.id, "err", err)
	}
}

// start binds the replica's two sockets and starts a watchdog that inherits them, so that ports never
// race and a request sent from now on waits in the socket's backlog until the watchdog accepts it.
func (l *launcher) start(r *replica) (p *process, err error) {
	if r.spec.ownDir { // it goes with the last function of the name, which may have ended since the deployment
		if err := os.MkdirAll(r.spec.dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the working directory: %w", err)
		}
	}
	secrets := ""
	if len(r.spec.secrets) > 0 {
		if secrets, err = l.secrets.lend(r.id, slices.Sorted(maps.Keys(r.spec.secrets))); err != nil {
			return nil, err
		}
	}
	var files closers
	defer files.close() // ours; the child has its own
	httpFile, addr, err := listen(&files)
	if err != nil {
		return nil, err
	}
	metricsFile, metricsAddr, err := listen(&files)
	if err != nil {
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	files.add(null)
	log, stdout, stderr, err := newReplicaLog(l.logs.of(r.function).file(r.slot), r, l.log)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	files.add(stdout)
	files.add(stderr)
	port := 0
	if r.spec.upstream != nil {
		if port, err = l.ports.take(); err != nil {
			files.close() // lets the log end
			log.close()
			return nil, err
		}
	}
	path, argv := limitedCommand(l.watchdog, r.spec.noFile)
	proc, err := l.spawner.start(path, argv, &os.ProcAttr{
		Dir: r.spec.dir, Env: r.spec.environ(l.base, r.id, port, secrets),
		Files: []*os.File{null, stdout, stderr, httpFile, metricsFile},
		Sys:   childAttributes(),
	})
	if err != nil {
		files.close()
		log.close()
		l.ports.release(port)
		return nil, fmt.Errorf("start %s in %s: %w", l.watchdog, r.spec.dir, err)
	}
	return &process{
		proc: proc, born: bornAt(proc.Pid), addr: addr, metrics: metricsAddr, log: log, port: port,
	}, nil
}

// limitedCommand is the command that runs program with at most noFile open files, 0 for as many as we
// have. The shell sets the limit before the program runs: were it set from outside afterwards, a Go
// program, which raises its own limit at start and gives children the one before, could undo it.
func limitedCommand(program string, noFile uint64) (path string, argv []string) {
	if noFile == 0 {
		return program, []string{program}
	}
	return "/bin/sh", []string{
		"sh", "-c", `ulimit -n "$1" && shift && exec "$@"`, "sh", strconv.FormatUint(noFile, 10), program,
	}
}

// listen binds a free loopback port and returns its socket as a file to inherit.
func listen(files *closers) (*os.File, string, error) {
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, "", fmt.Errorf("bind a port: %w", err)
	}
	files.add(ln)
	file, err := ln.File()
	if err != nil {
		return nil, "", fmt.Errorf("share a socket: %w", err)
	}
	files.add(file)
	return file, ln.Addr().String(), nil
}

// closers are closed together, once.
type closers []interface{ Close() error }

func (c *closers) add(closer interface{ Close() error }) { *c = append(*c, closer) }

func (c *closers) close() {
	for _, closer := range *c {
		_ = closer.Close() // duplicates of what the child uses: nothing can be lost
	}
	*c = nil
}

// life is a process from its start to its exit.
type life struct {
	launcher *launcher
	process  *process
	began    time.Time
	send     func(event)

	// reason and text say why we ended it; empty: we did not.
	reason, text string
	term, kill   *time.Timer
	terminated   bool      // SIGTERM was sent; a watchdog takes a second one for "at once"
	killAt       time.Time // when kill fires; zero: never
	starting     bool      // counts among the launcher's starts
	ready        bool      // it has been
	stumbles     int       // how often the function ended before
}

// run follows the process, obeys stops and returns when the process has ended.
func (l *life) run(ctx context.Context, stops <-chan stop) {
	died := make(chan *os.ProcessState, 1)
	go func() { died <- wait(l.process.proc) }()

	probing, stopProbing := context.WithCancel(ctx)
	news := make(chan probeNews)
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		l.launcher.probe(probing, l.process.addr, news)
	}()

	l.starting = true
	slot := time.NewTimer(l.launcher.timing.startSlot)
	l.term, l.kill = stoppedTimer(), stoppedTimer()
	var state *os.ProcessState
	for ended := false; !ended; {
		select {
		case state = <-died:
			ended = true
		case n := <-news:
			l.probed(n)
		case how := <-l.process.log.words.ends:
			l.stumbled(how)
		case order := <-stops:
			l.stop(order)
		case <-slot.C:
			l.started()
		case <-l.term.C:
			l.terminated = true
			terminate(l.process.proc)
		case <-l.kill.C:
			l.reason = exitKilled
			kill(l.process.proc)
		}
	}
	l.started()
	slot.Stop()
	l.term.Stop()
	l.kill.Stop()
	l.send(l.death(state))
	stopProbing()
	<-probed
}

func (l *life) probed(n probeNews) {
	switch {
	case n.ready:
		l.ready = true
		l.started()
		l.send(event{kind: eventReady, took: time.Since(l.began)})
	case l.reason == "":
		l.reason, l.text = n.reason, n.text
		kill(l.process.proc)
	}
}

// stumbled is told how the function ended in the replica. Once may be an accident, and what was ready is watched by its health.
func (l *life) stumbled(how string) {
	if l.ready {
		return
	}
	if l.stumbles++; l.stumbles > 1 {
		l.send(event{kind: eventStumbled, text: how})
	}
}

// started lets another replica start.
func (l *life) started() {
	if l.starting {
		l.starting = false
		<-l.launcher.starts
	}
}

// stop begins a drain, or shortens the one that goes on.
func (l *life) stop(order stop) {
	if l.reason != exitMemory && l.reason != exitUnhealthy {
		l.reason, l.text = order.reason, order.text
	}
	if order.limit == 0 {
		kill(l.process.proc)
		return
	}
	if !l.terminated {
		l.term.Reset(order.settle)
	}
	wait := order.settle + order.limit
	if at := time.Now().Add(wait); l.killAt.IsZero() || at.Before(l.killAt) {
		l.killAt = at
		l.kill.Reset(wait)
	}
}

// death tells how the process ended, for which our own reason counts more than the signal it took.
func (l *life) death(state *os.ProcessState) event {
	e := event{kind: eventDied, reason: l.reason, text: l.text}
	if state == nil {
		e.reason, e.text = exitItself, "its exit status is unknown"
		return e
	}
	if e.reason == "" {
		e.reason = exitItself
		if !state.Exited() {
			e.reason = exitSignal
		}
	}
	if e.text == "" {
		e.text = state.String()
	}
	return e
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// wait blocks until proc ended. It is the only one to wait for it.
func wait(proc *os.Process) *os.ProcessState {
	state, err := proc.Wait()
	if err != nil {
		return nil // somebody waited for any child at all
	}
	return state
}

// terminate asks a process to end; one that has ended already is fine.
func terminate(proc *os.Process) {
	if err := proc.Signal(terminateSignal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		kill(proc)
	}
}
