package scaler

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"faas/function"
	"faas/internal/httperr"
)

const (
	keepAlive = 15 * time.Second
	// writeTimeout ends a follower that does not read.
	writeTimeout = 30 * time.Second
)

// query is what a reader of the decision log asks for. The zero value of function means all.
type query struct {
	function string
	since    int64
	limit    int // negative: no limit
	follow   bool
	all      bool // those that only confirm a count too
}

// of reports whether e is of the function that q asks for.
func (q query) of(e Event) bool { return q.function == "" || e.Function == q.function }

// Events serves the decision log, GET only.
//
// The answer is a JSON array of Event, newest last, `[]` when there is none. Alerts repeat what stands already
// with each evaluation of the rules, so decisions with the codes converged, unchanged and passed are left out unless
// all=1 asks for them. They are kept apart, fewer of them, and push out no others. Query parameters:
//
//	function=NAME  only that function's; at least its last 20 are there, however busy others are
//	limit=N        only the newest N of those that are not left out
//	since=ID       only those with a larger id
//	all=1          also those with the codes converged, unchanged and passed
//	follow=1       answer with server-sent events instead: first what the query without it gives, then each
//	               new decision as it is taken
//
// While following, a new decision comes as `id: ID` and `data: {…}`. When a decision that was sent
// gets its ready_after_seconds, or another repetition, it comes again as an event of the type `update` without an
// id line, so that a reader may ignore those and resuming is not disturbed. A request with Last-Event-ID
// resumes after that id, whatever since says. A comment line comes every 15 s. A reader that is slower than
// the log misses what the log no longer keeps. Values that cannot be read are answered with 400.
func (s *Scaler) Events() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			refuseMethod(w, http.MethodGet)
			return
		}
		q, err := parseQuery(r)
		if err != nil {
			httperr.Write(w, err)
			return
		}
		if q.follow && r.Method == http.MethodGet { // HEAD has no stream to wait for
			s.stream(r.Context(), w, q)
			return
		}
		events := s.decisions.find(q).events
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if err := json.NewEncoder(w).Encode(events); err != nil {
			s.log.Debug("events not sent", "err", err)
		}
	})
}

// Last returns the last n decisions on a function, oldest first, without those that only confirmed a count.
func (s *Scaler) Last(name string, n int) []Event {
	return s.decisions.find(query{function: name, limit: n}).events
}

func parseQuery(r *http.Request) (query, error) {
	q := query{limit: -1}
	values := r.URL.Query()
	if name := values.Get("function"); name != "" {
		q.function = function.TrimNamespace(name)
		if err := function.ValidateName(q.function); err != nil {
			return q, err
		}
	}
	if v := values.Get("limit"); v != "" {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return q, function.Invalidf("limit=%q: use a whole number of 0 or more", shorten(v))
		}
		q.limit = int(n)
	}
	for name, to := range map[string]*bool{"all": &q.all, "follow": &q.follow} {
		v := values.Get(name)
		if v == "" {
			continue
		}
		var err error
		if *to, err = strconv.ParseBool(v); err != nil {
			return q, function.Invalidf("%s=%q: use 1 or 0", name, shorten(v))
		}
	}
	since, from := values.Get("since"), "since"
	if v := r.Header.Get("Last-Event-ID"); v != "" && q.follow {
		since, from = v, "Last-Event-ID"
	}
	if since != "" {
		id, err := strconv.ParseInt(since, 10, 64)
		if err != nil || id < 0 {
			return q, function.Invalidf("%s=%q: use the id of an event", from, shorten(since))
		}
		q.since = id
	}
	return q, nil
}

// Follow calls each with every decision that is taken from now on, in their order and one at a time, until ctx
// ends or the scaler stops. Those with the codes converged, unchanged and passed are left out, and what becomes of a
// decision later is not told. A slow each holds nobody up: it
// misses what the log no longer keeps.
func (s *Scaler) Follow(ctx context.Context, each func(Event)) {
	var q query
	start := s.decisions.find(q)
	newest := start.newest
	_ = s.feed(ctx, q, start.mark, func(events []Event) error { // it fails only where this does
		for _, e := range events {
			if ctx.Err() == nil && e.ID > newest {
				newest = e.ID
				each(e)
			}
		}
		return nil
	}, func() error { return nil })
}

// Tail calls each with the last n decisions, oldest first, and then, as it comes, with those that are taken, and again with those
// that change: that get their ReadyAfter or another repetition. It ends with ctx or the scaler. Those with the codes
// converged, unchanged and passed are left out. A slow each misses what the log no longer keeps.
func (s *Scaler) Tail(ctx context.Context, n int, each func([]Event)) {
	start := s.decisions.find(query{limit: n})
	each(start.events)
	_ = s.feed(ctx, query{limit: -1}, start.mark, func(events []Event) error { // it fails only where these do
		each(events)
		return nil
	}, func() error { return nil })
}

// stream writes events as they come until the client goes, does not read any more, or the scaler stops.
func (s *Scaler) stream(ctx context.Context, w http.ResponseWriter, q query) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	out := eventStream{w: w, control: http.NewResponseController(w)}
	start := s.decisions.find(q)
	if err := out.send(start.events); err != nil {
		return // the client is gone
	}
	out.newest = start.newest
	_ = s.feed(ctx, q, start.mark, out.send, out.comment) // as above
}

// feed calls send with what q asks for and was added or changed since mark, as it comes, and idle when nothing
// has come for the time keepAlive. It returns the first error of these, or nil when ctx ends or the scaler stops.
// The log only wakes it, so that no writer waits for send.
func (s *Scaler) feed(ctx context.Context, q query, mark uint64, send func([]Event) error, idle func() error) error {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		events, newMark, next := s.decisions.changed(q, mark)
		mark = newMark
		if len(events) > 0 {
			if err := send(events); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.stopped:
			return nil
		case <-next:
		case <-tick.C:
			if err := idle(); err != nil {
				return err
			}
		}
	}
}

// eventStream writes server-sent events. One goroutine uses it.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	newest  int64 // events up to this ID were sent, or the client did not ask for them
}

// send writes events and flushes. One up to the newest is an update.
func (s *eventStream) send(events []Event) error {
	s.extend()
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode event %d: %w", e.ID, err)
		}
		head := fmt.Sprintf("id: %d\n", e.ID)
		if e.ID <= s.newest {
			head = "event: update\n"
		}
		s.newest = max(s.newest, e.ID)
		if _, err := fmt.Fprintf(s.w, "%sdata: %s\n\n", head, data); err != nil {
			return fmt.Errorf("write event %d: %w", e.ID, err)
		}
	}
	return s.control.Flush()
}

func (s *eventStream) comment() error {
	s.extend()
	if _, err := fmt.Fprint(s.w, ": alive\n\n"); err != nil {
		return fmt.Errorf("write comment: %w", err)
	}
	return s.control.Flush()
}

// extend gives the next write its time, in place of the server's write timeout for whole answers.
func (s *eventStream) extend() {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has deadlines
}

func refuseMethod(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	http.Error(w, "method not allowed: use "+allow, http.StatusMethodNotAllowed)
}
