package rehearse

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"faas/gateway/overload"
	"faas/internal/alerting"
)

// watcher is what a gateway does about requests that find all slots taken, as package gateway/overload has it.
type watcher struct {
	world   *world
	gateway int
	watched []*player
	looked  time.Duration // the last look
	pushed  time.Duration // the last push
	due     time.Duration // the next look
}

// wish is what a gateway asks for of one function, as the real one reckons it.
type wish struct {
	overload.Wish
	watched bool
}

// held is told of each request that has to wait.
func (t *watcher) held(p *player) {
	if p.Scaling.Slots == 0 || p.wishes[t.gateway].watched {
		return
	}
	p.wishes[t.gateway].watched = true
	t.watched = append(t.watched, p)
	t.plan(t.world.now + overload.Gather)
}

// plan sets the next look to at, unless it is sooner already.
func (t *watcher) plan(at time.Duration) {
	if at = max(at, t.looked+overload.Breath); at >= t.due {
		return
	}
	t.due = at
	t.world.at(at, func() {
		if t.due == at { // else another was planned sooner
			t.due = never
			t.look()
		}
	})
}

// look takes in the wishes of the functions that hold requests, and pushes what is due.
func (t *watcher) look() {
	now := t.world.now
	t.looked = now
	mayPush := now-t.pushed >= overload.Interval
	var alerts []*sentAlert
	waits := false
	kept := t.watched[:0]
	for _, p := range t.watched {
		p.advance(now)
		w := &p.wishes[t.gateway]
		load := p.seen(t.gateway)
		if n := w.Observe(t.world.time(), load); n > 0 {
			p.gateways[t.gateway].overload.Set(t.world.time(), n)
		}
		due := w.Due(t.world.time(), load)
		if due && mayPush {
			alerts = append(alerts, asSent(w.Push(t.world.time(), p.Name)))
			due = false
		}
		waits = waits || due
		if w.watched = due || load.Held > 0; w.watched {
			kept = append(kept, p)
		}
	}
	t.watched = kept
	if len(alerts) > 0 && t.world.alerts != nil {
		t.pushed = now
		t.world.after(t.world.o.Delivery, func() { t.world.alerts.receive(alerts...) })
	}
	if len(t.watched) > 0 {
		t.plan(now + overload.Interval)
	}
	if waits {
		t.plan(t.pushed + overload.Interval)
	}
}

// asSent makes an alert one that Alertmanager holds.
func asSent(a alerting.Alert) *sentAlert {
	return &sentAlert{
		labels: labels.FromMap(a.Labels), annotations: labels.FromMap(a.Annotations),
		starts: a.StartsAt.Sub(epoch), ends: a.EndsAt.Sub(epoch),
	}
}
