package scaler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"faas/function"
)

// Scaler turns alerts, manual orders and wakes into replica counts. Make one with New.
type Scaler struct {
	backend     Backend
	log         *slog.Logger
	metrics     *metrics
	decisions   *decisionLog
	heart       *heartbeat
	ready       *readiness
	blockages   *blockages
	freezes     *freezes
	sightings   *sightings
	callTimeout time.Duration
	busy        func(function string, since time.Time) string

	alertmanager Alertmanager // nil: there is none

	retryDelay, retryMaxDelay, retryFor time.Duration

	stopped chan struct{} // closed when Run ends

	mu     sync.Mutex
	ran    bool
	spawn  func(*owner) // starts an owner; nil unless running
	owners map[string]*owner
}

// New returns a Scaler that does nothing until Run. The error is of kind ErrInvalid and names each option that cannot
// be used.
func New(o Options) (*Scaler, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	m := newMetrics(o.Registerer)
	return &Scaler{
		backend:       o.Backend,
		log:           o.Log,
		metrics:       m,
		decisions:     newDecisionLog(o.LogSize, time.Now()),
		heart:         newHeartbeat(o.HeartbeatTimeout, o.HeartbeatGrace, m.loopUp),
		ready:         newReadiness(),
		blockages:     newBlockages(),
		freezes:       newFreezes(),
		sightings:     newSightings(),
		alertmanager:  o.Alertmanager,
		callTimeout:   o.CallTimeout,
		busy:          o.Busy,
		retryDelay:    o.RetryDelay,
		retryMaxDelay: o.RetryMaxDelay,
		retryFor:      o.RetryFor,
		stopped:       make(chan struct{}),
		owners:        map[string]*owner{},
	}, nil
}

func errNotRunning() error { return function.Unavailablef("the scaler is not running") }

// Run works until ctx ends and returns nil after all that it started has ended. It can be run once.
func (s *Scaler) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	if err := s.open(func(o *owner) { wg.Go(func() { o.run(ctx) }) }); err != nil {
		return err
	}
	s.heart.start(time.Now())
	wg.Go(func() { s.watchFunctions(ctx) })
	wg.Go(func() { s.watchHeartbeat(ctx) })
	if s.alertmanager != nil {
		wg.Go(func() { s.watchSilences(ctx) })
	}
	<-ctx.Done()
	s.close()
	wg.Wait()
	s.heart.stop()
	return nil
}

func (s *Scaler) open(spawn func(*owner)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ran {
		return errors.New("run scaler: it ran already")
	}
	s.ran, s.spawn = true, spawn
	return nil
}

// close takes no more orders and ends the followers of events.
func (s *Scaler) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spawn = nil
	close(s.stopped)
}

func (s *Scaler) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spawn != nil
}

// post puts orders into the mailbox of their function's owner.
func (s *Scaler) post(name string, orders ...order) error {
	s.mu.Lock()
	if s.spawn == nil {
		s.mu.Unlock()
		return errNotRunning()
	}
	o, ok := s.owners[name]
	if !ok {
		o = newOwner(name, s)
		s.owners[name] = o
		s.spawn(o)
	}
	dropped := o.mail.put(orders...)
	s.mu.Unlock()
	reason := fmt.Sprintf("superseded: more than %d orders wait for the backend", maxQueued)
	for _, ord := range dropped {
		s.record(ord.event(time.Now(), Decision{Wanted: ord.wanted(), Code: CodeSuperseded, Reason: reason}), false)
	}
	return nil
}

// retire ends an owner whose function is gone, unless orders came meanwhile: the function may be there again.
func (s *Scaler) retire(o *owner) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !o.mail.empty() {
		return false
	}
	delete(s.owners, o.name)
	s.decisions.forget(o.name)
	return true
}

// dismiss ends an owner because the scaler stops, and returns the orders that it did not get to.
func (s *Scaler) dismiss(o *owner) []order {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.owners, o.name)
	return o.mail.take()
}

// Scale orders a count for a function by hand, 0 included, and returns when the backend has accepted it. The
// function's own bounds are the gateway's to check. The order beats alerts that began before it for the time
// Settle; the rules may order another count after that, or sooner when they see a new reason. Errors:
// ErrInvalid for a count below 0 or above function.MaxReplicas, ErrNotFound, ErrConflict when a newer order
// came before this one was accepted, ErrUnavailable when the scaler is not running, or the backend's own once
// retries are used up. When ctx ends first its error is returned and the order stands.
func (s *Scaler) Scale(ctx context.Context, name string, replicas int) error {
	if replicas < 0 || replicas > function.MaxReplicas {
		return function.Invalidf("scale %s to %d: use 0 to %d replicas", name, replicas, function.MaxReplicas)
	}
	return s.order(ctx, name, order{kind: KindManual, replicas: replicas})
}

// Wake brings a function with 0 replicas to its minimum, or to 1 where that is 0, and returns when the backend has
// accepted it. However many callers there are at once, the backend is asked once. Nothing happens when
// the function has replicas already, ready or not. Errors are those of Scale.
func (s *Scaler) Wake(ctx context.Context, name string) error {
	return s.order(ctx, name, order{kind: KindWake})
}

// order hands over ord and waits for what becomes of it.
func (s *Scaler) order(ctx context.Context, name string, ord order) error {
	if err := function.ValidateName(name); err != nil {
		return err
	}
	done := make(chan error, 1)
	ord.received, ord.done = time.Now(), done
	if err := s.post(name, ord); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s order for %s: %w", ord.kind, name, ctx.Err())
	}
}

// watchFunctions learns from the backend which counts are ready and which functions are gone.
func (s *Scaler) watchFunctions(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.backend.Watch(ctx, s.observe)
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("watch of the backend ended, will be started again", "err", err, "retry_in", s.retryMaxDelay)
		sleep(ctx, s.retryMaxDelay, nil)
	}
}

func (s *Scaler) observe(snapshot function.Snapshot) {
	now := time.Now()
	for name, a := range s.ready.observe(now, snapshot) {
		s.becameReady(name, a, now)
	}
	s.freezes.observe(snapshot)
	recounted := s.sightings.observe(now, snapshot)
	changed, gone := s.blockages.observe(snapshot)
	for _, f := range changed {
		s.tellBlocked(now, f)
	}
	there := make(map[string]bool, len(snapshot.Functions))
	for _, f := range snapshot.Functions {
		there[f.Name] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range gone {
		s.metrics.blocked.DeleteLabelValues(name)
		if s.owners[name] == nil { // else it does so itself
			s.decisions.forget(name)
		}
	}
	for name, o := range s.owners {
		if there[name] && !recounted[name] {
			continue
		}
		select {
		case o.check <- struct{}{}: // it looks itself, since a snapshot may be older than the function
		default:
		}
	}
}

// record puts a decision into the log and counts it. A decision that only repeats the one before is not
// logged again.
func (s *Scaler) record(e Event, known bool) int64 {
	s.metrics.decided(e)
	id, listed := s.decisions.add(e, known)
	if !listed || e.Applied || e.Kind.transition() { // those have their own lines
		return id
	}
	log := s.log.Debug
	if e.Code == CodeInvalid || e.Code == CodeNotFound {
		log = s.log.Warn
	}
	log("order not applied", "function", e.Function, "kind", e.Kind,
		"alert", e.Alert, "status", e.Status, "wanted", e.Wanted, "reason", e.Reason)
	return id
}
