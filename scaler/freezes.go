package scaler

import (
	"maps"
	"slices"
	"sync"
	"time"

	"faas/function"
	"faas/internal/alerting"
)

// freezes knows which functions are frozen: silences in Alertmanager stop their alerts, so orders that come all the same
// are held.
type freezes struct {
	changed chan struct{} // has room for one: there is something to tell

	mu        sync.Mutex
	silences  []alerting.Silence // replaced, never changed
	stale     bool               // they or the functions changed since news looked at them
	edits     int                // how often they were changed other than by a look at Alertmanager
	functions map[string]int     // the desired counts of those that there are; replaced, never changed

	// What follows belongs to watchSilences.
	ends time.Time                    // when the first of those that freeze something ends; zero: none does
	told map[string][]alerting.Freeze // what was told last, of functions that are frozen
}

func newFreezes() *freezes {
	return &freezes{
		changed: make(chan struct{}, 1), functions: map[string]int{}, told: map[string][]alerting.Freeze{},
	}
}

// known are the silences. They are matched without the lock: whoever changes the list makes a new one.
func (f *freezes) known() []alerting.Silence {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.silences
}

// of is what freezes a function.
func (f *freezes) of(now time.Time, name string) []alerting.Freeze {
	silences := f.known()
	if len(silences) == 0 {
		return nil
	}
	return alerting.Freezes(now, silences, name)
}

// all is what freezes any function, in the order of their names.
func (f *freezes) all(now time.Time) []alerting.Freeze {
	f.mu.Lock()
	silences, functions := f.silences, f.functions
	f.mu.Unlock()
	return alerting.FreezesOfAll(now, silences, slices.Sorted(maps.Keys(functions)))
}

// observe learns which functions there are.
func (f *freezes) observe(snapshot function.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.functions)
	news := false
	functions := make(map[string]int, len(snapshot.Functions))
	for _, one := range snapshot.Functions {
		functions[one.Name] = one.Desired
		_, known := f.functions[one.Name]
		news = news || !known
	}
	f.functions = functions
	if news || len(functions) != before {
		f.stale = true
		f.signal()
	}
}

// look returns what set wants back.
func (f *freezes) look() (edits int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.edits
}

// with returns what is known together with listing.
func (f *freezes) with(listing alerting.Listing) []alerting.Silence {
	f.mu.Lock()
	defer f.mu.Unlock()
	return listing.After(f.silences, time.Now())
}

// set takes what Alertmanager has, unless it was changed since edits. What an incomplete listing lacks stays.
func (f *freezes) set(now time.Time, listing alerting.Listing, edits int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.edits != edits {
		return // the next look sees that change too
	}
	silences := listing.After(f.silences, now)
	same := slices.EqualFunc(f.silences, silences, func(a, b alerting.Silence) bool {
		return a.ID == b.ID && a.State == b.State && a.UpdatedAt.Equal(b.UpdatedAt)
	})
	f.stale = f.stale || !same
	f.silences = silences
}

// edit takes a change that was made here, before the next look at Alertmanager shows it: silences that ended or were
// replaced by their IDs, and new ones.
func (f *freezes) edit(ended []string, made ...alerting.Silence) {
	f.mu.Lock()
	defer f.mu.Unlock()
	silences := make([]alerting.Silence, 0, len(f.silences)+len(made))
	for _, s := range f.silences {
		if !slices.Contains(ended, s.ID) {
			silences = append(silences, s)
		}
	}
	f.silences = append(silences, made...)
	f.stale = true
	f.edits++
	f.signal()
}

func (f *freezes) signal() {
	select {
	case f.changed <- struct{}{}:
	default: // it is known already
	}
}

// freezeChange is a function that is frozen otherwise than before.
type freezeChange struct {
	function    string
	desired     int
	was, is     []alerting.Freeze
	functionOut bool // the function is gone
}

// news compares with what was told last, and counts as told what it returns.
func (f *freezes) news(now time.Time) []freezeChange {
	f.mu.Lock()
	stale, silences, functions := f.stale, f.silences, f.functions
	f.stale = false
	f.mu.Unlock()
	var changes []freezeChange
	for name, was := range f.told {
		if _, there := functions[name]; !there {
			changes = append(changes, freezeChange{function: name, was: was, functionOut: true})
			delete(f.told, name)
		}
	}
	if !stale && (f.ends.IsZero() || now.Before(f.ends)) {
		return changes
	}
	f.ends = time.Time{}
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		was, is := f.told[name], alerting.Freezes(now, silences, name)
		for _, freeze := range is {
			if f.ends.IsZero() || freeze.Until.Before(f.ends) {
				f.ends = freeze.Until
			}
		}
		if slices.EqualFunc(was, is, alerting.Freeze.Same) {
			continue
		}
		f.told[name] = is
		if len(is) == 0 {
			delete(f.told, name)
		}
		changes = append(changes, freezeChange{function: name, desired: functions[name], was: was, is: is})
	}
	return changes
}
