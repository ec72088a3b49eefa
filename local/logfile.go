package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// logFile is the file of a slot, to which its replicas write one after the other and which any number of queries
// reads. When it is full it is renamed to .1, replacing an older one.
//
// Its parts are numbered by the renamings before them, from 0 for the one that is written to when the backend
// starts; what is .1 then is oldestPart.
type logFile struct {
	path    string
	maxSize int64
	// wrote is called after each line.
	wrote func()

	// These are of the replica that writes now.
	file *os.File
	size int64
	torn bool // the last line has no end, since the disk was full or the machine stopped

	mu   sync.Mutex // held while files are renamed or opened to read, so that a reader knows which one it got
	part int        // the one that is written to
}

func (f *logFile) open() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	last := []byte{'\n'}
	if err == nil && info.Size() > 0 {
		_, err = file.ReadAt(last, info.Size()-1)
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return err
	}
	f.file, f.size, f.torn = file, info.Size(), last[0] != '\n'
	return nil
}

// write appends a line, which has its end.
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
	if f.torn {
		n, err := f.file.WriteString("\n")
		f.size += int64(n)
		if err != nil {
			return err
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	f.torn = n > 0 && n < len(line)
	f.wrote()
	return err
}

func (f *logFile) rotate() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.close()
	if err := os.Rename(f.path, f.path+".1"); err != nil {
		return err
	}
	f.part++
	return f.open()
}

func (f *logFile) close() {
	if f.file != nil {
		_ = f.file.Close() // every write was checked
		f.file = nil
	}
}

// oldestPart is the number of the part that was .1 when the backend started.
const oldestPart = -1

// logPart is a part of a log file that is open to be read.
type logPart struct {
	number int
	file   *os.File // nil for parts that were deleted before they could be read
	off    int64    // where the next line begins
	end    int64    // where to stop; negative: where the file ends, whenever that is
	known  int64    // its size when it was opened
}

// all opens every part that there is.
func (f *logFile) all() ([]logPart, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.openFrom(f.part - 1)
}

// after opens the parts that come after one, as far as they are there. Where some are gone already, a part without a
// file stands for them.
func (f *logFile) after(number int) ([]logPart, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	oldest := f.part - 1
	if number+1 >= oldest {
		return f.openFrom(number + 1)
	}
	parts, err := f.openFrom(oldest)
	return append([]logPart{{number: oldest - 1}}, parts...), err
}

// openFrom opens the parts from one on, which is at least the oldest.
func (f *logFile) openFrom(number int) ([]logPart, error) {
	var parts []logPart
	for ; number <= f.part; number++ {
		path := f.path
		if number < f.part {
			path += ".1"
		}
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // not written yet, or somebody took it away
		}
		if err != nil {
			closeParts(parts)
			return nil, err
		}
		parts = append(parts, logPart{number: number, file: file, end: -1})
	}
	return parts, nil
}

func closeParts(parts []logPart) {
	for _, p := range parts {
		if p.file != nil {
			_ = p.file.Close() // only read
		}
	}
}
