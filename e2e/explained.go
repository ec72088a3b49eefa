package e2e

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"faas/scaler"
)

// look is one reading of the desired counts of all functions. What it shows was so at a moment between its two.
type look struct {
	began, ended time.Time
	desired      map[string]int
}

// change is a change of a desired count as the decision log tells it, or one that the test says it made itself.
type change struct {
	who      string
	from, to int // from is anyCount where that is not told
	// It came to be seen at a moment between these.
	earliest, latest time.Time
}

// anyCount is a from that fits every count.
const anyCount = -1

// String says what c did.
func (c change) String() string {
	if c.from == anyCount {
		return fmt.Sprintf("%s: to %d", c.who, c.to)
	}
	return fmt.Sprintf("%s: %d → %d", c.who, c.from, c.to)
}

// How far the clocks and readers of one machine may be apart: what a gateway has accepted shows in its own answers at
// once, and in those of another when the backend has told it.
const (
	visible         = sampling
	visibleToOthers = time.Second
)

// changeOf reads an entry of a decision log that changed a count.
func changeOf(gateway string, e scaler.Event, within time.Duration) change {
	took := time.Duration(e.Duration * float64(time.Second))
	return change{
		who:  fmt.Sprintf("%s, entry %d, %s", gateway, e.ID, e.Kind),
		from: e.From, to: e.To, earliest: e.Time.Add(-took - within), latest: e.Time.Add(within),
	}
}

// explain holds what was seen of a function's count against the changes that are told of it. It is pure. looks
// has at least one.
//
// The changes in their order make a chain: each begins where the one before ended. Each look stands at a place of
// this chain: the count there is the one it shows, what must have been visible is behind it, what cannot have been is
// before it, and no look stands before an earlier one. So each change that was seen is told by exactly one entry or,
// where several came between two looks, by each of them once, and no entry tells of a change that there was not. The
// error says where that breaks.
func explain(looks []look, function string, changes []change) error {
	var errs []error
	for _, span := range spans(looks, function) {
		in := slices.DeleteFunc(slices.Clone(changes), func(c change) bool {
			return c.latest.Before(span[0].began) || c.earliest.After(span[len(span)-1].ended)
		})
		if err := explainSpan(looks[0].began, span, function, inOrder(in, span[0], function)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", function, err))
		}
	}
	return errors.Join(errs...)
}

// spans are the looks that show function, in pieces between which it was not there: a deployment sets a count anew.
func spans(looks []look, function string) [][]look {
	var all [][]look
	there := false
	for i, l := range looks {
		_, is := l.desired[function]
		switch {
		case is && !there:
			all = append(all, looks[i:i+1])
		case is:
			last := len(all) - 1
			all[last] = looks[i-len(all[last]) : i+1]
		}
		there = is
	}
	return all
}

// inOrder sorts changes by time. Of those that may have been at once the one comes first that begins where the one before
// ended: gateways write down when they were told, and not when it was.
func inOrder(changes []change, first look, function string) []change {
	slices.SortStableFunc(changes, func(a, b change) int { return a.latest.Compare(b.latest) })
	for i := range changes {
		before := first.desired[function]
		switch {
		case i > 0:
			before = changes[i-1].to
		case !changes[0].earliest.After(first.ended):
			continue // the first look may show what it led to
		}
		for j := i; j < len(changes) && !changes[j].earliest.After(changes[i].latest); j++ {
			if c := changes[j]; c.begins(before) {
				changes = slices.Insert(slices.Delete(changes, j, j+1), i, c)
				break
			}
		}
	}
	return changes
}

// begins reports whether c is a change from count.
func (c change) begins(count int) bool { return c.from == count || c.from == anyCount }

// explainSpan is explain for looks that all show the function, and changes in their order.
func explainSpan(start time.Time, looks []look, function string, chain []change) error {
	counts := []int{looks[0].desired[function]} // at each place of the chain
	for i, c := range chain {
		switch {
		case i == 0 && c.from != anyCount:
			counts[0] = c.from
		case i > 0 && !c.begins(chain[i-1].to):
			return fmt.Errorf("%s does not go on from %s: one of the two did not happen, or one is missing between them",
				c.at(start), chain[i-1].at(start))
		}
		counts = append(counts, c.to)
	}
	place := 0
	for _, l := range looks {
		n := l.desired[function]
		most := slices.IndexFunc(chain, func(c change) bool { return c.earliest.After(l.ended) })
		if most < 0 {
			most = len(chain)
		}
		for i, c := range chain[:most] {
			if c.latest.Before(l.began) {
				place = max(place, i+1)
			}
		}
		told := place
		for place < most && counts[place] != n {
			place++
		}
		if counts[place] != n {
			return fmt.Errorf("%d seen at %s is not explained: by the log it was %d%s", n,
				l.ended.Sub(start).Round(time.Millisecond), counts[told], after(chain[:told], start))
		}
	}
	return nil
}

// at is c with its time since start.
func (c change) at(start time.Time) string {
	return fmt.Sprintf("%s at %s", c, c.latest.Sub(start).Round(time.Millisecond))
}

// after names the last of the changes.
func after(chain []change, start time.Time) string {
	if len(chain) == 0 {
		return " from the start"
	}
	return " after " + chain[len(chain)-1].at(start)
}
