package scaler

import (
	"slices"
	"sync"
	"time"

	"faas/function"
)

// order is what reaches an owner: an alert, a manual order or a wake.
type order struct {
	kind     Kind
	alert    Alert // of KindAlert and KindStep
	replicas int   // of KindManual
	received time.Time
	done     chan<- error // has room for the one answer; nil for alerts
	lost     *lost        // set where somebody else changed the count before it could be applied
}

// lost is what was decided before somebody else changed the count.
type lost struct {
	decision Decision
	tried    bool // the backend failed once, and may have done it all the same
	raced    bool // it was on its way when the count changed, so that neither is the older
	// What the owner knew before it first decided.
	orderedAt, appliedAt time.Time
}

// decide says what becomes of o.
func (o order) decide(now time.Time, st State) Decision {
	switch o.kind {
	case KindManual:
		return decideManual(o.received, st, o.replicas)
	case KindWake:
		return decideWake(o.received, st)
	default:
		return Decide(now, st, o.alert)
	}
}

// raises reports whether o is an alert that orders more.
func (o order) raises() bool { return o.kind == KindAlert && o.alert.Firing && o.alert.Direction == Up }

// stops reports whether o is an alert that orders 0.
func (o order) stops(s function.Scaling) bool {
	switch o.kind {
	case KindAlert:
		return o.alert.Firing && o.alert.Replicas == 0
	case KindStep:
		return !o.alert.Firing && s.Min == 0
	}
	return false
}

// answer tells whoever gave o what became of it.
func (o order) answer(err error) {
	if o.done != nil {
		o.done <- err
	}
}

// event is the record of o and what was decided on it.
func (o order) event(now time.Time, d Decision) Event {
	e := Event{
		Time: now, Function: o.alert.Function, Kind: o.kind,
		From: d.From, To: d.To, Wanted: d.Wanted, Code: d.Code, Reason: d.Reason,
	}
	if l := o.lost; l != nil && (d.Code == CodeUnchanged || d.Code == CodeAwake) && d.To == l.decision.To {
		e.From, e.Code, e.Applied, e.Reason = l.decision.From, CodeRelayed, false, l.decision.Reason+": another gateway did so first"
		if l.tried {
			e.Code, e.Applied, e.Reason = CodeScaled, true, l.decision.Reason+", by a try that seemed to fail"
		}
	}
	if o.kind == KindAlert || o.kind == KindStep {
		e.Alert, e.Status, e.StartsAt, e.Signal = o.alert.Name, o.alert.status(), o.alert.StartsAt, o.alert.Signal
		if d.Code == CodeScaled || d.Code.figures() { // of others the figures are no news, and would make each of them one
			e.Reason += parenthesised(o.alert.Reason)
		}
	}
	return e
}

// maxQueued bounds the alerts that wait in a mailbox while the backend does not answer. Manual orders
// and wakes have somebody waiting for them and are bounded by that.
const maxQueued = 256

// mailbox holds what an owner has not taken yet.
type mailbox struct {
	signal chan struct{} // has room for one: something is there

	mu     sync.Mutex
	orders []order
}

func newMailbox() *mailbox { return &mailbox{signal: make(chan struct{}, 1)} }

// put adds orders, and returns the alerts that had to make room for them.
func (m *mailbox) put(orders ...order) (dropped []order) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range orders {
		if len(m.orders) >= maxQueued && o.done == nil {
			dropped = append(dropped, m.dropOldestAlert()...)
		}
		m.orders = append(m.orders, o)
	}
	select {
	case m.signal <- struct{}{}:
	default: // the owner knows already
	}
	return dropped
}

func (m *mailbox) dropOldestAlert() []order {
	i := slices.IndexFunc(m.orders, func(o order) bool { return o.done == nil })
	if i < 0 {
		return nil
	}
	oldest := m.orders[i]
	m.orders = slices.Delete(m.orders, i, i+1)
	return []order{oldest}
}

// take empties the mailbox.
func (m *mailbox) take() []order {
	m.mu.Lock()
	defer m.mu.Unlock()
	orders := m.orders
	m.orders = nil
	return orders
}

func (m *mailbox) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.orders) == 0
}

// wanted is the count that o names, where it names one.
func (o order) wanted() int {
	if o.kind == KindManual {
		return o.replicas
	}
	return o.alert.Replicas
}
