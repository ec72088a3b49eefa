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
		From: d.From, To: d.To, Alert: alert.Name, Signal: a.annotations.Get("signal"), Reason: reason(d.Reason, a.annotations.Get("reason")),
	})
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
	if p.desired > 0 {
		return
	}
	n := max(1, p.Scaling.Min)
	p.state.Desired, p.state.OrderedAt, p.state.AppliedAt = n, w.time(), w.time()
	w.apply(p, Decision{From: 0, To: n, Reason: "woken by a request"})
}

// wants is what the rules want of a function now, or NaN.
func (p *player) wants(now int64) float64 {
	if p.wanted == nil {
		return math.NaN()
	}
	return p.wanted.latest(now - 2*time.Second.Milliseconds())
}
