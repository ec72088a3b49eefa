package rehearse

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// The times of the gateway's overload path: how long after a held request it looks, and after the last look; how often it
// pushes; how long a wish stands, for how long it is worth a push, and when one that still stands is pushed again.
const (
	lookAfter  = 3 * time.Millisecond
	lookBreath = 20 * time.Millisecond
	pushEvery  = 250 * time.Millisecond
	wishMemory = 10 * time.Second
	wishFresh  = time.Second
	pushAgain  = 5 * time.Second
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

// wish is how many replicas of a function a gateway asks for.
type wish struct {
	watched     bool
	replicas    int
	seen, since time.Duration
	pushed      int
	pushedAt    time.Duration
	reason      string
}

// held is told of each request that has to wait.
func (t *watcher) held(p *player) {
	if p.Scaling.Slots == 0 || p.wishes[t.gateway].watched {
		return
	}
	p.wishes[t.gateway].watched = true
	t.watched = append(t.watched, p)
	t.plan(t.world.now + lookAfter)
}

// plan sets the next look to at, unless it is sooner already.
func (t *watcher) plan(at time.Duration) {
	if at = max(at, t.looked+lookBreath); at >= t.due {
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
	mayPush := now-t.pushed >= pushEvery
	var alerts []*sentAlert
	waits := false
	kept := t.watched[:0]
	for _, p := range t.watched {
		p.advance(now)
		w := &p.wishes[t.gateway]
		w.observe(p, t.gateway, now)
		due := w.due(p.desired, now)
		if due && mayPush {
			alerts = append(alerts, w.alert(p.Name, now))
			w.pushed, w.pushedAt, due = w.replicas, now, false
		}
		waits = waits || due
		if w.watched = due || p.gateways[t.gateway].held > 0; w.watched {
			kept = append(kept, p)
		}
	}
	t.watched = kept
	if len(alerts) > 0 && t.world.alerts != nil {
		t.pushed = now
		t.world.after(t.world.o.Delivery, func() { t.world.alerts.receive(alerts...) })
	}
	if len(t.watched) > 0 {
		t.plan(now + pushEvery)
	}
	if waits {
		t.plan(t.pushed + pushEvery)
	}
}

// observe takes in how many replicas would have room for all requests of a gateway.
func (w *wish) observe(p *player, gateway int, now time.Duration) {
	counts, n := &p.gateways[gateway], 0
	if slots := p.Scaling.Slots; counts.held > 0 && p.ready > 0 {
		n = min((counts.inflight+slots-1)/slots, p.Scaling.Max)
	}
	if n <= p.desired {
		n = 0
	}
	if n > 0 {
		counts.wished, counts.wishedAt = n, now
	}
	switch {
	case n > w.replicas, now-w.seen > wishMemory:
		w.replicas, w.seen, w.since, w.pushed = n, now, now, 0
		w.reason = fmt.Sprintf("%d in flight, %d × %d slots, %d held", counts.inflight, p.desired, p.Scaling.Slots, counts.held)
	case n == w.replicas:
		w.seen = now
	}
}

// due reports whether the wish is to be pushed.
func (w *wish) due(desired int, now time.Duration) bool {
	return desired > 0 && w.replicas > desired && now-w.seen <= wishFresh &&
		(w.pushed != w.replicas || now-w.pushedAt >= pushAgain)
}

func (w *wish) alert(name string, now time.Duration) *sentAlert {
	return &sentAlert{
		labels: labels.FromStrings("alertname", "FunctionOverload", "function_name", name,
			"replicas", strconv.Itoa(w.replicas), "direction", "up"),
		annotations: labels.FromStrings("signal", "overload", "reason", w.reason),
		starts:      w.since, ends: now + wishMemory,
	}
}
