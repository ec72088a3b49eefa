package swarm

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/network"

	"faas/function"
	"faas/internal/board"
)

// Backend runs functions as services of a Swarm. Make one with New; its methods work while Run does and return
// ErrUnavailable before it has read the Swarm and after it ended. Snapshots and statuses are shared with other
// readers and must not be changed.
type Backend struct {
	opts     Options
	timing   timing
	metrics  *metrics
	engine   *engine
	services services
	cluster  cluster
	images   images
	prober   *http.Client
	board    *board.Board
	reader   *reader
	network  atomic.Pointer[network.Summary] // of functions; nil until it was found
	changes  chan func(*state, time.Time)
	started  atomic.Bool
	loaded   chan struct{} // closed once the board shows all that there is
	ended    chan struct{} // closed when Run returns

	ctx  context.Context //nolint:containedctx // Run's own, for what it starts; set before anything reads it
	work sync.WaitGroup

	mu          sync.Mutex
	up, upKnown bool // whether Docker answered the last time
	fault       string
}

// New returns a backend that does nothing until it is Run. Errors: ErrInvalid for a host that cannot be one.
func New(o Options) (*Backend, error) { return newBackend(o, defaultTiming()) }

func newBackend(o Options, t timing) (*Backend, error) {
	o = o.withDefaults()
	m := newMetrics(o.Registerer)
	e, err := newEngine(o.Host, t, m)
	if err != nil {
		return nil, err
	}
	b := &Backend{
		opts: o, timing: t, metrics: m, engine: e, services: e, cluster: e, images: e,
		prober: newProber(o.Dial), board: board.New(),
		changes: make(chan func(*state, time.Time)), loaded: make(chan struct{}), ended: make(chan struct{}),
	}
	b.reader = newReader(b)
	return b, nil
}

// Function returns the status of one function. Errors: ErrNotFound.
func (b *Backend) Function(ctx context.Context, name string) (function.Status, error) {
	snap, err := b.Functions(ctx)
	if err != nil {
		return function.Status{}, err
	}
	for _, st := range snap.Functions {
		if st.Name == name {
			return st, nil
		}
	}
	return function.Status{}, function.NotFoundf("function %s does not exist", name)
}

// Functions returns every function, in the order of their names.
func (b *Backend) Functions(ctx context.Context) (function.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return function.Snapshot{}, err
	}
	if err := b.available(); err != nil {
		return function.Snapshot{}, err
	}
	snap, _ := b.board.Current()
	return snap, nil
}

// Watch calls see with the present snapshot, and again after each change with the newest; a slow see misses those
// in between. Before Run has read the Swarm there is no present, and Watch waits for it. It blocks until ctx ends and
// returns ctx's error.
func (b *Backend) Watch(ctx context.Context, see func(function.Snapshot)) error {
	select {
	case <-b.loaded:
		b.board.Watch(ctx, see)
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (b *Backend) available() error {
	select {
	case <-b.ended:
		return function.Unavailablef("the swarm backend has ended")
	default:
	}
	select {
	case <-b.loaded:
		return nil
	default:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != "" {
		return function.Unavailablef("the swarm cannot be read yet: %s", b.fault)
	}
	return function.Unavailablef("the swarm was not read yet")
}
