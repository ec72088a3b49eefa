package swarmtest

import (
	"net/http"
	"sync"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// stream is one client that follows the events.
type stream struct {
	filters filters.Args
	next    chan events.Message
	end     chan struct{}
}

// streams are all clients that follow the events.
type streams struct {
	mu   sync.Mutex
	subs map[*stream]struct{}
	lose int
}

// streamBuffer is how many events a slow client may be behind before its stream ends.
const streamBuffer = 4096

// LoseEvents lets the next n events reach nobody, below zero all of them until LoseEvents(0).
func (e *Engine) LoseEvents(n int) {
	e.streams.mu.Lock()
	defer e.streams.mu.Unlock()
	e.streams.lose = n
}

// EndEvents ends every stream of events in good order. It returns how many there were.
func (e *Engine) EndEvents() int {
	e.streams.mu.Lock()
	defer e.streams.mu.Unlock()
	n := len(e.streams.subs)
	for s := range e.streams.subs {
		close(s.end)
	}
	clear(e.streams.subs)
	return n
}

// Streams returns how many clients follow the events.
func (e *Engine) Streams() int {
	e.streams.mu.Lock()
	defer e.streams.mu.Unlock()
	return len(e.streams.subs)
}

// tell sends an event to all who follow.
func (e *Engine) tell(kind events.Type, action events.Action, id string, attributes map[string]string) {
	now := time.Now()
	m := events.Message{
		Type: kind, Action: action, Actor: events.Actor{ID: id, Attributes: attributes}, Scope: "swarm",
		Time: now.Unix(), TimeNano: now.UnixNano(),
	}
	all := e.streams
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.lose != 0 {
		if all.lose > 0 {
			all.lose--
		}
		return
	}
	for s := range all.subs {
		if !s.filters.ExactMatch("type", string(kind)) || !s.filters.ExactMatch("event", string(action)) {
			continue
		}
		select {
		case s.next <- m:
		default:
			close(s.end)
			delete(all.subs, s)
		}
	}
}

func (e *Engine) events(w http.ResponseWriter, r *http.Request) {
	args, err := filters.FromJSON(r.URL.Query().Get("filters"))
	if err != nil {
		writeError(w, failf(http.StatusBadRequest, "%s", err))
		return
	}
	s := &stream{filters: args, next: make(chan events.Message, streamBuffer), end: make(chan struct{})}
	e.streams.mu.Lock()
	e.streams.subs[s] = struct{}{}
	e.streams.mu.Unlock()
	defer func() {
		e.streams.mu.Lock()
		delete(e.streams.subs, s)
		e.streams.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	_ = out.Flush() // the client is seen to be gone below
	for {
		select {
		case m := <-s.next:
			if _, err := w.Write(append(encode(m), '\n')); err != nil {
				return
			}
			_ = out.Flush() // the same
		case <-s.end:
			return
		case <-r.Context().Done():
			return
		}
	}
}
