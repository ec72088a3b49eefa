package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	"faas/function"
	"faas/internal/top"
)

// statusBoard follows the functions of the backend and tells when one comes, goes, or cannot run.
type statusBoard struct {
	out    *console
	loaded chan struct{} // closed at the first snapshot

	mu      sync.Mutex
	current []function.Status
	told    map[string]string // what was last told to stand in a function's way; nil until open
	next    chan struct{}     // closed and replaced at each change
}

func newStatusBoard(out *console) *statusBoard {
	return &statusBoard{out: out, loaded: make(chan struct{}), next: make(chan struct{})}
}

// run follows watch until ctx ends.
func (b *statusBoard) run(ctx context.Context, watch func(context.Context, func(function.Snapshot)) error) {
	var first sync.Once
	_ = watch(ctx, func(s function.Snapshot) { // it ends only with ctx
		b.see(s.Functions)
		first.Do(func() { close(b.loaded) })
	})
}

func (b *statusBoard) see(functions []function.Status) {
	b.mu.Lock()
	b.current = functions
	close(b.next)
	b.next = make(chan struct{})
	changes := b.changes()
	b.mu.Unlock()
	b.tell(changes)
}

// open begins to tell, of functions that are blocked already too.
func (b *statusBoard) open() {
	b.mu.Lock()
	b.told = map[string]string{}
	for _, f := range b.current {
		b.told[f.Name] = ""
	}
	changes := b.changes()
	b.mu.Unlock()
	b.tell(changes)
}

// change is something to tell of a function.
type change struct{ function, what, why string }

// changes compares with what was told last. b.mu is held.
func (b *statusBoard) changes() []change {
	if b.told == nil {
		return nil
	}
	var changes []change
	there := make(map[string]bool, len(b.current))
	for _, f := range b.current {
		there[f.Name] = true
		was, known := b.told[f.Name]
		switch {
		case !known:
			changes = append(changes, change{f.Name, "deployed", ""})
		case f.Blocked == "" && was != "":
			changes = append(changes, change{f.Name, "running", "replicas start again"})
		case f.Blocked != "" && was == "":
			changes = append(changes, change{f.Name, "blocked", f.Blocked})
		}
		b.told[f.Name] = f.Blocked
	}
	for _, name := range slices.Sorted(maps.Keys(b.told)) {
		if !there[name] {
			delete(b.told, name)
			changes = append(changes, change{name, "removed", ""})
		}
	}
	return changes
}

func (b *statusBoard) tell(changes []change) {
	for _, c := range changes {
		switch c.what {
		case "blocked":
			b.out.trouble(c.function, c.what, top.Printable(c.why)) // on one line, or it could pass for others
		case "running":
			b.out.recovery(c.function, c.what, c.why)
		default:
			b.out.change(c.function, c.what, c.why)
		}
	}
}

// functions returns the newest state.
func (b *statusBoard) functions() []function.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current
}

// changed is closed at the next change.
func (b *statusBoard) changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}
