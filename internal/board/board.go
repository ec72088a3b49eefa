// Package board shows the newest snapshot of a backend to any number of readers. Every backend has one; the
// request flow and the control flow both read from it.
package board

import (
	"context"
	"sync"

	"faas/function"
)

// Board holds the newest snapshot. Snapshots on it are shared and never changed.
type Board struct {
	mu      sync.Mutex
	snap    function.Snapshot
	changed chan struct{} // closed and replaced with each new snapshot
}

// New returns a board with an empty snapshot of version 0.
func New() *Board { return &Board{changed: make(chan struct{})} }

// Publish shows functions, which are in the order of their names, and wakes those who watch.
func (b *Board) Publish(functions []function.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.snap = function.Snapshot{Version: b.snap.Version + 1, Functions: functions}
	close(b.changed)
	b.changed = make(chan struct{})
}

// Current returns the newest snapshot and a channel that is closed when there is a newer one.
func (b *Board) Current() (function.Snapshot, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.snap, b.changed
}

// Watch calls see with the present snapshot and then with the newest one after each change, until ctx ends. A
// slow see misses those in between.
func (b *Board) Watch(ctx context.Context, see func(function.Snapshot)) {
	for ctx.Err() == nil {
		snap, changed := b.Current()
		see(snap)
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}
