package swarmtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Engine is a Docker Engine that manages a Swarm. Make one with New, or with Start in a test.
type Engine struct {
	opts  Options
	pipes *pipes
	calls *callLog
	ready chan struct{} // closed once the socket is there

	ctl     sync.Mutex // orders Restart, and what Run does with the server
	server  *server    // nil while the engine is away
	sooner  chan struct{}
	streams *streams

	mu        sync.Mutex
	steps     steps
	seq       uint64
	version   uint64
	made      map[string]int // how many of each kind of thing got an ID
	services  map[string]*service
	tasks     map[string]*task
	order     []*task // in the order of their creation
	byService map[string][]*task
	waiting   map[*task]bool
	addresses map[netip.Addr]*task
	nodes     []*node
	networks  []*overlay
	secrets   []*secret
	behaviour map[string]Behaviour // by service or image
	early     int

	wrote      chan struct{} // closed and replaced when a container writes
	breakLogs  chan struct{} // closed and replaced to break the connections of those who read logs
	muteLogs   chan struct{} // closed and replaced to tell them nothing more
	logReaders int           // who follow
}

// New returns an engine that does nothing until it is Run.
func New(opts Options) (*Engine, error) {
	if opts.Socket == "" {
		return nil, errors.New("swarmtest: Options.Socket is missing: give it a path in a temporary directory")
	}
	opts = opts.withDefaults()
	e := &Engine{
		opts: opts, calls: newCallLog(), ready: make(chan struct{}), sooner: make(chan struct{}, 1),
		streams: &streams{subs: map[*stream]struct{}{}}, made: map[string]int{}, services: map[string]*service{},
		tasks: map[string]*task{}, byService: map[string][]*task{}, waiting: map[*task]bool{}, addresses: map[netip.Addr]*task{}, behaviour: map[string]Behaviour{},
		wrote: make(chan struct{}), breakLogs: make(chan struct{}), muteLogs: make(chan struct{}),
	}
	e.pipes = newPipes(e)
	for i, n := range opts.Nodes {
		e.addNode(i, n)
	}
	for i, n := range opts.Networks {
		if err := e.addNetwork(i, n); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Start runs an engine until the test ends.
func Start(t testing.TB, opts Options) *Engine {
	t.Helper()
	if opts.Socket == "" {
		dir, err := os.MkdirTemp("", "swarm") // the path of a socket must be shorter than t.TempDir's
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		opts.Socket = filepath.Join(dir, "docker.sock")
	}
	e, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("swarmtest: %v", err)
		}
	})
	select {
	case <-e.ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("swarmtest: %v", err)
	}
	return e
}

// Host is the engine's URL, as DOCKER_HOST has it.
func (e *Engine) Host() string { return "unix://" + e.opts.Socket }

// Ready is closed once the engine answers.
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// Run serves until ctx ends. It may be called once.
func (e *Engine) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var owned sync.WaitGroup
	defer owned.Wait()
	defer cancel()
	if err := e.comeUp(ctx); err != nil {
		return err
	}
	owned.Go(func() { e.tick(ctx) })
	owned.Go(func() { e.pipes.serve(ctx) })
	close(e.ready)
	<-ctx.Done()
	e.goAway()
	_ = os.Remove(e.opts.Socket) // it may be away already
	return nil
}

// Restart cuts every connection, refuses new ones for as long as away says, and then goes on with what there was.
// Meanwhile tasks live on, as the containers of other nodes would.
func (e *Engine) Restart(ctx context.Context, away time.Duration) error {
	e.goAway()
	select {
	case <-time.After(away):
	case <-ctx.Done():
	}
	return e.comeUp(ctx)
}

// Stop cuts every connection and refuses new ones until Resume.
func (e *Engine) Stop() { e.goAway() }

// Resume ends what Stop began.
func (e *Engine) Resume() error { return e.comeUp(context.Background()) }

// server is what a client of the engine is connected to, from one restart to the next.
type server struct {
	http   *http.Server
	cancel context.CancelFunc
	calls  visits
	ended  chan struct{}
}

func (e *Engine) comeUp(ctx context.Context) error {
	e.ctl.Lock()
	defer e.ctl.Unlock()
	if e.server != nil {
		return nil
	}
	if err := os.Remove(e.opts.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("take the old socket away: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", e.opts.Socket)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // an engine that is away refuses
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &server{cancel: cancel, ended: make(chan struct{})}
	s.http = &http.Server{
		Handler:           e.handler(s),
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return life },
	}
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(l) // it says that it was closed
	}()
	e.server = s
	return nil
}

func (e *Engine) goAway() {
	e.ctl.Lock()
	defer e.ctl.Unlock()
	if e.server == nil {
		return
	}
	e.server.cancel()
	_ = e.server.http.Close() // connections that break are what is wanted
	<-e.server.ended
	e.server.calls.end()
	e.server = nil
}
