package scaler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"faas/function"
)

// owner decides on all orders for one function and carries them out, one backend call at a time.
//
//	idle ──orders──▶ read the function ──▶ decide ──nothing to do──▶ idle
//	                        │ failed          │ a target
//	                        ▼                 ▼
//	               pause ◀─failed── Backend.Scale ──accepted──▶ idle
//	                 └── newer orders are decided on; else the same again
//	                        overtaken ──▶ read the function
//
// While a target waits to be accepted, orders are decided on as if it were: one for the same count joins
// it, a newer one for another count takes its place.
type owner struct {
	name  string
	s     *Scaler
	mail  *mailbox
	check chan struct{} // has room for one: a snapshot lacks the function, or shows another count

	// What follows belongs to run.
	orderedAt, appliedAt, raisedAt time.Time // see State

	known        bool // the function was there at the last look
	actual       int  // the desired count at the last look
	count        int  // the desired count that was last seen or set
	counted      bool // it was ever
	countedAt    time.Time
	foreign      foreign
	undecided    []order
	target       *target
	failures     int
	failingSince time.Time
	overtakings  int // since the last order came
}

// maxOvertakings bounds how often orders are decided on again at once because somebody else changed the count meanwhile.
const maxOvertakings = 5

// target is the order that is being carried out.
type target struct {
	decision Decision
	orders   []order   // the first gave rise to it, the others joined it
	asked    time.Time // when the backend was first asked
	tried    bool      // it failed, and may have done it all the same
	// before is what the owner knew before it decided, see State.
	before struct{ orderedAt, appliedAt, raisedAt time.Time }
}

func newOwner(name string, s *Scaler) *owner {
	return &owner{name: name, s: s, mail: newMailbox(), check: make(chan struct{}, 1)}
}

// run works until ctx ends or the function is gone.
func (o *owner) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			for _, ord := range o.s.dismiss(o) {
				ord.answer(errNotRunning())
			}
			return
		case <-o.mail.signal:
			o.undecided = o.mail.take()
		case <-o.check:
			if seen, there := o.s.sightings.of(o.name); there && o.counted && seen.count == o.count {
				continue // it is this owner's own doing
			}
		}
		err := o.work(ctx)
		if errors.Is(err, function.ErrNotFound) && o.s.retire(o) {
			return
		}
	}
}

// work ends when nothing is left to do. Its error is the one that ended it, for the orders are answered.
func (o *owner) work(ctx context.Context) error {
	o.failures, o.overtakings = 0, 0
	for {
		err := o.advance(ctx)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, function.ErrConflict) && o.target != nil && o.overtaken():
			continue
		case ctx.Err() != nil:
			o.abandon()
			return err
		case errors.Is(err, function.ErrNotFound), errors.Is(err, function.ErrInvalid), !o.mayRetry():
			o.giveUp(err)
			return err
		case len(o.undecided) == 0 && o.target == nil:
			return err // it was only a check; the next snapshot brings another
		}
		o.pause(ctx, err)
	}
}

// advance does the next steps up to the first failure.
func (o *owner) advance(ctx context.Context) error {
	if len(o.undecided) > 0 || o.target == nil {
		status, err := o.read(ctx)
		if err != nil {
			return fmt.Errorf("read function %s: %w", o.name, err)
		}
		o.decide(time.Now(), status)
	}
	if o.target == nil {
		return nil
	}
	if err := o.apply(ctx); err != nil {
		o.target.tried = o.target.tried || !errors.Is(err, function.ErrConflict)
		return fmt.Errorf("scale %s to %d: %w", o.name, o.target.decision.To, err)
	}
	o.accepted(time.Now())
	return nil
}

func (o *owner) read(ctx context.Context) (function.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, o.s.callTimeout)
	defer cancel()
	status, err := o.s.backend.Function(ctx, o.name)
	if err == nil {
		o.known, o.actual = true, status.Desired
		o.notice(time.Now(), status.Desired)
	}
	return status, err
}

