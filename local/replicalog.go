package local

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"faas/internal/logtext"
)

const (
	logMaxLine = 16 << 10               // longer lines are split, between characters
	logLinger  = 100 * time.Millisecond // for what is still in the pipes of a dead replica
)

// replicaLog writes what a replica says to its slot's file.
type replicaLog struct {
	file           *logFile
	replica        string          // as logRecord has it
	removed        <-chan struct{} // closed when the replica's function is
	stdout, stderr *os.File        // the ends that we read
	lines          chan logRecord
	readers        sync.WaitGroup
	written        chan struct{} // closed when the file is
	words          *lastWords    // of standard error; its reader's until that ended
}

// newReplicaLog returns the log, whose close must be called, and the ends of its pipes for the process.
func newReplicaLog(file *logFile, r *replica, log *slog.Logger) (l *replicaLog, stdout, stderr *os.File, err error) {
	if err := file.open(); err != nil {
		return nil, nil, nil, err
	}
	l = &replicaLog{
		file: file, replica: r.idInFunction(), removed: r.removed,
		lines: make(chan logRecord, 64), written: make(chan struct{}), words: newLastWords(),
	}
	if l.stdout, stdout, err = os.Pipe(); err != nil {
		file.close()
		return nil, nil, nil, err
	}
	if l.stderr, stderr, err = os.Pipe(); err != nil {
		file.close()
		_ = l.stdout.Close() // nothing was in it
		_ = stdout.Close()
		return nil, nil, nil, err
	}
	l.readers.Go(func() { l.read(l.stdout, nil) })
	l.readers.Go(func() { l.read(l.stderr, l.words) })
	go func() {
		defer close(l.written)
		l.write(log)
	}()
	return l, stdout, stderr, nil
}

func (l *replicaLog) read(from io.Reader, words *lastWords) {
	r := bufio.NewReaderSize(from, logMaxLine)
	var torn []byte // the beginning of a character that the last piece ended in
	for {
		part, err := r.ReadSlice('\n')
		if len(torn)+len(part) > 0 {
			line := slices.Concat(torn, part)
			torn = nil
			if err != bufio.ErrBufferFull { //nolint:errorlint // bufio returns it bare
				line = bytes.TrimRight(line, "\r\n")
			} else if whole := logtext.Whole(line); whole < len(line) {
				line, torn = line[:whole], line[whole:]
			}
			l.lines <- logRecord{at: time.Now(), text: line}
			if words != nil {
				words.add(line)
			}
		}
		if err != nil && err != bufio.ErrBufferFull { //nolint:errorlint // as above
			return
		}
	}
}

// write must take every line, or the replica would block on a full pipe.
func (l *replicaLog) write(log *slog.Logger) {
	failed := false
	var latest time.Time
	var buf []byte
	for record := range l.lines {
		if record.at.Before(latest) { // one of standard output overtook one of standard error
			record.at = latest
		}
		latest = record.at
		record.replica, record.removed = l.replica, l.ofRemoved()
		buf = record.append(buf[:0])
		if err := l.file.write(buf); err != nil && !failed {
			failed = true
			log.Warn("replica's log cannot be written", "file", l.file.path, "err", err)
		}
	}
	l.file.close()
}

func (l *replicaLog) ofRemoved() bool {
	select {
	case <-l.removed:
		return true
	default:
		return false
	}
}

// close ends the log and returns the function's last words. A process that escaped with the
// pipes in hand is not waited for.
func (l *replicaLog) close() string {
	soon := time.Now().Add(logLinger)
	for _, f := range []*os.File{l.stdout, l.stderr} {
		if err := f.SetReadDeadline(soon); err != nil {
			_ = f.Close() // ends the read all the same
		}
	}
	l.readers.Wait()
	_ = l.stdout.Close() // read to its end
	_ = l.stderr.Close()
	close(l.lines)
	<-l.written
	return l.words.text()
}
