package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// logbook has the log files of every function, as one object each for those who write and those who read.
type logbook struct {
	dir     string
	maxSize int64 // of a file; set before there are any

	mu        sync.Mutex
	functions map[string]*functionLogs
}

func newLogbook(dir string) *logbook {
	return &logbook{dir: dir, functions: map[string]*functionLogs{}}
}

// of are the log files of a function.
func (b *logbook) of(name string) *functionLogs {
	b.mu.Lock()
	defer b.mu.Unlock()
	logs := b.functions[name]
	if logs == nil {
		logs = &functionLogs{dir: filepath.Join(b.dir, name), maxSize: b.maxSize, files: map[int]*logFile{}}
		b.functions[name] = logs
	}
	return logs
}

// forget lets go of a function of which no replica is left. Its files stay.
func (b *logbook) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.functions, name)
}

// functionLogs are the log files of the functions of one name, by slot.
type functionLogs struct {
	dir     string
	maxSize int64

	mu    sync.Mutex
	files map[int]*logFile
	more  chan struct{} // nil: nobody waits
}

func (l *functionLogs) file(slot int) *logFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.files[slot]
	if f == nil {
		f = &logFile{
			path: filepath.Join(l.dir, strconv.Itoa(slot)+logSuffix), maxSize: l.maxSize, wrote: l.wrote,
		}
		l.files[slot] = f
	}
	return f
}

// news returns a channel that is closed when a line is written to any of the files, also to one that begins.
func (l *functionLogs) news() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.more
}

func (l *functionLogs) wrote() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
}

const logSuffix = ".log"

// find takes up the files of earlier runs.
func (l *functionLogs) find() error {
	entries, err := os.ReadDir(l.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("find the log files: %w", err)
	}
	for _, e := range entries {
		number, ok := strings.CutSuffix(strings.TrimSuffix(e.Name(), ".1"), logSuffix)
		if slot, err := strconv.Atoi(number); ok && err == nil && slot > 0 {
			l.file(slot)
		}
	}
	return nil
}

// slots are the numbers of those that have a file, in order.
func (l *functionLogs) slots() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]int, 0, len(l.files))
	for slot := range l.files {
		list = append(list, slot)
	}
	slices.Sort(list)
	return list
}
