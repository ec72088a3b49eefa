package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"faas/api"
	"faas/function"
	"faas/internal/httperr"
)

// logWriteTimeout bounds how long a client may take for one line before its stream is broken off.
const logWriteTimeout = 30 * time.Second

// showLogs serves GET /system/logs: a line of JSON for each line that the function's replicas wrote.
func (g *Gateway) showLogs(w http.ResponseWriter, r *http.Request) error {
	q, err := logQuery(r.URL.Query())
	if err != nil {
		httperr.Refuse(w, http.StatusUnprocessableEntity, err.Error())
		return nil
	}
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	// Whether there is such a function must be known before the header is sent.
	status, err := g.function(r.Context(), q.Name)
	if err != nil {
		return fmt.Errorf("show logs: %w", err)
	}
	q.Name = status.Name

	ctx := r.Context()
	if q.Follow { // the others end by themselves, and cut short they would look whole
		var cancel func()
		ctx, cancel = g.untilDrained(ctx)
		defer cancel()
	}
	out := newLogStream(w, q.Name)
	defer out.end()
	if err = out.begin(); err == nil && r.Method != http.MethodHead {
		err = g.opts.Logs.Logs(ctx, q, out.line)
	}
	switch {
	case err == nil, r.Context().Err() != nil:
		return nil
	case ctx.Err() != nil: // the gateway drains: what is followed has no end of its own
		return nil
	}
	g.log.Error("log stream broke off", "function", q.Name, "err", err)
	panic(http.ErrAbortHandler) // 200 was said, so only the connection can tell that there was more
}

// logQuery reads the query string. Its errors are all of kind ErrInvalid, and answered with 422.
func logQuery(v url.Values) (function.LogQuery, error) {
	q := function.LogQuery{Name: function.TrimNamespace(lastValue(v, "name")), Instance: lastValue(v, "instance")}
	if q.Name == "" {
		return q, function.Invalidf("name is missing: name the function whose logs are wanted")
	}
	var err error
	if s := lastValue(v, "tail"); s != "" {
		if q.Tail, err = strconv.Atoi(s); err != nil {
			return q, function.Invalidf("tail %.40q: write a number of lines, or -1 for all", s)
		}
	}
	if s := lastValue(v, "since"); s != "" {
		if q.Since, err = time.Parse(time.RFC3339, s); err != nil {
			return q, function.Invalidf("since %.40q: write a time such as 2006-01-02T15:04:05Z", s)
		}
	}
	if s := lastValue(v, "follow"); s != "" {
		if q.Follow, err = strconv.ParseBool(s); err != nil {
			return q, function.Invalidf("follow %.40q: write true or false", s)
		}
	}
	return q, nil
}

// lastValue returns the last value of key: where there are several, OpenFaaS takes that one.
func lastValue(v url.Values, key string) string {
	all := v[key]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// logStream writes log lines to a client as they come. The server's own time-outs are for answers that have an end: here
// each line has a deadline instead.
type logStream struct {
	name string
	w    http.ResponseWriter
	rc   *http.ResponseController
	enc  *json.Encoder
}

func newLogStream(w http.ResponseWriter, name string) *logStream {
	s := &logStream{name: name, w: w, rc: http.NewResponseController(w), enc: json.NewEncoder(w)}
	s.enc.SetEscapeHTML(false)
	return s
}

// begin sends the header, since the first line may be long in coming.
func (s *logStream) begin() error {
	s.w.Header().Set("Content-Type", "application/x-ndjson")
	s.w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := s.extend(); err != nil {
		return err
	}
	s.w.WriteHeader(http.StatusOK)
	return s.rc.Flush()
}

// line sends one line.
func (s *logStream) line(l function.LogLine) error {
	if err := s.extend(); err != nil {
		return err
	}
	m := api.LogMessage{
		Name: s.name, Namespace: function.Namespace,
		Instance: l.Instance, Timestamp: l.Time.UTC(), Text: l.Text,
	}
	if err := s.enc.Encode(m); err != nil {
		return err
	}
	return s.rc.Flush()
}

func (s *logStream) extend() error { return s.rc.SetWriteDeadline(time.Now().Add(logWriteTimeout)) }

// end leaves no deadline to what comes next on the connection.
func (s *logStream) end() { _ = s.rc.SetWriteDeadline(time.Time{}) } // the connection may be gone
