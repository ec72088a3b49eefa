package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"faas/function"
	"faas/internal/httperr"
)

const (
	// defaultLetters and maxLetters bound how many dead letters are shown, and maxLooked how many are read for that.
	defaultLetters = 100
	maxLetters     = 1000
	maxLooked      = 10_000
)

// lookedHeader is in an answer that is not complete: among how many of the newest letters was looked.
const lookedHeader = "X-Dead-Letters-Looked"

// DeadLetter is a call that was given up.
type DeadLetter struct {
	// ID names it for Revive.
	ID       uint64    `json:"id"`
	Function string    `json:"function"`
	CallID   string    `json:"call_id"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Bytes    int       `json:"bytes"` // of the body
	Callback string    `json:"callback,omitempty"`
	Accepted time.Time `json:"accepted_at"`
	Died     time.Time `json:"died_at"`
	Attempts int       `json:"attempts"`
	Reason   string    `json:"reason"`
}

// DeadLetters returns the newest dead letters first, at most limit of them, of one function or, where that is empty, of
// all. The error is ErrUnavailable.
func (q *Queue) DeadLetters(ctx context.Context, of string, limit int) ([]DeadLetter, error) {
	letters, _, err := q.findLetters(ctx, of, limit, maxLooked)
	return letters, err
}

// findLetters is DeadLetters among the newest most. all: there are no older ones that it did not look at for want of that.
func (q *Queue) findLetters(ctx context.Context, of string, limit, most int) (letters []DeadLetter, all bool, err error) {
	_, stream, err := q.dead(ctx)
	if err != nil {
		return nil, false, err
	}
	state := stream.CachedInfo().State
	letters = []DeadLetter{}
	for seq, looked := state.LastSeq, 0; seq >= state.FirstSeq && seq > 0 && len(letters) < limit; seq-- {
		if looked++; looked > most {
			return letters, false, nil
		}
		m, err := stream.GetMsg(ctx, seq)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound): // revived, or too old by now
			continue
		case err != nil:
			return nil, false, function.Unavailablef("read dead letters: %w", err)
		}
		if letter := readLetter(m); of == "" || letter.Function == of {
			letters = append(letters, letter)
		}
	}
	return letters, true, nil
}

// Revive puts the call of a dead letter back into the queue, as if it had just come. Errors: ErrNotFound, ErrUnavailable.
func (q *Queue) Revive(ctx context.Context, id uint64) error {
	s, stream, err := q.dead(ctx)
	if err != nil {
		return err
	}
	letter, err := stream.GetMsg(ctx, id)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return function.NotFoundf("there is no dead letter %d", id)
	case err != nil:
		return function.Unavailablef("read dead letter %d: %w", id, err)
	}
	of := functionOf(strings.TrimPrefix(letter.Subject, deadPrefix))
	m := nats.NewMsg(callPrefix + token(of))
	for _, name := range []string{idHeader, functionHeader, callbackHeader, acceptedHeader} {
		if v := letter.Header.Get(name); v != "" {
			m.Header.Set(name, v)
		}
	}
	m.Data = letter.Data
	m.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("revive-%d-%d", letter.Time.UnixNano(), id)) // once, if two ask for it
	if err := s.put(ctx, m); err != nil {
		return err
	}
	q.metrics.count(of, eventAccepted)
	q.lanes.wake(of)
	if err := stream.DeleteMsg(ctx, id); err != nil {
		if _, gone := stream.GetMsg(ctx, id); errors.Is(gone, jetstream.ErrMsgNotFound) {
			return nil // whoever wants the same was first
		}
		return function.Unavailablef("dead letter %d is in the queue again, but was not removed: %w", id, err)
	}
	return nil
}

func (q *Queue) dead(ctx context.Context) (*store, jetstream.Stream, error) {
	s := q.store.Load()
	if s == nil || !s.ready.Load() {
		return nil, nil, errAway()
	}
	stream, err := s.js.Stream(ctx, deadStream)
	if err != nil {
		return nil, nil, function.Unavailablef("read dead letters: %w", err)
	}
	return s, stream, nil
}

func readLetter(m *jetstream.RawStreamMsg) DeadLetter {
	c, err := decode(m.Header, m.Data)
	letter := DeadLetter{
		ID: m.Sequence, Function: functionOf(strings.TrimPrefix(m.Subject, deadPrefix)), CallID: c.ID,
		Method: c.Method, Path: c.Path, Bytes: len(c.Body), Accepted: c.AcceptedAt, Reason: m.Header.Get(reasonHeader),
	}
	if err != nil && letter.Reason == "" {
		letter.Reason = err.Error()
	}
	if u, err := url.Parse(c.Callback); err == nil {
		letter.Callback = u.Redacted()
	}
	letter.Attempts, _ = strconv.Atoi(m.Header.Get(attemptsHeader))
	letter.Died, _ = time.Parse(time.RFC3339Nano, m.Header.Get(deadHeader))
	return letter
}

// Letters serves dead letters: GET ?function=NAME&limit=100 shows them as JSON, POST ?id=ID makes one a call again.
func (q *Queue) Letters() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := q.serveLetters(w, r); err != nil {
			httperr.Write(w, err)
		}
	})
}

func (q *Queue) serveLetters(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if r.Method == http.MethodPost {
		id, err := strconv.ParseUint(query.Get("id"), 10, 64)
		if err != nil {
			return function.Invalidf("id=%q: write the number of a dead letter", query.Get("id"))
		}
		if err := q.Revive(r.Context(), id); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	limit := defaultLetters
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLetters {
			return function.Invalidf("limit=%q: write a number from 1 to %d", text, maxLetters)
		}
		limit = n
	}
	letters, all, err := q.findLetters(r.Context(), function.TrimNamespace(query.Get("function")), limit, maxLooked)
	if err != nil {
		return err
	}
	if !all {
		w.Header().Set(lookedHeader, strconv.Itoa(maxLooked))
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(letters); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}
