package e2e

import (
	"context"
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

	mu      sync.Mutex
	counts  map[string][]Count
	answers map[string][]Answer
	notes   []note
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

func newRecording(start time.Time) *Recording {
	return &Recording{start: start, counts: map[string][]Count{}, answers: map[string][]Answer{}}
}

// watch samples the counts of all functions until ctx ends, and once more then. A gateway that does not
// answer leaves a gap.
func (r *Recording) watch(ctx context.Context, sys System) {
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	for ended := false; ; {
		if counts, err := sys.Counts(context.WithoutCancel(ctx)); err == nil {
			r.sample(counts)
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

// sample keeps the counts that differ from the last ones.
func (r *Recording) sample(counts map[string]Count) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Since(r.start)
	for name, c := range counts {
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

// Record watches sys from now on until stop is called, which returns what was seen.
func Record(ctx context.Context, sys System) (stop func() *Recording) {
	r := newRecording(time.Now())
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(ctx, sys) })
	return func() *Recording {
		cancel()
		watching.Wait()
		return r
	}
}

// Counts returns the replica counts of function from the recording's start, a Count for each change.
func (r *Recording) Counts(function string) []Count {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.counts[function])
}

// Turns counts the changes of direction of function's desired count.
func (r *Recording) Turns(function string) int { return turns(r.Counts(function)) }
