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

	"faas/function"
)

// logTries is how often what is there already is read from a connection that breaks.
const logTries = 4

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
	v := &logView{b: b, query: q, begun: time.Now(), known: map[string]*taskLog{}, silent: map[string]bool{}}
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

	mu     sync.Mutex
	silent map[string]bool // nodes, by ID, that keep what they have to themselves
}

func (v *logView) isSilent(node string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.silent[node]
}

// left notes that a task's log is left out.
func (v *logView) left(l *taskLog, err error) {
	v.b.opts.Log.Warn("a replica's log cannot be had", "function", v.query.Name, "replica", l.instance, "err", err)
	v.mu.Lock()
	defer v.mu.Unlock()
	l.missed = true
	if errors.Is(err, errIdle) {
		v.silent[l.node] = true
	}
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
				task: one.ID, instance: id, node: one.NodeID, created: one.CreatedAt, floor: v.query.Since,
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
// others are not to wait for it. Swarm's managers wait for a node that is away without a word.
func (v *logView) attempt(ctx context.Context, l *taskLog, read func() error) error {
	retry := backoff{first: v.b.timing.retry, most: v.b.timing.retryMax}
	for try := 1; ; try++ {
		err := errIdle
		if !v.isSilent(l.node) {
			err = read()
		}
		switch {
		case err == nil, ctx.Err() != nil:
			return err
		case isNotFound(err):
			return nil
		case errors.Is(err, errIncomplete), errors.Is(err, errIdle):
			v.left(l, err)
			return nil
		case !errors.Is(err, function.ErrUnavailable) || try == logTries || !retry.wait(ctx):
			return err
		}
	}
}
