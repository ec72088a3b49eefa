package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// beginAtTail sets sources, which were opened and not read yet, to the newest n of the records that they want, all of
// them together; n of 0 or less is all. None is older than from. It reads the files backwards, and no more of them
// than it must.
func beginAtTail(ctx context.Context, sources []*logSource, n int, from time.Time) error {
	var tails []*logTail
	for _, s := range sources {
		if len(s.parts) == 0 {
			continue // all that it will have is new
		}
		t, err := newLogTail(s, from)
		if err != nil {
			return err
		}
		tails = append(tails, t)
	}
	for taken := 0; n <= 0 || taken < n; taken++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var newest *logTail
		for _, t := range tails {
			there, err := t.find()
			if err != nil {
				return err
			}
			if there && (newest == nil || t.at.After(newest.at)) {
				newest = t
			}
		}
		if newest == nil {
			break
		}
		newest.take()
	}
	for _, t := range tails {
		t.begin()
	}
	return nil
}

// logTail goes through a source's records, the newest first, and remembers where the last one that was taken begins.
type logTail struct {
	source *logSource
	from   time.Time
	back   *backReader
	part   int // of the source's parts, that back reads
	done   bool

	// at and off are of the record that was found, if has.
	has bool
	at  time.Time
	off int64

	beginPart int
	beginOff  int64
}

func newLogTail(s *logSource, from time.Time) (*logTail, error) {
	t := &logTail{source: s, from: from, part: len(s.parts) - 1, beginPart: len(s.parts) - 1}
	t.back = newBackReader(s.parts[t.part])
	var err error
	if t.beginOff, err = t.back.open(); err != nil { // behind the last line that is whole
		return nil, t.failed(err)
	}
	return t, nil
}

// find looks for the next record, unless there is one already.
func (t *logTail) find() (bool, error) {
	for !t.has && !t.done {
		line, off, err := t.back.line()
		if errors.Is(err, io.EOF) {
			if t.part--; t.part < 0 {
				t.done = true
				break
			}
			t.back = newBackReader(t.source.parts[t.part])
			_, err = t.back.open()
			if err == nil {
				continue
			}
		}
		if err != nil {
			return false, t.failed(err)
		}
		record, ok := parseRecord(line, t.source.slot)
		switch {
		case !ok:
		case record.at.Before(t.from):
			t.done = true
		case t.source.want(record):
			t.has, t.at, t.off = true, record.at, off
		}
	}
	return t.has, nil
}

func (t *logTail) failed(err error) error {
	return fmt.Errorf("read the log %s backwards: %w", t.source.file.path, err)
}

func (t *logTail) take() { t.has, t.beginPart, t.beginOff = false, t.part, t.off }

// begin sets the source to the oldest record that was taken, or behind all that there is.
func (t *logTail) begin() {
	s := t.source
	closeParts(s.parts[:t.beginPart])
	s.parts = s.parts[t.beginPart:]
	s.parts[0].off = t.beginOff
}

// backReader reads the whole lines of a part, the last first.
type backReader struct {
	part logPart
	base int64
	buf  []byte // of the file from base on, up to the line that was returned last
}

func newBackReader(p logPart) *backReader { return &backReader{part: p, base: p.known} }

// open goes to the end of the last whole line, and says where that is. What is behind is being written.
func (r *backReader) open() (int64, error) {
	for r.base > 0 {
		if err := r.more(); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(r.buf, '\n'); i >= 0 {
			r.buf = r.buf[:i+1]
			return r.base + int64(i+1), nil
		}
		r.buf = nil
	}
	return 0, nil
}

// line returns the line before the one that it returned last, without its end, and where it begins; or io.EOF.
func (r *backReader) line() ([]byte, int64, error) {
	for {
		if n := len(r.buf); n > 0 {
			i := bytes.LastIndexByte(r.buf[:n-1], '\n')
			if i >= 0 || r.base == 0 {
				line := r.buf[i+1 : n-1]
				r.buf = r.buf[:i+1]
				return line, r.base + int64(i+1), nil
			}
		}
		if r.base == 0 {
			return nil, 0, io.EOF
		}
		if err := r.more(); err != nil {
			return nil, 0, err
		}
	}
}

// more reads what is before base.
func (r *backReader) more() error {
	n := min(r.base, logChunk)
	buf := make([]byte, int(n)+len(r.buf))
	if _, err := r.part.file.ReadAt(buf[:n], r.base-n); err != nil {
		return err
	}
	copy(buf[n:], r.buf)
	r.buf, r.base = buf, r.base-n
	return nil
}
