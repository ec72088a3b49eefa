package local

import (
	"bytes"
	"errors"
	"io"
	"time"
)

const (
	// logChunk is what is read of a log file at once. No record is as long.
	logChunk  = 64 << 10
	minBuffer = 4 << 10
)

// logSource gives the records of one slot's file, the oldest first, as fast as they are asked for: it holds up no
// replica, and parts that are renamed meanwhile are read to their end.
type logSource struct {
	file *logFile
	slot int
	want func(logRecord) bool
	// endless sources give what is written from now on too.
	endless bool
	// parts are open, the first is read now; last is the number of the newest that was opened.
	parts []logPart
	last  int
	// buf[begin:end] was read ahead, of the first part.
	buf        []byte
	begin, end int
	filled     bool // by the last read

	record logRecord // the next one, valid until it is taken
	has    bool
}

// open opens what there is now.
func (s *logSource) open() error {
	parts, err := s.file.all()
	if err != nil {
		return err
	}
	s.parts, s.last = parts, oldestPart-1
	for i := range parts {
		info, err := parts[i].file.Stat()
		if err != nil {
			return err
		}
		s.last = parts[i].number
		parts[i].known = info.Size()
		if !s.endless {
			parts[i].end = parts[i].known
		}
	}
	return nil
}

// next finds the next record, unless there is one already. It is false when there is none for now.
func (s *logSource) next() (bool, error) {
	for !s.has {
		final := len(s.parts) > 1 // nothing is written to the first any more; asked before it is read
		line, err := s.line()
		switch {
		case err == nil:
			s.record, s.has = parseRecord(line, s.slot)
			s.has = s.has && s.want(s.record)
		case !errors.Is(err, io.EOF):
			return false, err
		case final:
			closeParts(s.parts[:1])
			s.parts, s.begin, s.end = s.parts[1:], 0, 0
			s.miss()
		case !s.endless:
			return false, nil
		default:
			more, err := s.extend()
			if err != nil || !more {
				return false, err
			}
			s.miss()
		}
	}
	return true, nil
}

// extend opens what came after the last part.
func (s *logSource) extend() (more bool, err error) {
	parts, err := s.file.after(s.last)
	if err != nil || len(parts) == 0 {
		return false, err
	}
	s.parts = append(s.parts, parts...)
	s.last = parts[len(parts)-1].number
	return true, nil
}

// miss gives a record in the place of those of a part that was gone before it could be read.
func (s *logSource) miss() {
	if len(s.parts) > 0 && s.parts[0].file == nil {
		s.parts = s.parts[1:]
		s.record = logRecord{at: time.Now(), text: []byte("(lines are missing here: they were written faster than they were read)")}
		s.has = true
	}
}

// seal ends an endless source with what is there now.
func (s *logSource) seal() error {
	if _, err := s.extend(); err != nil {
		return err
	}
	s.endless = false
	if len(s.parts) == 0 {
		return nil
	}
	last := &s.parts[len(s.parts)-1]
	if last.file == nil {
		return nil
	}
	info, err := last.file.Stat()
	if err != nil {
		return err
	}
	last.end = info.Size()
	return nil
}

// line returns the next whole line of the first part, without its end, or io.EOF. It is valid until the next call.
func (s *logSource) line() ([]byte, error) {
	if len(s.parts) == 0 || s.parts[0].file == nil {
		return nil, io.EOF
	}
	p := &s.parts[0]
	for searched := 0; ; {
		ahead := s.buf[s.begin:s.end]
		if i := bytes.IndexByte(ahead[searched:], '\n'); i >= 0 {
			line := ahead[:searched+i]
			s.begin += len(line) + 1
			p.off += int64(len(line) + 1)
			return line, nil
		}
		searched = len(ahead)
		if searched > logChunk { // no record of ours
			p.off += int64(searched)
			s.begin, s.end, searched = 0, 0, 0
			continue
		}
		buf := s.buf
		if s.filled && len(buf) < 2*logChunk { // most sources are idle, so that each begins small
			buf = make([]byte, max(minBuffer, 2*len(buf)))
		}
		copy(buf, ahead)
		s.buf = buf
		s.begin, s.end = 0, searched
		at, room := p.off+int64(searched), int64(len(s.buf)-searched)
		if p.end >= 0 {
			room = min(room, p.end-at)
		}
		if room <= 0 {
			return nil, io.EOF
		}
		n, err := p.file.ReadAt(s.buf[searched:searched+int(room)], at)
		s.filled = n == len(s.buf)-searched
		if s.end += n; n == 0 {
			return nil, err // io.EOF, where there is no more
		}
	}
}

func (s *logSource) close() {
	closeParts(s.parts)
	s.parts = nil
}
