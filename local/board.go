package local

import (
	"context"
	"sync"

	"faas/function"
)

// board shows the newest snapshot to any number of readers. Snapshots on it are never changed.
type board struct {
	mu      sync.Mutex
	snap    function.Snapshot
	changed chan struct{} // closed and replaced with each new snapshot
}

func newBoard() *board { return &board{changed: make(chan struct{})} }

func (b *board) publish(functions []function.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.snap = function.Snapshot{Version: b.snap.Version + 1, Functions: functions}
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) current() (function.Snapshot, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.snap, b.changed
}

// watch calls see with the present snapshot and then with the newest one after each change. A slow see
// misses those in between.
func (b *board) watch(ctx context.Context, see func(function.Snapshot)) {
	for ctx.Err() == nil {
		snap, changed := b.current()
		see(snap)
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}
