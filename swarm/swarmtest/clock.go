package swarmtest

import (
	"container/heap"
	"context"
	"time"
)

// step is something that the Swarm does at a moment to come.
type step struct {
	at  time.Time
	seq uint64 // steps of one moment are done in the order in which they were asked for
	do  func()
}

// steps is a heap, the next one first.
type steps []step

func (s steps) Len() int { return len(s) }
func (s steps) Less(i, j int) bool {
	if s[i].at.Equal(s[j].at) {
		return s[i].seq < s[j].seq
	}
	return s[i].at.Before(s[j].at)
}
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(v any)   { *s = append(*s, v.(step)) }
func (s *steps) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// after has do called with e.mu held. The caller holds it as well.
func (e *Engine) after(d time.Duration, do func()) {
	e.seq++
	heap.Push(&e.steps, step{at: time.Now().Add(d), seq: e.seq, do: do})
	if e.steps[0].seq == e.seq {
		select {
		case e.sooner <- struct{}{}:
		default:
		}
	}
}

// tick does each step when its time has come.
func (e *Engine) tick(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-e.sooner:
		case <-ctx.Done():
			return
		}
		e.mu.Lock()
		for len(e.steps) > 0 && !e.steps[0].at.After(time.Now()) {
			heap.Pop(&e.steps).(step).do()
		}
		next := time.Hour
		if len(e.steps) > 0 {
			next = time.Until(e.steps[0].at)
		}
		e.mu.Unlock()
		timer.Reset(next)
	}
}
