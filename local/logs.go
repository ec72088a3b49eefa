package local

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	logMaxSize = 10 << 20
	logMaxLine = 16 << 10               // longer lines are split
	logLinger  = 100 * time.Millisecond // for what is still in the pipes of a dead replica
)

// replicaLog writes what a replica says to its slot's file, each line behind the time at which it came.
type replicaLog struct {
	stdout, stderr *os.File // the ends that we read
	lines          chan []byte
	readers        sync.WaitGroup
	written        chan struct{} // closed when the file is
	last           []byte        // the last line of standard error; read after the readers ended
}

// newReplicaLog returns the log, whose close must be called, and the ends of its pipes for the process.
func newReplicaLog(path string, log *slog.Logger) (l *replicaLog, stdout, stderr *os.File, err error) {
	file := &logFile{path: path, maxSize: logMaxSize}
	if err := file.open(); err != nil {
		return nil, nil, nil, err
	}
	l = &replicaLog{lines: make(chan []byte, 64), written: make(chan struct{})}
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
	l.readers.Go(func() { l.read(l.stderr, &l.last) })
	go func() {
		defer close(l.written)
		l.write(file, log)
	}()
	return l, stdout, stderr, nil
}

func (l *replicaLog) read(from io.Reader, last *[]byte) {
	r := bufio.NewReaderSize(from, logMaxLine)
	for {
		part, err := r.ReadSlice('\n')
		if line := bytes.TrimRight(part, "\r\n"); len(part) > 0 {
			stamped := append(time.Now().UTC().AppendFormat(nil, time.RFC3339Nano), ' ')
			stamped = append(append(stamped, line...), '\n')
			l.lines <- stamped
			if last != nil && len(line) > 0 {
				*last = bytes.Clone(line)
			}
		}
		if err != nil && err != bufio.ErrBufferFull { //nolint:errorlint // bufio returns it bare
			return
		}
	}
}

// write must take every line, or the replica would block on a full pipe.
func (l *replicaLog) write(file *logFile, log *slog.Logger) {
	failed := false
	for line := range l.lines {
		if err := file.write(line); err != nil && !failed {
			failed = true
			log.Warn("replica's log cannot be written", "file", file.path, "err", err)
		}
	}
	file.close()
}

// close ends the log and returns the last line of standard error. A process that escaped with the
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
	const most = 300
	return string(l.last[:min(len(l.last), most)])
}

// logFile is a file that is renamed to .1 when it is full, replacing an older one.
type logFile struct {
	path    string
	maxSize int64
	file    *os.File
	size    int64
}

func (f *logFile) open() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // nothing was written
		return err
	}
	f.file, f.size = file, info.Size()
	return nil
}

func (f *logFile) write(line []byte) error {
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.size > 0 && f.size+int64(len(line)) > f.maxSize {
		if err := f.rotate(); err != nil {
			return err
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	return err
}

func (f *logFile) rotate() error {
	f.close()
	if err := os.Rename(f.path, f.path+".1"); err != nil {
		return err
	}
	return f.open()
}

func (f *logFile) close() {
	if f.file != nil {
		_ = f.file.Close() // every write was checked
		f.file = nil
	}
}
