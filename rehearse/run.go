package rehearse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"faas/scaler"
)

// world is a rehearsal that runs.
type world struct {
	clock
	o        Options
	chance   *rand.Rand
	subjects []*subject
	players  map[string]*player // by function
	store    *store
	rules    *evaluator
	alerts   *alertmanager
	watchers []*watcher // by gateway
	result   *Result
}

// player is a subject and what the gateway's scaler knows of it.
type player struct {
	*subject
	state  scaler.State
	result FunctionResult
	wanted *series
	wishes []wish // by gateway
}

// Run rehearses. It returns an error where a file cannot be read, a rule cannot be evaluated, or ctx ends.
func Run(ctx context.Context, o Options) (*Result, error) {
	o.fill()
	if err := o.check(); err != nil {
		return nil, err
	}
	w := &world{
		clock: clock{now: -o.WarmUp}, o: o, chance: rand.New(rand.NewPCG(o.Seed, 0)), //nolint:gosec // chance that can be repeated
		players: map[string]*player{}, result: &Result{Length: o.Length, Policy: "rules"},
	}
	w.cast()
	if o.Policy != nil {
		w.result.Policy = o.Policy.Name()
		w.follow(o.Policy)
	} else if err := w.equip(ctx); err != nil {
		return nil, err
	}
	w.every(w.o.Every, w.o.Every, w.point)
	spare := make([]byte, spareBytes)
	err := w.play(ctx)
	runtime.KeepAlive(spare)
	if err != nil {
		return nil, err
	}
	return w.finish()
}

// spareBytes are held while it runs, and never touched. A rehearsal lives in little memory and makes much garbage: with
// more memory held the collector, which waits until so much again was made, runs a twentieth as often.
const spareBytes = 64 << 20

// cast makes the functions.
func (w *world) cast() {
	for g := range w.o.Gateways {
		w.watchers = append(w.watchers, &watcher{world: w, gateway: g, looked: -never, pushed: -never, due: never})
	}
	for i, f := range w.o.Functions {
		chance := rand.New(rand.NewPCG(w.o.Seed, uint64(i)+1)) //nolint:gosec // chance that can be repeated
		s := newSubject(f, chance, w.o.Gateways, w.now)
		p := &player{subject: s, wishes: make([]wish, w.o.Gateways), state: scaler.State{Scaling: f.Scaling, Desired: s.desired}}
		p.result = FunctionResult{Name: f.Name, Held: map[scaler.Code]int{}}
		s.onHeld = func(gateway int) { w.held(p, gateway) }
		w.subjects = append(w.subjects, s)
		w.players[f.Name] = p
		w.watch(p)
	}
}

// equip makes the control loop.
func (w *world) equip(ctx context.Context) error {
	p := parser.NewParser(parser.Options{})
	c, err := readConfig(w.o.Config, w.o.Prometheus, w.o.Alertmanager, p)
	if err != nil {
		return err
	}
	wants := findReads(c.rules, p, w.o.Lookback)
	wants.metric(wantedName) // for the points
	w.store = newStore(wants.keep)
	w.rules = newEvaluator(c.rules, c.prometheus, newParsedRules(w.o.Lookback), w.store, w.o, w.notify)
	w.alerts = newAlertmanager(&w.clock, c.receivers, w.webhook)
	for _, t := range newTargets(c.prometheus.Jobs, w.o.Gateways, w.subjects, w.store, wants) {
		w.every(w.phase(t.interval), t.interval, func() { t.scrape(w.now) })
	}
	w.discover(c.prometheus.Jobs, wants)
	w.record()
	for _, g := range w.rules.groups {
		w.every(w.phase(g.Interval()), g.Interval(), func() { w.rules.eval(ctx, g, w.time()) })
	}
	w.every(w.now+forgetEvery, forgetEvery, func() { w.store.forget(w.millis()) })
	for _, s := range w.subjects {
		w.players[s.Name].wanted = w.store.pin(labels.FromStrings(
			nameLabel, wantedName, "function_name", s.Name))
	}
	return nil
}

// wantedName is what rules record for people.
const wantedName = "function:replicas:wanted"

// forgetEvery is how often series are looked for that are of no use any more.
const forgetEvery = 5 * time.Minute

// phase is a moment within the first interval, as Prometheus takes one from a hash.
func (w *world) phase(interval time.Duration) time.Duration {
	return w.now + time.Duration(w.chance.Int64N(int64(max(interval, time.Millisecond)/time.Millisecond)))*time.Millisecond
}

// play runs everything until the end.
func (w *world) play(ctx context.Context) error {
	const look = 1000 // events between two looks at the context
	for i := 0; w.step(w.o.Length + 1); i++ {
		if i%look > 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("rehearse: stopped after %s: %w", w.now, err)
		}
		if w.o.Progress != nil && w.now >= 0 {
			w.o.Progress(w.now, w.o.Length)
		}
	}
	w.now = w.o.Length
	return nil
}

// finish makes the result.
func (w *world) finish() (*Result, error) {
	if w.rules != nil {
		w.result.Evaluations = w.rules.evaluations
		if err := w.rules.err(); err != nil {
			return nil, fmt.Errorf("rehearse: %w", err)
		}
	}
	for _, s := range w.subjects {
		s.advance(w.now)
		p := w.players[s.Name]
		p.result.Points, p.result.Score = s.points, s.score.Score
		w.result.Functions = append(w.result.Functions, p.result)
	}
	return w.result, nil
}

// point adds a point to each function.
func (w *world) point() {
	for _, s := range w.subjects {
		s.advance(w.now)
		since := (w.now - s.lastPoint).Seconds()
		s.points = append(s.points, Point{
			At: w.now, Arrivals: float64(s.sincePoint) / since, Desired: s.desired, Ready: s.ready,
			Wanted: w.players[s.Name].wants(w.millis()), Waiting: s.held(),
		})
		s.sincePoint, s.lastPoint = 0, w.now
	}
}

// notify takes the alerts of a rule to Alertmanager.
func (w *world) notify(_ context.Context, _ string, alerts ...*rules.Alert) {
	sent := make([]*sentAlert, 0, len(alerts))
	for _, a := range alerts {
		if !a.Labels.Has("function_name") {
			continue // Heartbeat
		}
		ends := a.ValidUntil
		if !a.ResolvedAt.IsZero() {
			ends = a.ResolvedAt
		}
		sent = append(sent, &sentAlert{labels: a.Labels, annotations: a.Annotations, starts: a.FiredAt.Sub(epoch), ends: ends.Sub(epoch)})
	}
	slices.SortFunc(sent, func(a, b *sentAlert) int { return labels.Compare(a.labels, b.labels) }) // Prometheus's order is by chance
	if len(sent) > 0 {
		w.after(w.o.Delivery, func() { w.alerts.receive(sent...) })
	}
}