func (o *owner) apply(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, o.s.callTimeout)
	defer cancel()
	if o.target.asked.IsZero() {
		o.target.asked = time.Now()
	}
	return o.s.backend.ScaleFrom(ctx, o.name, o.actual, o.target.decision.To)
}

// overtaken has the orders behind the target decided on again, since somebody else has changed the count meanwhile: another
// gateway with the same order, as a rule. It reports whether that may be at once.
func (o *owner) overtaken() bool {
	o.requeue(!o.target.tried)
	o.overtakings++
	return o.overtakings <= maxOvertakings
}

// requeue makes the orders behind the target undecided. They raced against the other change where they were on their way at
// the same moment, so that none is the older.
func (o *owner) requeue(raced bool) {
	t := o.target
	d := t.decision
	d.From = o.actual
	for i := range t.orders {
		l := lost{decision: d, tried: t.tried, raced: raced, orderedAt: t.before.orderedAt, appliedAt: t.before.appliedAt}
		if before := t.orders[i].lost; before != nil { // what it must be newer than is what it was before the first time
			l.raced, l.orderedAt, l.appliedAt = l.raced && before.raced, before.orderedAt, before.appliedAt
		}
		t.orders[i].lost = &l
	}
	o.orderedAt, o.appliedAt, o.raisedAt = t.before.orderedAt, t.before.appliedAt, t.before.raisedAt
	o.target, o.undecided = nil, append(t.orders, o.undecided...)
}

// decide works through the undecided orders.
func (o *owner) decide(now time.Time, status function.Status) {
	st := State{
		Scaling: status.Scaling, Desired: status.Desired, Blocked: status.Blocked, Frozen: o.s.freezes.of(now, o.name),
		OrderedAt: o.orderedAt, AppliedAt: o.appliedAt, RaisedAt: o.raisedAt,
	}
	if o.target != nil {
		st.Desired = o.target.decision.To
	}
	for _, ord := range o.undecided {
		st.Busy = ""
		if ord.stops(st.Scaling) {
			st.Busy = cut(o.s.busy(o.name, ord.alert.At()), maxText)
		}
		d := ord.decide(now, o.seenBy(ord, st))
		st = st.after(now, d)
		if d.Code == CodeUnchanged && ord.raises() { // as another gateway did, when this one was told or later
			st.RaisedAt = later(st.RaisedAt, d.OrderedAt)
		}
		switch {
		case d.Apply():
			o.aim(ord, d)
		case o.target != nil && ord.done != nil:
			o.target.orders = append(o.target.orders, ord) // it waits for the same count
		default:
			o.record(ord.event(now, d))
			ord.answer(nil)
		}
	}
	o.orderedAt, o.appliedAt, o.raisedAt, o.undecided = st.OrderedAt, st.AppliedAt, st.RaisedAt, nil
}

// aim makes d the target. Of the orders behind the one before, wakes are content with any replicas.
func (o *owner) aim(ord order, d Decision) {
	next := &target{decision: d, orders: []order{ord}}
	next.before.orderedAt, next.before.appliedAt, next.before.raisedAt = o.orderedAt, o.appliedAt, o.raisedAt
	if old := o.target; old != nil {
		next.before = old.before
		reason := fmt.Sprintf("superseded by a newer order for %d", d.To)
		o.record(old.orders[0].event(time.Now(), old.decision.hold(CodeSuperseded, reason)))
		for _, waiting := range old.orders {
			if waiting.kind == KindWake && d.To > 0 {
				next.orders = append(next.orders, waiting)
				continue
			}
			waiting.answer(function.Conflictf("scale %s to %d: %s", o.name, old.decision.To, reason))
		}
	}
	o.target = next
	if ord.lost == nil {
		o.failures = 0
	}
}

