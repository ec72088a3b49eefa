package swarm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"faas/function"
)

const (
	// maxTail bounds what a tail keeps in memory: older lines are left out beyond it, however many were asked for.
	maxTail = 16 << 20 // bytes
	// tailMargin is how many messages more than lines are asked for, so that few logs need a second question.
	tailMargin = 16
	// tailsAtOnce is how many tasks' tails are read at the same time.
	tailsAtOnce = 8
	// lineCost is what a line takes in memory besides its text.
	lineCost = 64
	// logTries is how often what is there already is read from a connection that breaks.
	logTries = 4
)

// Logs emits what the replicas of a function wrote, those that ended included for as long as Docker keeps them, in
// order of time. A line longer than 64 KiB comes in pieces. Without Follow it returns nil once all that there is was
// emitted; what a node has that does not answer is left out. With Follow it goes on, with replicas that start later as
// well and over breaks of the connection, until the function is removed. A tail holds at most 16 MiB.
//
// The log of each task is read by itself and not that of the service: then the next line of each is waited for, where
// Docker would mix them as they come; each goes on after a break by the clock of its own node; and none is missed that
// starts while a service is asked for.
//
// Errors: emit's as it is, ctx's, ErrNotFound, ErrUnavailable.
func (b *Backend) Logs(ctx context.Context, q function.LogQuery, emit func(function.LogLine) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.Available(); err != nil {
		return fmt.Errorf("read the logs of %s: %w", q.Name, err)
	}
	v := &logView{b: b, query: q, begun: time.Now(), known: map[string]*taskLog{}}
	refused := false
	err := v.show(ctx, func(line function.LogLine) error {
		err := emit(line)
		refused = refused || err != nil
		return err
	})
	if err == nil || refused || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("read the logs of %s: %w", q.Name, err)
}

// logView is one look at the logs of a function.
type logView struct {
	b       *Backend
	query   function.LogQuery
	service string
	begun   time.Time
	known   map[string]*taskLog // by task
}

func (v *logView) show(ctx context.Context, emit func(function.LogLine) error) error {
	s, err := v.b.find(ctx, v.query.Name)
	if err != nil {
		return err
	}
	v.service = s.ID
	_, found, err := v.look(ctx)
	if err != nil {
		return err
	}
	if v.query.Tail > 0 {
		err = v.showTail(ctx, found, emit)
	} else {
		err = v.showAll(ctx, found, emit)
	}
	if err != nil || !v.query.Follow {
		return err
	}
	return v.follow(ctx, emit)
}

// look lists the tasks that are wanted. The second result are the logs among theirs that were not known yet, in the order
// of the tasks' creation.
func (v *logView) look(ctx context.Context) (tasks []task, found []*taskLog, err error) {
	list, err := v.b.cluster.listTasks(ctx, look{services: []string{v.service}})
	if err != nil {
		return nil, nil, err
	}
	there := make(map[string]bool, len(list))
	for _, one := range list {
		there[one.ID] = true
		t := task{api: one}
		id := t.replicaID(v.query.Name)
		if v.query.Instance != "" && v.query.Instance != id {
			continue
		}
		tasks = append(tasks, t)
		l := v.known[one.ID]
		if l == nil && t.hasLog() {
			l = &taskLog{
				task: one.ID, instance: id, created: one.CreatedAt, floor: v.query.Since,
				terminal: one.Spec.ContainerSpec != nil && one.Spec.ContainerSpec.TTY,
			}
			v.known[one.ID] = l
			found = append(found, l)
		}
		if l != nil {
			l.over = t.dead()
		}
	}
	maps.DeleteFunc(v.known, func(id string, _ *taskLog) bool { return !there[id] })
	slices.SortFunc(found, func(a, b *taskLog) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.instance, b.instance))
	})
	return tasks, found, nil
}

// hasLog reports whether a task has, or had, a container.
func (t *task) hasLog() bool {
	c := t.api.Status.ContainerStatus
	return c != nil && c.ContainerID != ""
}

// attempt reads what is there of a task's log, again where the connection breaks. What a node keeps to itself is left out:
// others are not to wait for it.
func (v *logView) attempt(ctx context.Context, l *taskLog, read func() error) error {
	retry := backoff{first: v.b.timing.retry, most: v.b.timing.retryMax}
	for try := 1; ; try++ {
		err := read()
		switch {
		case err == nil, ctx.Err() != nil:
			return err
		case errors.Is(err, errIncomplete), errors.Is(err, errIdle), isNotFound(err):
			l.missed = true
			v.b.opts.Log.Debug("a replica's log cannot be had", "function", v.query.Name, "replica", l.instance, "err", err)
			return nil
		case !errors.Is(err, function.ErrUnavailable) || try == logTries || !retry.wait(ctx):
			return err
		}
	}
}

// showTail emits the newest lines of all tasks together.
func (v *logView) showTail(ctx context.Context, found []*taskLog, emit func(function.LogLine) error) error {
	var mu sync.Mutex
	var newest []function.LogLine
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(tailsAtOnce)
	for _, l := range found {
		readers.Go(func() error {
			lines, err := v.tailOf(ctx, l)
			mu.Lock()
			defer mu.Unlock()
			newest = newestOf(append(newest, lines...), v.query.Tail)
			return err
		})
	}
	if err := readers.Wait(); err != nil {
		return err
	}
	for _, line := range newest {
		if err := emit(line); err != nil {
			return err
		}
	}
	return nil
}

// newestOf puts lines in order and keeps as many as may be.
func newestOf(lines []function.LogLine, n int) []function.LogLine {
	slices.SortStableFunc(lines, byTime)
	from := len(lines)
	for bytes := 0; from > 0 && len(lines)-from < n; from-- {
		if bytes += len(lines[from-1].Text) + lineCost; bytes > maxTail {
			break
		}
	}
	return slices.Clone(lines[from:])
}

func byTime(a, b function.LogLine) int { return a.Time.Compare(b.Time) }

// tailOf returns the newest lines of a task. Docker counts messages, of which a long line has several: the first line
// of each stream may lack its beginning, unless there was nothing before.
func (v *logView) tailOf(ctx context.Context, l *taskLog) ([]function.LogLine, error) {
	n := min(v.query.Tail, maxTail/lineCost)
	var lines []function.LogLine
	err := v.attempt(ctx, l, func() error {
		for ask := n + tailMargin; ; ask *= 4 {
			l.read, lines = [2]mark{}, nil
			var torn [2]*function.LogLine
			size := 0
			r, err := l.stream(ctx, v.b.logs, logRange{since: l.floor, tail: ask}, v.b.timing.logIdle, func(stream int, line function.LogLine) error {
				if torn[stream] == nil {
					torn[stream] = &line
					return nil
				}
				lines = append(lines, line)
				if size += len(line.Text) + lineCost; size > 2*maxTail || len(lines) > 4*n {
					lines, size = newestOf(lines, n), 0
				}
				return nil
			})
			if err != nil {
				return err
			}
			whole := r.messages < ask
			if !whole && ask < maxTail && (len(lines) < n || !r.told()) {
				continue
			}
			for i, first := range torn {
				switch {
				case first != nil && whole:
					lines = slices.Insert(lines, 0, *first)
				case first == nil && !whole: // it may have been quiet for long
					l.read[i].skip(r.first)
				}
			}
			lines = newestOf(lines, n)
			return nil
		}
	})
	return lines, err
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
