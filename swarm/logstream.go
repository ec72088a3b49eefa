package swarm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/docker/docker/pkg/stdcopy"

	"faas/function"
	"faas/internal/logtext"
)

const (
	// maxLogText is the longest text of a line. Docker itself keeps a line in messages of 16 KiB, all with the time of
	// the first; they are put together again up to this length, and longer lines come in pieces of it, cut between
	// characters.
	maxLogText = 64 << 10
	// logOverlap is how much is read again after a break: the two streams of a task are stamped by two goroutines, so
	// that a message may stand behind one that is later by a little.
	logOverlap = time.Second
)

var (
	// errIncomplete is the engine's word that it cannot give all, because of a node that it does not reach.
	errIncomplete = errors.New("the engine cannot give the whole log")
	// errIdle ends a reading of what is there already when nothing comes.
	errIdle = errors.New("the engine gives no more of the log and does not end it")
)

// taskLog is the log of one task, and how far it was read. One goroutine reads it at a time.
type taskLog struct {
	task     string // ID
	instance string // as function.Replica has it
	node     string // ID
	created  time.Time
	terminal bool      // the stream has no frames
	floor    time.Time // nothing before it is wanted
	read     [2]mark   // of standard output and standard error
	missed   bool      // what there was at the beginning could not be read
	over     bool      // the task has ended
}

// mark is how far a stream was read: some messages may have the same time, so many of these were. In one stream times
// never go back.
type mark struct {
	time  time.Time
	count int
	cut   bool   // the end of its line is still to come
	torn  string // the beginning of a character, read with what was cut
}

// since is from when on to read so that nothing is missed. All before what was read is known by its marks.
func (l *taskLog) since() time.Time {
	last := later(l.read[0].time, l.read[1].time)
	if last.IsZero() {
		return l.floor
	}
	return later(l.floor, last.Add(-logOverlap))
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// reading is one stream of messages from the engine.
type reading struct {
	streams  [2]lineWriter
	messages int
	first    time.Time // the earliest of all messages
}

// follow emits what comes after what was read until ctx ends or the stream does. The stream of a node that was away
// for a while stays silent, and nothing says so: after some silence it ends with errIdle.
func (l *taskLog) follow(ctx context.Context, from logs, silence time.Duration, emit func(function.LogLine) error) error {
	_, err := l.stream(ctx, from, logRange{since: l.since(), follow: true}, silence, func(_ int, line function.LogLine) error { return emit(line) })
	return err
}

// rest emits what is there after what was read.
func (l *taskLog) rest(ctx context.Context, from logs, idle time.Duration, emit func(function.LogLine) error) error {
	_, err := l.stream(ctx, from, logRange{since: l.since()}, idle, func(_ int, line function.LogLine) error { return emit(line) })
	return err
}

// stream reads messages, and emits lines after what was read. It ends with errIdle once nothing has come for so long;
// a slow emit does not count.
func (l *taskLog) stream(ctx context.Context, from logs, which logRange, idle time.Duration,
	emit func(stream int, line function.LogLine) error,
) (*reading, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &reading{}
	for i := range r.streams {
		r.streams[i] = lineWriter{of: r, at: &l.read[i], emit: func(line function.LogLine) error {
			line.Instance = l.instance
			return emit(i, line)
		}}
	}
	source := &patientReader{limit: idle, timer: time.AfterFunc(idle, func() { cancel(errIdle) })}
	defer source.timer.Stop()
	body, err := from.taskLogs(ctx, l.task, which)
	if err != nil {
		return r, ended(ctx, err)
	}
	defer body.Close()
	source.from = body
	if err := l.copy(r, source); err != nil {
		return r, ended(ctx, err)
	}
	if which.follow {
		return r, nil // a line that was begun is read again
	}
	return r, errors.Join(r.streams[0].flush(), r.streams[1].flush())
}

// ended says why ctx did, if it did.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// copy takes the messages apart. What is neither the source's nor a writer's error is the engine's own, told in the stream.
func (l *taskLog) copy(r *reading, source *patientReader) error {
	if l.terminal {
		return copyTerminal(&r.streams[0], source)
	}
	_, err := stdcopy.StdCopy(&r.streams[0], &r.streams[1], source)
	switch {
	case err == nil:
		return nil
	case r.streams[0].failed != nil:
		return r.streams[0].failed
	case r.streams[1].failed != nil:
		return r.streams[1].failed
	case source.failed != nil:
		return function.Unavailablef("read a log: %w", source.failed)
	}
	return fmt.Errorf("%w: %s", errIncomplete, plain(err))
}

// copyTerminal takes the messages of a container with a terminal apart, which come without frames.
func copyTerminal(w *lineWriter, source *patientReader) error {
	in := bufio.NewReaderSize(source, maxLogText)
	var stamp []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(part) > 0 {
			if stamp == nil {
				stamp, part, _ = bytes.Cut(part, []byte{' '})
				stamp = bytes.Clone(stamp)
			}
			if err := w.message(stamp, part); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
			stamp = nil
		case errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return function.Unavailablef("read a log: %w", err)
		}
	}
}

