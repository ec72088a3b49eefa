package queue

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"faas/function"
)

// Queue keeps calls and makes them.
type Queue struct {
	opts      Options
	server    *Server // nil: it runs elsewhere
	metrics   *metrics
	callbacks *callbacks
	work      *worker
	lanes     *dispatcher
	store     atomic.Pointer[store] // nil: Run has not connected yet, or has ended
}

// New makes a Queue. It keeps and makes nothing until Run.
func New(o Options) (*Queue, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	q := &Queue{opts: o, metrics: newMetrics(o.Registerer)}
	var err error
	if o.Dir != "" {
		if q.server, err = NewServer(ServerOptions{Dir: o.Dir, Log: o.Log}); err != nil {
			return nil, err
		}
	}
	if q.callbacks, err = newCallbacks(o, q.metrics); err != nil {
		return nil, err
	}
	q.work = &worker{opts: o, log: o.Log, metrics: q.metrics, invoker: newInvoker(o), callbacks: q.callbacks}
	q.lanes = newDispatcher(q.work)
	return q, nil
}

// Enqueue returns once c is stored, on disk, and will be made. Errors: ErrInvalid for a call that cannot be made or a
// callback that is not allowed, with *http.MaxBytesError in the chain for one that is too large; ErrUnavailable while
// the server is away or full.
func (q *Queue) Enqueue(ctx context.Context, c function.Call) error {
	if int64(len(c.Body)) > q.opts.MaxBody {
		return tooLarge(len(c.Body), q.opts.MaxBody)
	}
	if c.Callback != "" {
		if err := q.callbacks.check(c.Callback); err != nil {
			return err
		}
	}
	if c.AcceptedAt.IsZero() {
		c.AcceptedAt = time.Now()
	}
	m, err := encode(c)
	if err != nil {
		return err
	}
	s := q.store.Load()
	if s == nil || !s.ready.Load() {
		return errAway()
	}
	if most := min(int64(maxPayload), s.conn.MaxPayload()); int64(m.Size()) > most {
		return tooLarge(m.Size(), most)
	}
	if err := s.put(ctx, m); err != nil {
		return err
	}
	q.metrics.count(c.Function, eventAccepted)
	q.lanes.wake(c.Function)
	return nil
}

func tooLarge(n int, most int64) error {
	return function.Invalidf("asynchronous call of %d bytes: %w", n, &http.MaxBytesError{Limit: most})
}

// Depth returns how many calls of a function wait or are under way, of all gateways that share the queue; false while
// that is not known.
func (q *Queue) Depth(function string) (int, bool) { return q.lanes.depth(function, time.Now()) }

// Run connects, makes calls until ctx ends, and then waits for those under way, as long as Options.Drain allows; the
// rest is given back. The server being away is no error; one of its own that does not start is.
func (q *Queue) Run(ctx context.Context) error {
	defer q.work.invoker.close()
	defer q.callbacks.close()
	if q.server == nil {
		return q.serve(ctx, nil)
	}
	serverCtx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the calls under way
	defer stop()
	ctx, end := context.WithCancel(ctx)
	defer end()
	ended := make(chan error, 1)
	go func() {
		err := q.server.Run(serverCtx)
		end()
		ended <- err
	}()
	var err error
	if in := q.server.await(ctx); in != nil {
		err = q.serve(ctx, in)
	}
	stop()
	return errors.Join(err, <-ended)
}

// serve makes calls until ctx ends. in is the server of this process, if it is there.
func (q *Queue) serve(ctx context.Context, in *server.Server) error {
	s, err := connect(q.opts.URL, in, q.opts.Log)
	if err != nil {
		return err
	}
	defer s.close()
	if err := spoolable(q.opts.Spool); err != nil {
		q.opts.Log.Warn("large answers cannot be kept for their callback: give the gateway a directory for temporary files", "err", err)
	}
	q.work.store = s
	q.callbacks.guard.controlled(s.server)
	q.store.Store(s)
	defer q.store.Store(nil)
	q.lanes.run(ctx, s)
	return nil
}
