package rehearse

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/prometheus/model/labels"

	"faas/scaler"
)

// wakeDelay is what a gateway takes to wake a function.
const wakeDelay = 3 * time.Millisecond

// webhook takes a payload to the gateway.
func (w *world) webhook(payload []*sentAlert) {
	w.result.Webhooks++
	w.result.Alerts += len(payload)
	w.after(w.o.Delivery, func() {
		for _, a := range payload {
			w.order(a)
		}
	})
}

// order does what the gateway's scaler does with an alert.
func (w *world) order(a *sentAlert) {
	now := w.time()
	alert, err := scaler.ParseAlert(now, a.webhook())
	p := w.players[alert.Function]
	if p == nil {
		return
	}
	if err != nil {
		p.result.Held[scaler.CodeInvalid]++
		return
	}
	p.state.Desired = p.desired
	d := scaler.Decide(now, p.state, alert)
	p.state = p.state.After(now, d)
	if !d.Apply() {
		p.result.Held[d.Code]++
		return
	}
	w.apply(p, Decision{
		From: d.From, To: d.To, Alert: alert.Name, Signal: a.annotations.Get("signal"), Reason: d.Reason,
	})
}

// webhook is the alert in a payload.
func (a *sentAlert) webhook() template.Alert {
	t := template.Alert{
		Status: "firing", Labels: template.KV(a.labels.Map()), Annotations: template.KV(a.annotations.Map()), StartsAt: epoch.Add(a.starts),
	}
	if a.ends != 0 {
		t.Status, t.EndsAt = "resolved", epoch.Add(a.ends)
	}
	return t
}

// apply changes a count.
func (w *world) apply(p *player, d Decision) {
	d.At = w.now
	p.result.Decisions = append(p.result.Decisions, d)
	p.advance(w.now)
	p.score.change(w.now, d.From, d.To)
	p.scale(d.To, w.now)
	if d.To > d.From {
		w.at(w.now+p.StartUp, func() {
			p.advance(w.now)
			p.settle()
		})
	}
	w.watch(p)
}

// watch sees to it that a function's next request is looked at when it comes, where it may need an answer.
func (w *world) watch(p *player) {
	if p.waits || p.desired > 0 && p.Scaling.Slots == 0 {
		return
	}
	p.waits = true
	w.at(p.arrivals.next, func() {
		p.waits = false
		p.advance(w.now)
		w.watch(p)
	})
}

// held answers a request that has to wait.
func (w *world) held(p *player) {
	if p.desired == 0 {
		w.after(wakeDelay, func() { w.wake(p) })
		return
	}
	if p.ready > 0 && p.Scaling.Slots > 0 {
		w.overloaded(p)
	}
}

// wake raises a function from 0 for a request.
func (w *world) wake(p *player) {
	if p.desired > 0 {
		return
	}
	n := max(1, p.Scaling.Min)
	p.state.Desired, p.state.OrderedAt, p.state.AppliedAt = n, w.time(), w.time()
	w.apply(p, Decision{From: 0, To: n, Reason: "woken by a request"})
}

// The overload path: how often gateways push, how often they say again what still stands, and for how long it stands.
const (
	pushEvery   = 250 * time.Millisecond
	pushAgain   = 5 * time.Second
	overloadFor = 10 * time.Second
)

// pushes are the wishes of functions whose slots are all taken.
type pushes struct {
	next    time.Duration // not before
	waiting map[*player]bool
	planned bool
}

// overloaded pushes a FunctionOverload if more replicas would help.
func (w *world) overloaded(p *player) {
	wish := min((p.inflight()+p.Scaling.Slots-1)/p.Scaling.Slots, p.Scaling.Max)
	if wish <= p.desired {
		return
	}
	if w.now > p.wishUntil {
		p.wish = 0
	}
	p.wish, p.wishUntil = max(p.wish, wish), w.now+overloadFor
	if w.alerts == nil || wish <= p.pushed && w.now-p.pushedAt < pushAgain {
		return
	}
	if w.pushes.waiting == nil {
		w.pushes.waiting = map[*player]bool{}
	}
	w.pushes.waiting[p] = true
	if w.pushes.planned {
		return
	}
	w.pushes.planned = true
	w.at(w.pushes.next, w.push)
}

func (w *world) push() {
	w.pushes.planned, w.pushes.next = false, w.now+pushEvery
	for _, s := range w.subjects { // in a fixed order
		p := w.players[s.Name]
		if !w.pushes.waiting[p] {
			continue
		}
		p.pushed, p.pushedAt = p.wish, w.now
		alert := &sentAlert{
			labels: labels.FromStrings("alertname", "FunctionOverload", "function_name", p.Name,
				"replicas", fmt.Sprint(p.wish), "direction", "up"),
			annotations: labels.FromStrings("signal", "overload"),
			starts:      w.now, ends: w.now + overloadFor,
		}
		w.after(w.o.Delivery, func() { w.alerts.receive(alert) })
	}
	clear(w.pushes.waiting)
}

// wants is what the rules want of a function now, or NaN.
func (p *player) wants(now int64) float64 {
	if p.wanted == nil {
		return math.NaN()
	}
	return p.wanted.latest(now - 2*time.Second.Milliseconds())
}
