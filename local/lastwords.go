package local

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"faas/internal/logtext"
)

const (
	wordsHead = 4   // the lines that are quoted of the beginning, where Node and Go say what is wrong
	wordsTail = 6   // and of the end, where Python does
	wordsLine = 200 // bytes of each
	lastMost  = 300 // bytes of a last line
)

// lastWords listens to a replica's standard error for how its function ends. What the watchdog says of itself is left
// out. One goroutine uses it.
type lastWords struct {
	head, tail []string
	cut        bool   // there were lines between the two
	last       string // the last line of the function; empty since its process ended
	ended      string // what ends said last
	// ends gets how each process of a function in mode http ended, and what it had written. One that nobody takes is lost.
	ends chan string
}

func newLastWords() *lastWords { return &lastWords{ends: make(chan string, 4)} }

// The watchdog writes the line of an end when it has written all lines of the process.
var (
	ofWatchdog = regexp.MustCompile(`^time=\S+ level=[A-Z]+ msg="(?:(?:watchdog|function) (?:ready|draining|stopped)|invocation failed)"`)
	ofEnd      = regexp.MustCompile(`^time=\S+ level=ERROR msg="function ended" err=(\S.*) restart_in=\S+$`)
	// prefixed is what prefix_logs puts before a line.
	prefixed = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d stderr: `)
	// noWords are lines that nobody misses: of marks alone, of Python's that a trace follows, and of Node.js about itself.
	noWords = regexp.MustCompile(`^(?:[\s^~]*|Traceback \(most recent call last\):|\s+at .*\(?node:internal/.*|Node\.js v[0-9.]+)$`)
)

// add takes the next line.
func (w *lastWords) add(line []byte) {
	if bytes.HasPrefix(line, []byte("time=")) {
		if ofWatchdog.Match(line) {
			return
		}
		if m := ofEnd.FindSubmatch(line); m != nil {
			w.end(string(m[1]))
			return
		}
	}
	line = line[len(prefixed.Find(line)):]
	if len(line) == 0 {
		return
	}
	w.last = clipped(line, lastMost)
	if noWords.Match(line) {
		return
	}
	text := strings.TrimSpace(clipped(line, wordsLine))
	if len(w.head) < wordsHead {
		w.head = append(w.head, text)
		return
	}
	if len(w.tail) == wordsTail {
		w.tail, w.cut = append(w.tail[:0], w.tail[1:]...), true
	}
	w.tail = append(w.tail, text)
}

// end is told how the process ended, as the watchdog's log has it.
func (w *lastWords) end(how string) {
	if text, err := strconv.Unquote(how); err == nil {
		how = text
	}
	all := w.head
	if w.cut {
		all = append(all, "…")
	}
	all = append(all, w.tail...)
	w.ended = strings.TrimPrefix(how, "function failed: ")
	if len(all) > 0 {
		w.ended += ": " + strings.Join(all, " | ")
	}
	w.head, w.tail, w.cut, w.last = nil, nil, false, ""
	select {
	case w.ends <- w.ended:
	default:
	}
}

// text is what the function said last, or how its process ended when it has said nothing since.
func (w *lastWords) text() string {
	if w.last != "" {
		return w.last
	}
	return w.ended
}

func clipped(line []byte, most int) string {
	if len(line) <= most {
		return string(line)
	}
	return string(line[:logtext.Whole(line[:most])])
}
