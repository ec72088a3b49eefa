package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"faas/function"
)

// Logs emits what the replicas of a function wrote, in the order of time, from the files that they write to. One who
// follows slowly holds up no replica, since the files are read at the pace of emit; where one is gone before it was
// read, a line says so. Lines of an earlier function of the name, which was removed, are left out. Lines from before
// replicas were noted in the files have NAME.SLOT for an instance.
//
// Logs returns nil when all is emitted, or with Follow when the function is removed. Errors: ErrNotFound where there is
// no such function, ErrUnavailable when the backend ends, ctx's, and emit's as it is.
func (b *Backend) Logs(ctx context.Context, q function.LogQuery, emit func(function.LogLine) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &logReader{query: q, from: q.Since, emit: emit, ended: b.ended}
	err := b.Available()
	if err == nil {
		err = b.ask(ctx, func(s *supervisor, _ time.Time) error {
			d, err := s.get(q.Name)
			if err != nil {
				return err
			}
			r.removed, r.logs = d.removed, b.logs.of(q.Name) // here, or it might be forgotten before
			if d.createdAt.After(r.from) {
				r.from = d.createdAt
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("read the logs of %s: %w", q.Name, err)
	}
	r.replica = strings.TrimPrefix(q.Instance, q.Name+".")
	r.slot, _ = slotOf(r.replica) // 0, which no slot has, for what is no replica's ID
	defer r.close()
	return r.run(ctx)
}

// logReader answers one query.
type logReader struct {
	query   function.LogQuery
	from    time.Time // older lines are left out
	replica string    // that is meant, as logRecord has it, and its slot. Empty: all
	slot    int
	emit    func(function.LogLine) error
	removed <-chan struct{} // closed when the function is
	ended   <-chan struct{} // closed when the backend does

	logs    *functionLogs
	sources []*logSource
}

func (r *logReader) run(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	for r.query.Follow {
		news := r.logs.news()
		r.join()
		if err := r.pass(ctx, news); err != nil {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.removed:
			return r.finish(ctx)
		case <-r.ended:
			return errors.Join(r.finish(ctx), function.Unavailablef("the local backend has ended"))
		}
	}
	return r.pass(ctx, nil)
}

// begin opens what there is, at the first line that is wanted.
func (r *logReader) begin(ctx context.Context) error {
	if err := r.logs.find(); err != nil {
		return unreadable(err)
	}
	r.join()
	for _, s := range r.sources {
		if err := s.open(); err != nil {
			return unreadable(err)
		}
	}
	if r.query.Tail <= 0 && r.query.Since.IsZero() {
		return nil // the sources begin at the first line
	}
	if err := beginAtTail(ctx, r.sources, r.query.Tail, r.from); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return unreadable(err)
	}
	return nil
}

// join takes up slots that began to write. Their files are new, since begin found those that were there.
func (r *logReader) join() {
	for _, slot := range r.logs.slots() {
		known := slices.ContainsFunc(r.sources, func(s *logSource) bool { return s.slot == slot })
		if known || r.query.Instance != "" && slot != r.slot {
			continue
		}
		r.sources = append(r.sources, &logSource{
			file: r.logs.file(slot), slot: slot, want: r.wants, endless: r.query.Follow, last: oldestPart, filled: true,
		})
	}
}

func (r *logReader) wants(record logRecord) bool {
	return !record.removed && !record.at.Before(r.from) && (r.query.Instance == "" || record.replica == r.replica)
}

// take is the next line of a source.
func (r *logReader) take(s *logSource) function.LogLine {
	s.has = false
	id := s.record.replica
	if id == "" {
		id = strconv.Itoa(s.slot)
	}
	return function.LogLine{Instance: r.query.Name + "." + id, Time: s.record.at.UTC(), Text: string(s.record.text)}
}

func (r *logReader) close() {
	for _, s := range r.sources {
		s.close()
	}
}

func unreadable(err error) error {
	return fmt.Errorf("read the logs: %w", errors.Join(function.ErrUnavailable, err))
}

// finish emits what there is now, and no more.
func (r *logReader) finish(ctx context.Context) error {
	for _, s := range r.sources {
		if err := s.seal(); err != nil {
			return unreadable(err)
		}
	}
	return r.pass(ctx, nil)
}

// emittedAtOnce is how many lines are emitted before it is looked whether others came that are older.
const emittedAtOnce = 100

// pass emits what there is, the oldest first, until there is no more, or there are news.
func (r *logReader) pass(ctx context.Context, news <-chan struct{}) error {
	dry := make([]bool, len(r.sources))
	for n := 1; ; n++ {
		if n%emittedAtOnce == 0 {
			select {
			case <-news:
				return nil
			default:
			}
		}
		var first *logSource
		for i, s := range r.sources {
			if dry[i] {
				continue
			}
			there, err := s.next()
			if err != nil {
				return unreadable(err)
			}
			if dry[i] = !there; there && (first == nil || s.record.at.Before(first.record.at)) {
				first = s
			}
		}
		if first == nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.emit(r.take(first)); err != nil {
			return err
		}
	}
}
