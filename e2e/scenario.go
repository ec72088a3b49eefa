package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Scenario is what happens and what is wanted, in any order. Times count from its start.
type Scenario []Line

// Line is one line of a scenario: an action at a moment, or a want over a span of time.
type Line struct {
	from, to time.Duration
	offer    *offer
	act      func(context.Context) error
	hand     *hand
	want     Want
	name     string
}

// offer is load on a function from a moment on, until the next offer to it.
type offer struct {
	function string
	rate     float64 // requests per second, evenly spaced
}

// Action is something done to the system, or load offered to it.
type Action struct {
	name  string
	offer *offer
	act   func(context.Context) error
	hand  *hand
}

// At does a when the scenario has run for t.
func At(t time.Duration, a Action) Line {
	return Line{from: t, to: t, offer: a.offer, act: a.act, hand: a.hand, name: a.name}
}

// Between wants w to come true at some moment from from to to.
func Between(from, to time.Duration, w Want) Line {
	return Line{from: from, to: to, want: w, name: w.name}
}

// During wants w to hold over the whole span from from to to.
func During(from, to time.Duration, w Want) Line { return Between(from, to, w) }

// Offer sends rate requests per second to function from now on, whether or not they are answered; 0 stops.
func Offer(function string, rate float64) Action {
	return Action{name: fmt.Sprintf("offer %s %g rps", function, rate), offer: &offer{function, rate}}
}

// Do runs act, which name describes.
func Do(name string, act func(context.Context) error) Action {
	return Action{name: name, act: act}
}

// ByHand says that a itself sets the count of function to replicas, past all gateways, so that their decision logs do
// not tell of it.
func ByHand(function string, replicas int, a Action) Action {
	a.hand = &hand{function: function, to: replicas}
	return a
}

// Run plays the scenario on sys and returns what was recorded, with every want that was not met joined
// into the error. That each change of a count is explained by one entry of the decision logs is always wanted.
func (s Scenario) Run(ctx context.Context, sys System) (*Recording, error) {
	var end time.Duration
	for _, l := range s {
		end = max(end, l.to)
	}
	rec := newRecording(time.Now(), sys.Gateways()...)
	rec.shown = s.functions()
	ctx, cancel := context.WithTimeout(ctx, end+30*time.Second)
	defer cancel()

	var watching sync.WaitGroup
	watchCtx, stopWatching := context.WithCancel(ctx)
	watching.Go(func() { rec.watch(watchCtx, sys) })
	for _, load := range s.loads(end) {
		watching.Go(func() { load.run(ctx, sys, rec) })
	}
	actErr := s.act(ctx, rec, end)
	stopWatching()
	watching.Wait()
	rec.readLogs(ctx)

	errs := []error{actErr, rec.Explained()}
	for _, l := range s {
		if l.want.met == nil {
			continue
		}
		if err := l.want.met(rec, l.from, l.to); err != nil {
			errs = append(errs, fmt.Errorf("from %s to %s, %s: %w", l.from, l.to, l.name, err))
		}
	}
	return rec, errors.Join(errs...)
}

// functions are those that the scenario is about.
func (s Scenario) functions() []string {
	names := []string{}
	for _, l := range s {
		if l.offer != nil {
			names = append(names, l.offer.function)
		}
		names = append(names, l.want.function)
	}
	return names
}

// act does each action at its time and returns at the scenario's end.
func (s Scenario) act(ctx context.Context, rec *Recording, end time.Duration) error {
	lines := slices.Clone(s)
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.from, b.from) })
	for _, l := range lines {
		if l.act == nil {
			continue
		}
		if err := rec.until(ctx, l.from); err != nil {
			return err
		}
		rec.note(l.name)
		began := time.Now()
		if err := l.act(ctx); err != nil {
			return fmt.Errorf("at %s, %s: %w", l.from, l.name, err)
		}
		rec.byHand(l.hand, began)
	}
	return rec.until(ctx, end)
}

// loads gathers the offers by function.
func (s Scenario) loads(end time.Duration) []*load {
	byName := map[string]*load{}
	var all []*load
	for _, l := range s {
		if l.offer == nil {
			continue
		}
		if byName[l.offer.function] == nil {
			byName[l.offer.function] = &load{function: l.offer.function}
			all = append(all, byName[l.offer.function])
		}
		byName[l.offer.function].steps = append(byName[l.offer.function].steps, rateStep{l.from, l.offer.rate})
	}
	for _, l := range all {
		slices.SortStableFunc(l.steps, func(a, b rateStep) int { return cmp.Compare(a.from, b.from) })
		l.steps = append(l.steps, rateStep{end, 0})
	}
	return all
}
