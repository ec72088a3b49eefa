package watchdog

import (
	"bytes"
	"cmp"
	"io"
	"log"
	"net/http"
	"strings"
	"time"
)

// logs writes the lines that users of the classic watchdogs look for, and the
// function's own. The state of the watchdog itself goes to log/slog instead.
type logs struct {
	config Config
	lines  *log.Logger // about requests, on standard error
	stdout *log.Logger
	stderr *log.Logger
}

func newLogs(c Config, stdout, stderr io.Writer) *logs {
	flags := 0
	if c.PrefixLogs {
		flags = log.LstdFlags
	}
	return &logs{
		config: c,
		lines:  log.New(stderr, "", log.LstdFlags),
		stdout: log.New(stdout, "", flags),
		stderr: log.New(stderr, "", flags),
	}
}

// suffix ends the log lines of r.
func (l *logs) suffix(r *http.Request) string {
	if id := r.Header.Get("X-Call-Id"); l.config.LogCallID && id != "" {
		return " [" + id + "]"
	}
	return ""
}

func (l *logs) forking(suffix string) {
	l.lines.Print("Forking fprocess." + suffix)
}

func (l *logs) wrote(n int64, d time.Duration, suffix string) {
	l.lines.Printf("Wrote %d Bytes - Duration: %fs%s", n, d.Seconds(), suffix)
}

// answered tells of a request to a long-lived server, where log_callid asks
// for it: of-watchdog has such a line for every request.
func (l *logs) answered(r *http.Request, status int, n int64, d time.Duration) {
	if !l.config.LogCallID {
		return
	}
	id := cmp.Or(r.Header.Get("X-Call-Id"), "none")
	l.lines.Printf("%s %s - %d %s - ContentLength: %dB (%.4fs) [%s]",
		r.Method, r.RequestURI, status, http.StatusText(status), n, d.Seconds(), id)
}

func (l *logs) headers(r *http.Request) {
	if !l.config.DebugHeaders {
		return
	}
	var b strings.Builder
	_ = r.Header.Write(&b) // a Builder takes everything
	l.lines.Printf("%s %s\n%s", r.Method, r.RequestURI, strings.ReplaceAll(b.String(), "\r\n", "\n"))
}

// follow logs what the function writes to r, one of its streams, until it ends.
func (l *logs) follow(r io.Reader, stream, suffix string) {
	out := l.stderr
	if stream == "stdout" {
		out = l.stdout
	}
	prefix := ""
	if l.config.PrefixLogs {
		prefix = stream + ": "
	}
	splitLines(r, l.config.LogBufferSize, func(line []byte) {
		out.Print(prefix + string(line) + suffix)
	})
}

// answer logs a part of an answer, when asked to.
func (l *logs) answer(part *pieces, suffix string) {
	if l.config.WriteDebug && part.size > 0 {
		l.lines.Printf("Out: %s%s", part.joined(), suffix)
	}
}

// splitLines calls emit for each line of r without its end. Lines beyond limit
// bytes come in pieces, unless limit is -1.
func splitLines(r io.Reader, limit int, emit func([]byte)) {
	var line []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		rest := buf[:n]
		for len(rest) > 0 {
			part, after, found := bytes.Cut(rest, []byte{'\n'})
			line, rest = append(line, part...), after
			for limit > 0 && len(line) > limit {
				emit(line[:limit])
				line = line[limit:]
			}
			if found {
				emit(bytes.TrimSuffix(line, []byte{'\r'}))
				line = line[:0]
			}
		}
		if err != nil {
			if len(line) > 0 {
				emit(line)
			}
			return
		}
	}
}
