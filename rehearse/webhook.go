package rehearse

import (
	"math"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/template"

	"faas/scaler"
)

// wakeDelay is what a gateway takes to wake a function.
const wakeDelay = 3 * time.Millisecond

// webhook takes a payload to the gateway. What it has for one function is decided on together, as the scaler does.
func (w *world) webhook(payload []*sentAlert) {
	w.result.Webhooks++
	w.result.Alerts += len(payload)
	w.after(w.o.Delivery, func() {
		var players []*player // in the order of the payload
		orders := map[*player][]order{}
		for _, sent := range payload {
			alert, err := scaler.ParseAlert(w.time(), sent.webhook())
			switch p := w.players[alert.Function]; {
			case p == nil:
			case err != nil:
				p.result.Held[scaler.CodeInvalid]++
			default:
				if orders[p] == nil {
					players = append(players, p)
				}
				orders[p] = append(orders[p], order{sent, alert})
			}
		}
		for _, p := range players {
			scaler.NewestFirst(orders[p], func(o order) scaler.Alert { return o.alert })
			w.decide(p, orders[p])
		}
	})
}

// order is an alert that was read.
type order struct {
	sent  *sentAlert
	alert scaler.Alert
}

// decide does what the gateway's scaler does with orders for a function that come together: they come newest first,
// and the last one that changes the count is carried out.
func (w *world) decide(p *player, orders []order) {
	now := w.time()
	p.advance(w.now)
	p.state.Desired = p.desired
	var last *Decision
	for _, o := range orders {
		if p.state.Busy = ""; o.alert.Firing && !o.alert.Step && o.alert.Replicas == 0 {
			p.state.Busy = p.busy(o.alert.At().Sub(epoch))
		}
		d := scaler.Decide(now, p.state, o.alert)
		p.state = p.state.After(now, d)
		if d.Code == scaler.CodeUnchanged && o.alert.Direction == scaler.Up && d.OrderedAt.After(p.state.RaisedAt) {
			p.state.RaisedAt = d.OrderedAt
		}
		if !d.Apply() {
			p.result.Held[d.Code]++
			continue
		}
		if last != nil {
			p.result.Held[scaler.CodeSuperseded]++
		}
		last = &Decision{
			From: p.desired, To: d.To, Alert: o.alert.Name, Signal: o.sent.annotations.Get("signal"),
			Reason: reason(d.Reason, o.sent.annotations.Get("reason")),
		}
	}
	if last != nil && last.To != p.desired {
		w.apply(p, *last)
	}
}

// unseen is how old at most what a rule knew of a function was when its alert began, as the gateway has it.
const unseen = 5 * time.Second

// busy says what the function has to do that an alert which began at since and orders 0 could not know of.
func (p *player) busy(since time.Duration) string {
	for _, g := range p.gateways {
		switch {
		case g.inflight > 0:
			return "requests are in flight"
		case level(p.Queued, p.at) > 0:
			return "calls are queued"
		case g.last > since-min(unseen, p.Scaling.ZeroDuration):
			return "an invocation arrived too late for the alert to know"
		}
	}
	return ""
}

// reason adds the rule's own words to the scaler's.
func reason(decided, rule string) string {
	if rule == "" || strings.Contains(decided, rule) {
		return decided
	}
	return decided + " (" + rule + ")"
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
func (w *world) held(p *player, gateway int) {
	if p.desired == 0 {
		w.after(wakeDelay, func() { w.wake(p) })
		return
	}
	w.watchers[gateway].held(p)
}

// wake raises a function from 0 for a request.
func (w *world) wake(p *player) {
	p.state.Desired = p.desired
	d := scaler.DecideWake(w.time(), p.state)
	p.state = p.state.After(w.time(), d)
	if d.Apply() {
		w.apply(p, Decision{From: d.From, To: d.To, Reason: d.Reason})
	}
}

// wants is what the rules want of a function now, or NaN.
func (p *player) wants(now int64) float64 {
	if p.wanted == nil {
		return math.NaN()
	}
	return p.wanted.latest(now - 2*time.Second.Milliseconds())
}
