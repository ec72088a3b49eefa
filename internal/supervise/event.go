package supervise

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Event is a change in the life of a program after its first start.
type Event struct {
	// Program is its name.
	Program string
	// Err says how it died, Backoff when it will be started again. Nil: it is ready again.
	Err     error
	Backoff time.Duration
	// Took is the time from that start to readiness.
	Took time.Duration
}

// String is what happened, in one line and without the program's name.
func (e Event) String() string {
	if e.Err == nil {
		return fmt.Sprintf("started again in %s", e.Took.Round(10*time.Millisecond))
	}
	reason, _, _ := strings.Cut(e.Err.Error(), "\n")
	return fmt.Sprintf("%s; starting it again in %s", reason, e.Backoff)
}

// logTail returns the last lines that were written to the file after offset from, each on a line of its
// own and indented, to end an error with. A log that cannot be read adds nothing.
func logTail(path string, from int64) string {
	const most = 4096
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // only read
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	if from > size {
		from = 0 // the log was cut meanwhile
	}
	text := make([]byte, min(size-from, most))
	n, _ := file.ReadAt(text, size-int64(len(text))) // a part is better than nothing
	lines := strings.Split(strings.TrimSpace(string(text[:n])), "\n")
	lines = lines[max(0, len(lines)-3):]
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "\n  " + strings.Join(lines, "\n  ")
}
