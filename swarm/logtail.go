package swarm

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"faas/function"
)

const (
	// maxTail bounds what a tail keeps in memory, in bytes: older lines are left out beyond it, however many were asked for.
	maxTail = 16 << 20
	// smallTail is what the tail of each task may take while those of others are read; only one may take more.
	smallTail = 512 << 10
	// tailsAtOnce is how many tasks' tails are read at the same time.
	tailsAtOnce = 32
	// viewsAtOnce is how many requests read tails at the same time; others wait.
	viewsAtOnce = 4
	// tailMargin is how many messages more than lines are asked for, so that few logs need a second question.
	tailMargin = 16
	// lineCost is what a line takes in memory besides its text.
	lineCost = 64
)

// showTail emits the newest lines of all tasks together.
func (v *logView) showTail(ctx context.Context, found []*taskLog, emit func(function.LogLine) error) error {
	newest, err := v.readTail(ctx, found)
	if err != nil {
		return err
	}
	for _, line := range newest {
		if err := emit(line); err != nil {
			return err
		}
	}
	return nil
}

// readTail reads the newest lines of all tasks together. Only so many requests do so at once, since reading takes
// several times the memory of the result; nobody waits here for another's client, who may be slow.
func (v *logView) readTail(ctx context.Context, found []*taskLog) ([]function.LogLine, error) {
	select {
	case v.b.tails <- struct{}{}:
		defer func() { <-v.b.tails }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n := min(v.query.Tail, maxTail/lineCost)
	var mu sync.Mutex
	var newest []function.LogLine
	var large sync.Mutex
	readers, within := errgroup.WithContext(ctx)
	readers.SetLimit(tailsAtOnce)
	for _, l := range found {
		readers.Go(func() error {
			t := &logTail{view: v, log: l, n: n, large: &large}
			defer t.release()
			if err := v.attempt(within, l, func() error { return t.read(within) }); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			newest = newestOf(append(newest, t.lines...), n)
			return nil
		})
	}
	return newest, readers.Wait()
}

// newestOf puts lines in order and keeps as many as may be.
func newestOf(lines []function.LogLine, n int) []function.LogLine {
	slices.SortStableFunc(lines, byTime)
	from := len(lines)
	for size := 0; from > 0 && len(lines)-from < n; from-- {
		if size += len(lines[from-1].Text) + lineCost; size > maxTail {
			break
		}
	}
	return slices.Clone(lines[from:])
}

func byTime(a, b function.LogLine) int { return a.Time.Compare(b.Time) }

// logTail is the newest lines of a task. Docker counts messages, of which a long line has several: the first line of each
// stream may lack its beginning, unless there was nothing before.
type logTail struct {
	view  *logView
	log   *taskLog
	n     int
	large *sync.Mutex // held by the one that is
	holds bool

	torn  [2]*function.LogLine // the first of each stream
	lines []function.LogLine
	size  int
}

func (t *logTail) release() {
	if t.holds {
		t.large.Unlock()
	}
}

// read reads the tail, of ever more messages until there are lines enough.
func (t *logTail) read(ctx context.Context) error {
	l := t.log
	for ask := t.n + tailMargin; ; ask *= 4 {
		l.read, t.torn, t.lines, t.size = [2]mark{}, [2]*function.LogLine{}, nil, 0
		r, err := l.stream(ctx, t.view.b.logs, logRange{since: l.floor, tail: ask}, t.view.b.timing.logIdle, t.take)
		if err != nil {
			t.lines = nil
			return err
		}
		whole := r.messages < ask
		if !whole && ask < maxTail && (len(t.lines) < t.n && t.size < maxTail || !r.told()) {
			continue
		}
		for i, first := range t.torn {
			switch {
			case first != nil && whole:
				t.lines = slices.Insert(t.lines, 0, *first)
			case first == nil && !whole: // it may have been quiet for long
				l.read[i].skip(r.first)
			}
		}
		t.lines = newestOf(t.lines, t.n)
		return nil
	}
}

func (t *logTail) take(stream int, line function.LogLine) error {
	if t.torn[stream] == nil {
		t.torn[stream] = &line
		return nil
	}
	t.lines = append(t.lines, line)
	t.size += len(line.Text) + lineCost
	if t.size > smallTail && !t.holds {
		t.large.Lock()
		t.holds = true
	}
	if t.size > maxTail+maxTail/4 {
		t.lines = newestOf(t.lines, t.n)
		t.size = 0
		for _, kept := range t.lines {
			t.size += len(kept.Text) + lineCost
		}
	}
	return nil
}

// told reports whether the marks of a reading that began somewhere count all messages of the last time: it must have
// begun before that.
func (r *reading) told() bool {
	for i := range r.streams {
		if s := &r.streams[i]; !s.first.IsZero() && s.first.Equal(s.met.time) {
			return false
		}
	}
	return true
}
