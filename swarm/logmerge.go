package swarm

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"faas/function"
)

const (
	// nodeClocks is how far the clocks of nodes may be apart, that of the managers among them, for lines to be in order.
	nodeClocks = time.Minute
	// logLookahead is how many lines of a task are looked at to put its two streams in order.
	logLookahead = 8
	// maxSources is how many logs are read side by side. Lines of more tasks at the same time are not in order.
	maxSources = 128
)

// showAll emits all lines of all tasks. Each task has a few of them in memory: those of one that is ahead of the others
// wait at their node.
func (v *logView) showAll(ctx context.Context, found []*taskLog, emit func(function.LogLine) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel()
	var open sources
	for len(found) > 0 || len(open) > 0 {
		var opened []*logSource
		for len(found) > 0 && len(open)+len(opened) < maxSources && (len(open) == 0 ||
			found[0].created.Add(-nodeClocks).Before(open[0].next[0].Time)) {
			opened = append(opened, v.open(ctx, &readers, found[0]))
			found = found[1:]
		}
		for _, s := range opened {
			if s.fill() {
				heap.Push(&open, s)
			} else if s.err != nil {
				return s.err
			}
		}
		if len(open) == 0 {
			continue
		}
		first := open[0]
		if err := emit(first.next[0]); err != nil {
			return err
		}
		first.next = slices.Delete(first.next, 0, 1)
		switch {
		case first.fill():
			heap.Fix(&open, 0)
		case first.err != nil:
			return first.err
		default:
			heap.Pop(&open)
		}
	}
	return ctx.Err()
}

// open reads a task's log in a goroutine of its own until ctx ends.
func (v *logView) open(ctx context.Context, readers *sync.WaitGroup, l *taskLog) *logSource {
	s := &logSource{lines: make(chan function.LogLine)}
	readers.Go(func() {
		defer close(s.lines)
		s.err = v.attempt(ctx, l, func() error {
			return l.rest(ctx, v.b.logs, v.b.timing.logIdle, func(line function.LogLine) error {
				select {
				case s.lines <- line:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		})
	})
	return s
}

// logSource is the log of one task on its way.
type logSource struct {
	lines chan function.LogLine
	err   error              // read it once lines is closed
	next  []function.LogLine // in order
	ended bool
}

// fill looks ahead, and reports whether there is a line.
func (s *logSource) fill() bool {
	for len(s.next) < logLookahead && !s.ended {
		line, ok := <-s.lines
		if !ok {
			s.ended = true
			break
		}
		at := len(s.next)
		for at > 0 && line.Time.Before(s.next[at-1].Time) {
			at--
		}
		s.next = slices.Insert(s.next, at, line)
	}
	return len(s.next) > 0 && (!s.ended || s.err == nil)
}

// sources is a heap, the one with the oldest line first.
type sources []*logSource

func (s sources) Len() int           { return len(s) }
func (s sources) Less(i, j int) bool { return s[i].next[0].Time.Before(s[j].next[0].Time) }
func (s sources) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *sources) Push(v any)        { *s = append(*s, v.(*logSource)) }
func (s *sources) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
