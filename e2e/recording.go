package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// sampling is how often the replica counts are looked at.
const sampling = 25 * time.Millisecond

// Recording is what was seen during a scenario.
type Recording struct {
	start time.Time
	// shown are the functions that String tells of. Nil: all.
	shown []string

	mu        sync.Mutex
	counts    map[string][]Count
	looks     []look
	decisions *decisions
	hands     []hand
	answers   map[string][]Answer
	notes     []note
}

// hand is a change of a count that the test makes itself, not by a gateway.
type hand struct {
	function string
	to       int
	from, by time.Time
}

// Answer is one request and how it ended.
type Answer struct {
	At, Latency time.Duration
	Code        int
	Err         string
}

type note struct {
	at   time.Duration
	text string
}

func newRecording(start time.Time, gateways ...*Client) *Recording {
	return &Recording{
		start: start, counts: map[string][]Count{}, answers: map[string][]Answer{}, decisions: newDecisions(gateways),
	}
}

// watch samples the counts of all functions until ctx ends, and once more then, and gathers the decision logs. A
// gateway that does not answer leaves a gap.
func (r *Recording) watch(ctx context.Context, sys System) {
	var following sync.WaitGroup
	defer following.Wait()
	for i := range r.decisions.gateways {
		following.Go(func() { r.followLog(ctx, i) })
	}
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	for ended := false; ; {
		began := time.Now()
		if counts, err := sys.Counts(context.WithoutCancel(ctx)); err == nil {
			r.sample(began, counts)
		}
		if ended {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ended = true
		}
	}
}

// sample keeps the counts that differ from the last ones, and when they were looked at.
func (r *Recording) sample(began time.Time, counts map[string]Count) {
	r.mu.Lock()
	defer r.mu.Unlock()
	desired := map[string]int{}
	r.looks = append(r.looks, look{began: began, ended: time.Now(), desired: desired})
	at := time.Since(r.start)
	for name, c := range counts {
		desired[name] = c.Desired
		c.At = at
		seen := r.counts[name]
		if n := len(seen); n > 0 && seen[n-1].Desired == c.Desired && seen[n-1].Ready == c.Ready {
			continue
		}
		r.counts[name] = append(seen, c)
	}
}

func (r *Recording) answer(function string, res *vegeta.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[function] = append(r.answers[function], Answer{
		At: res.Timestamp.Sub(r.start), Latency: res.Latency, Code: int(res.Code), Err: res.Error,
	})
}

func (r *Recording) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, note{time.Since(r.start), text})
}

// byHand notes a change that the test has made itself, if it has.
func (r *Recording) byHand(h *hand, began time.Time) {
	if h == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hands = append(r.hands, hand{h.function, h.to, began, time.Now()})
}

// until waits for moment t of the scenario.
func (r *Recording) until(ctx context.Context, t time.Duration) error {
	timer := time.NewTimer(time.Until(r.start.Add(t)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// between returns the counts of function that were seen from from to to, the one that stood at from
// included.
func (r *Recording) between(function string, from, to time.Duration) []Count {
	r.mu.Lock()
	defer r.mu.Unlock()
	var in []Count
	for _, c := range r.counts[function] {
		switch {
		case c.At <= from:
			in = []Count{c}
		case c.At <= to:
			in = append(in, c)
		}
	}
	return in
}

// Failures returns the requests to function, sent from from to to, that did not end with a 2xx status.
func (r *Recording) Failures(function string, from, to time.Duration) (failed []Answer, all int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.answers[function] {
		if a.At < from || a.At > to {
			continue
		}
		if all++; a.Code < 200 || a.Code > 299 {
			failed = append(failed, a)
		}
	}
	return failed, all
}

// applied are the changes that the decision logs tell of.
func (r *Recording) applied() []note {
	var lines []note
	for i, log := range r.decisions.logs {
		for _, e := range log {
			if !e.Applied || r.shown != nil && !slices.Contains(r.shown, e.Function) || e.Time.Before(r.start) {
				continue
			}
			lines = append(lines, note{e.Time.Sub(r.start), fmt.Sprintf("%s: %s decided %d → %d: %s %s, %s", e.Function,
				r.decisions.name(i), e.From, e.To, e.Kind, e.Alert, e.Reason)})
		}
	}
	return lines
}

// String shows what happened, a line for each change.
func (r *Recording) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := slices.Clone(r.notes)
	for name, counts := range r.counts {
		if r.shown != nil && !slices.Contains(r.shown, name) {
			continue
		}
		for _, c := range counts {
			lines = append(lines, note{c.At, fmt.Sprintf("%s: %d desired, %d ready", name, c.Desired, c.Ready)})
		}
	}
	lines = append(lines, r.applied()...)
	slices.SortStableFunc(lines, func(a, b note) int { return int(a.at - b.at) })
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%8.3fs %s\n", l.at.Seconds(), l.text)
	}
	for name, answers := range r.answers {
		failed := 0
		for _, a := range answers {
			if a.Code < 200 || a.Code > 299 {
				failed++
			}
		}
		fmt.Fprintf(&b, "%s: %d requests, %d failed\n", name, len(answers), failed)
	}
	return b.String()
}

// Record watches sys from now on until stop is called, which returns what was seen. The recording is about the functions
// that are given, all where none are.
func Record(ctx context.Context, sys System, functions ...string) (stop func() *Recording) {
	r := newRecording(time.Now(), sys.Gateways()...)
	r.shown = functions
	watchCtx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(watchCtx, sys) })
	return func() *Recording {
		cancel()
		watching.Wait()
		r.readLogs(ctx)
		return r
	}
}

// Explained is the error of each function whose changes of the desired count are not those that the decision logs
// tell of, each of them by exactly one entry.
func (r *Recording) Explained() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.looks) == 0 || len(r.decisions.gateways) == 0 {
		return errors.New("no counts were seen, so nothing is explained")
	}
	errs := []error{r.decisions.unread()}
	for name := range r.counts {
		if r.shown == nil || slices.Contains(r.shown, name) {
			errs = append(errs, explain(r.looks, name, r.changes(name)))
		}
	}
	return errors.Join(errs...)
}

// changes are those of a function that the logs tell of, and those that the test made itself.
func (r *Recording) changes(function string) []change {
	within := visible
	if len(r.decisions.gateways) > 1 {
		within = visibleToOthers
	}
	var all []change
	for i, log := range r.decisions.logs {
		for _, e := range log {
			if e.Applied && e.Function == function {
				all = append(all, changeOf(r.decisions.name(i), e, within))
			}
		}
	}
	for _, h := range r.hands {
		if h.function == function {
			all = append(all, change{who: "the test itself", from: anyCount, to: h.to, earliest: h.from, latest: h.by.Add(visibleToOthers)})
		}
	}
	return all
}

// Counts returns the replica counts of function from the recording's start, a Count for each change.
func (r *Recording) Counts(function string) []Count {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.counts[function])
}

// Turns counts the changes of direction of function's desired count.
func (r *Recording) Turns(function string) int { return turns(r.Counts(function)) }