// patientReader notes the source's error, and lets the timer run while it waits for the source.
type patientReader struct {
	from   io.Reader
	limit  time.Duration
	timer  *time.Timer
	failed error
}

// Read implements io.Reader.
func (p *patientReader) Read(buf []byte) (int, error) {
	p.timer.Reset(p.limit)
	defer p.timer.Stop()
	n, err := p.from.Read(buf)
	if err != nil && !errors.Is(err, io.EOF) {
		p.failed = err
	}
	return n, err
}

// lineWriter makes lines of the messages of one stream, and drops those that were read before.
type lineWriter struct {
	of     *reading
	at     *mark
	met    mark // the last message of this reading, and how many had its time
	first  time.Time
	line   function.LogLine // that was begun
	text   []byte
	begun  bool
	emit   func(function.LogLine) error
	failed error
}

// Write implements io.Writer for stdcopy, which calls it once a frame. A frame is one message.
func (w *lineWriter) Write(frame []byte) (int, error) {
	stamp, text, _ := bytes.Cut(frame, []byte{' '})
	if err := w.message(stamp, text); err != nil {
		w.failed = err
		return 0, err
	}
	return len(frame), nil
}

func (w *lineWriter) message(stamp, text []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return function.Unavailablef("docker: a message of a log without its time: %.100q", stamp)
	}
	w.note(at)
	if at.Before(w.at.time) || at.Equal(w.at.time) && w.met.count <= w.at.count {
		return nil
	}
	if !w.begun {
		w.begun, w.line.Time = true, at
		w.text = append(w.text[:0], w.at.torn...)
	}
	w.text = append(w.text, text...)
	if len(w.text) < maxLogText && !bytes.HasSuffix(text, []byte{'\n'}) {
		return nil
	}
	return w.flush()
}

// note counts a message.
func (w *lineWriter) note(at time.Time) {
	w.of.messages++
	if w.of.first.IsZero() || at.Before(w.of.first) {
		w.of.first = at
	}
	if w.first.IsZero() {
		w.first = at
	}
	if !at.Equal(w.met.time) {
		w.met = mark{time: at}
	}
	w.met.count++
}

// flush emits the line that was begun, and marks all of the stream until now as read.
func (w *lineWriter) flush() error {
	if !w.begun {
		return nil
	}
	text, whole := bytes.CutSuffix(w.text, []byte{'\n'})
	if whole {
		text = bytes.TrimSuffix(text, []byte{'\r'})
	}
	empty := len(text) == 0 && w.at.cut // no more of it was to come than its end
	*w.at = mark{time: w.met.time, count: w.met.count, cut: !whole}
	if !whole && len(text) >= maxLogText { // there is more of it to come
		n := logtext.Whole(text)
		text, w.at.torn = text[:n], string(text[n:])
	}
	w.begun = false
	for !empty {
		piece := text[:min(len(text), maxLogText)]
		if len(piece) < len(text) {
			piece = piece[:logtext.Whole(piece)]
		}
		text, empty = text[len(piece):], len(piece) == len(text)
		w.line.Text = string(piece)
		if err := w.emit(w.line); err != nil {
			return err
		}
	}
	return nil
}

// skip makes all messages of a stream up to a time known.
func (m *mark) skip(until time.Time) { *m = mark{time: until, count: math.MaxInt} }
