package swarm

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/network"

	"faas/internal/board"
)

// Backend runs functions as services of a Swarm. Make one with New; its methods work while Run does and return
// ErrUnavailable before it has read the Swarm and after it ended. Snapshots and statuses are shared with other
// readers and must not be changed.
type Backend struct {
	board.Reader

	opts     Options
	timing   timing
	metrics  *metrics
	engine   *engine
	services services
	cluster  cluster
	secrets  secrets
	images   images
	logs     logs
	tails    chan struct{} // holds one of each request that reads the tails of logs
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
		opts: o, timing: t, metrics: m, engine: e, services: e, cluster: e, secrets: e, images: e, logs: e, board: board.New(),
		tails: make(chan struct{}, viewsAtOnce), changes: make(chan func(*state, time.Time)), loaded: make(chan struct{}), ended: make(chan struct{}),
	}
	b.Reader = board.NewReader(board.Source{
		Board: b.board, Loaded: b.loaded, Ended: b.ended, Name: "swarm", NotYet: b.notYet,
	})
	b.reader = newReader(b)
	return b, nil
}

// notYet says why the board does not show the Swarm yet.
func (b *Backend) notYet() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != "" {
		return "the swarm cannot be read yet: " + b.fault
	}
	return "the swarm was not read yet"
}