// accepted ends the target well.
func (o *owner) accepted(now time.Time) {
	t, first := o.target, o.target.orders[0]
	o.target, o.count, o.countedAt, o.foreign = nil, t.decision.To, now, foreign{}
	e := first.event(now, t.decision)
	e.From, e.Applied, e.Duration, e.Repeats = o.actual, true, now.Sub(t.asked).Seconds(), len(t.orders)-1
	if e.Repeats > 0 {
		e.RepeatedAt = t.orders[e.Repeats].received
	}
	id := o.record(e)
	o.s.log.Info("scaled", "function", o.name, "from", e.From, "to", e.To, "kind", e.Kind,
		"alert", e.Alert, "reason", e.Reason, "duration", now.Sub(t.asked))
	if !e.StartsAt.IsZero() {
		o.s.metrics.stage(stageReceive, first.received.Sub(first.alert.At()))
	}
	o.s.metrics.stage(stageAccept, now.Sub(first.received))
	o.s.await(o.name, awaited{event: id, to: e.To, received: first.received, asked: t.asked, accepted: now})
	for _, ord := range t.orders {
		ord.answer(nil)
	}
}

// mayRetry counts a failure and reports whether there is time for another try.
func (o *owner) mayRetry() bool {
	if o.failures == 0 {
		o.failingSince = time.Now()
	}
	o.failures++
	return time.Since(o.failingSince)+o.delay() <= o.s.retryFor
}

// delay is the pause after the newest failure.
func (o *owner) delay() time.Duration {
	d := o.s.retryDelay
	for range o.failures - 1 {
		if d *= 2; d >= o.s.retryMaxDelay {
			return o.s.retryMaxDelay
		}
	}
	return d
}

// pause waits before the next try. A newer order ends it, but not before the shortest pause, so that a
// crowd of wakes does not press a backend that fails.
func (o *owner) pause(ctx context.Context, err error) {
	delay := o.delay()
	o.s.metrics.backendErrors.Inc()
	o.s.log.Warn("backend call failed, will be retried", "function", o.name, "err", err,
		"failures", o.failures, "retry_in", delay)
	shortest := min(delay, o.s.retryDelay)
	if !sleep(ctx, shortest, nil) {
		return
	}
	sleep(ctx, delay-shortest, o.mail.signal)
	o.undecided = append(o.undecided, o.mail.take()...)
}

// giveUp ends all orders at hand with err.
func (o *owner) giveUp(err error) {
	now := time.Now()
	code, reason := CodeFailed, "given up: "+shorten(err.Error())
	if errors.Is(err, function.ErrNotFound) {
		o.known = false
		code, reason = CodeNotFound, "there is no such function"
	} else {
		o.s.metrics.backendErrors.Inc()
		o.s.log.Error("backend call failed, given up", "function", o.name, "err", err, "failures", o.failures)
	}
	if t := o.target; t != nil {
		o.record(t.orders[0].event(now, t.decision.hold(code, reason)))
		for _, ord := range t.orders {
			ord.answer(err)
		}
	}
	for _, ord := range o.undecided {
		o.record(ord.event(now, Decision{From: o.actual, To: o.actual, Wanted: ord.wanted(), Code: code, Reason: reason}))
		ord.answer(err)
	}
	o.undecided, o.target = nil, nil
}

// abandon answers those who wait when the scaler stops.
func (o *owner) abandon() {
	if o.target != nil {
		o.undecided = append(o.undecided, o.target.orders...)
		o.target = nil
	}
	for _, ord := range o.undecided {
		ord.answer(errNotRunning())
	}
	o.undecided = nil
}

func (o *owner) record(e Event) int64 {
	e.Function = o.name
	return o.s.record(e, o.known)
}

// sleep waits for d or until interrupt, and reports whether ctx lives.
func sleep(ctx context.Context, d time.Duration, interrupt <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-interrupt:
	}
	return ctx.Err() == nil
}
