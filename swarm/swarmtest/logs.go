package swarmtest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/pkg/stdcopy"
)

// LogsEndpoint is what a client reads a container's log from.
const LogsEndpoint = "GET /tasks/{id}/logs"

// maxMessage is the longest message of a log. What is longer becomes several, all with the time of the first.
const maxMessage = 16 << 10

// message is what a container wrote, as the engine keeps it: a line with its end, or a part of one without.
type message struct {
	at     time.Time
	stream stdcopy.StdType
	text   []byte
}

// Stdout and Stderr are the streams of a container.
const (
	Stdout = stdcopy.Stdout
	Stderr = stdcopy.Stderr
)

// Write has the container of a task write text to a stream now. What has no end of line at its end becomes a message of
// its own. The ID may be the task's own or any text that has it in it.
func (e *Engine) Write(task string, stream stdcopy.StdType, text string) error {
	return e.WriteAt(time.Now(), task, stream, text)
}

// WriteAt is Write by another clock, which a node may have.
func (e *Engine) WriteAt(at time.Time, task string, stream stdcopy.StdType, text string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.taskIn(task)
	if t == nil {
		return notFound("task", task)
	}
	e.write(t, at, stream, text)
	return nil
}

func (e *Engine) write(t *task, at time.Time, stream stdcopy.StdType, text string) {
	for line := range strings.Lines(text) {
		for len(line) > 0 {
			part := line[:min(len(line), maxMessage)]
			line = line[len(part):]
			t.log = append(t.log, message{at: at.UTC(), stream: stream, text: utf8Text(part)})
		}
	}
	close(e.wrote)
	e.wrote = make(chan struct{})
}

// utf8Text is text as the engine's files keep it: each byte that is none becomes a mark.
func utf8Text(text string) []byte { return []byte(string([]rune(text))) }

// BreakLogs breaks the connection of everyone who reads a log. It returns how many there were.
func (e *Engine) BreakLogs() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.logReaders
	close(e.breakLogs)
	e.breakLogs, e.logReaders = make(chan struct{}), 0
	return n
}

// MuteLogs keeps all that comes from everyone who follows a log now, as the stream of a node is kept that was away for a while.
func (e *Engine) MuteLogs() {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.muteLogs)
	e.muteLogs = make(chan struct{})
}

// LogReaders returns how many clients follow the log of a container.
func (e *Engine) LogReaders() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.logReaders
}

// logQuery is what a client asks for.
type logQuery struct {
	stdout, stderr, stamps, follow bool
	tail                           int // below zero: all
	since                          time.Time
}

func parseLogQuery(r *http.Request) (q logQuery, err error) {
	get := r.URL.Query().Get
	on := func(key string) bool { return get(key) == "1" || get(key) == "true" }
	q = logQuery{stdout: on("stdout"), stderr: on("stderr"), stamps: on("timestamps"), follow: on("follow"), tail: -1}
	if !q.stdout && !q.stderr {
		return q, failf(http.StatusInternalServerError, "Bad parameters: you must choose at least one stream")
	}
	if since := get("since"); since != "" && since != "0" {
		seconds, nanos, _ := strings.Cut(since, ".")
		sec, err := strconv.ParseInt(seconds, 10, 64)
		nsec, nanoErr := strconv.ParseInt((nanos + "000000000")[:9], 10, 64)
		if err != nil || nanoErr != nil {
			return q, failf(http.StatusInternalServerError, "since %q is none", since)
		}
		q.since = time.Unix(sec, nsec)
	}
	return q, nil
}

func (q *logQuery) parseTail(r *http.Request) error {
	tail := r.URL.Query().Get("tail")
	if tail == "" || tail == "all" {
		return nil
	}
	n, err := strconv.ParseUint(tail, 10, 31)
	if err != nil {
		return failf(http.StatusInternalServerError, `tail value must be a positive integer or "all"`)
	}
	q.tail = int(n)
	return nil
}

// taskLogs answers with the messages of a task, and goes on with new ones until the client goes away if it follows.
func (e *Engine) taskLogs(w http.ResponseWriter, r *http.Request) {
	q, err := parseLogQuery(r)
	if err != nil {
		writeError(w, err)
		return
	}
	e.mu.Lock()
	t := e.tasks[r.PathValue("id")]
	e.mu.Unlock()
	if t == nil {
		writeError(w, notFound("task", r.PathValue("id")))
		return
	}
	if err := q.parseTail(r); err != nil {
		writeError(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	_ = out.Flush() // the client is seen to be gone below
	e.stream(w, r, t, q)
}

func (e *Engine) stream(w http.ResponseWriter, r *http.Request, t *task, q logQuery) {
	e.mu.Lock()
	broken, muted := e.breakLogs, e.muteLogs
	if q.follow {
		e.logReaders++
		defer e.logLeft(broken)
	}
	next := 0
	if q.tail >= 0 {
		next = max(0, len(t.log)-q.tail)
	}
	e.mu.Unlock()
	for {
		e.mu.Lock()
		fresh, wrote := t.log[next:], e.wrote
		next = len(t.log)
		fault := ""
		switch {
		case q.follow:
		case t.NodeID == "":
			fault = "task " + t.ID + " has not been scheduled"
		case e.lost(t):
			fault, fresh = "node "+t.NodeID+" is not available", nil
		}
		e.mu.Unlock()
		for _, m := range fresh {
			if m.at.Before(q.since) || m.stream == Stdout && !q.stdout || m.stream == Stderr && !q.stderr {
				continue
			}
			if _, err := stdcopy.NewStdWriter(w, m.stream).Write(m.line(q.stamps)); err != nil {
				return
			}
		}
		if fault != "" {
			text := "Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. " +
				"some logs could not be retrieved for the following reasons: " + fault + "\n"
			_, _ = stdcopy.NewStdWriter(w, stdcopy.Systemerr).Write([]byte(text)) // a client that is gone
		}
		if !q.follow {
			return
		}
		_ = http.NewResponseController(w).Flush() // a client that is gone is seen below
		select {
		case <-wrote:
		case <-muted:
			select {
			case <-broken:
			case <-r.Context().Done():
			}
			return
		case <-broken:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}

// logLeft takes leave of a reader whom BreakLogs has not sent away.
func (e *Engine) logLeft(broken chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if broken == e.breakLogs {
		e.logReaders--
	}
}

func (m message) line(stamp bool) []byte {
	if !stamp {
		return m.text
	}
	return append(fmt.Appendf(nil, "%s ", m.at.Format("2006-01-02T15:04:05.000000000Z07:00")), m.text...)
}

// writes has a container write what its behaviour says, at its start.
func (e *Engine) writes(t *task, b Behaviour) {
	if b.Writes != "" {
		e.write(t, time.Now(), Stdout, b.Writes)
	}
}

// Writer is the handler of containers that write the body of each request to standard error.
func (e *Engine) Writer() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil {
			panic(http.ErrAbortHandler) // the client is gone
		}
		if body.Len() > 0 {
			if err := e.Write(TaskOf(r).ID, Stderr, body.String()); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	})
}
