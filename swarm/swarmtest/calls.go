package swarmtest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is what goes wrong with calls of the engine.
type Fault struct {
	// Endpoint is a name as Calls has it, for example "GET /tasks". Empty: every endpoint.
	Endpoint string
	// Skip is how many calls go through first.
	Skip int
	// Times is how many calls it hits. Below zero: all until Heal.
	Times int
	// Delay is waited before all else.
	Delay time.Duration
	// Hang leaves the call without an answer until the client or the engine goes away.
	Hang bool
	// Status and Message are the answer, for example 503. Zero: the call goes on.
	Status  int
	Message string
	// Cut breaks the connection after the call was done, so that the client cannot know that it was.
	Cut bool
	// BreakAfter breaks the connection after so many bytes of the answer.
	BreakAfter int
	// Conflict changes the service that the call is about before it is done, so that its version is stale.
	Conflict bool
	// Stuck keeps the change of a service without acting on it until the service is changed again. An engine 20.10 does so
	// now and then when changes follow each other within milliseconds: five tasks stay though two are wanted.
	Stuck bool
}

// The endpoints that faults are most often ordered for, by the names under which their calls are counted.
const (
	PingEndpoint          = "HEAD /_ping"
	ServiceListEndpoint   = "GET /services"
	ServiceCreateEndpoint = "POST /services/create"
	ServiceUpdateEndpoint = "POST /services/{id}/update"
	ServiceRemoveEndpoint = "DELETE /services/{id}"
	TaskListEndpoint      = "GET /tasks"
	EventsEndpoint        = "GET /events"
)

// callLog counts calls and makes them fail.
type callLog struct {
	mu     sync.Mutex
	counts map[string]int
	faults []*Fault
}

func newCallLog() *callLog { return &callLog{counts: map[string]int{}} }

// Inject orders a fault. Faults of one endpoint are used up in the order in which they were ordered.
func (e *Engine) Inject(f Fault) {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	e.calls.faults = append(e.calls.faults, &f)
}

// Heal takes back every fault, and loses no more events.
func (e *Engine) Heal() {
	e.calls.mu.Lock()
	e.calls.faults = nil
	e.calls.mu.Unlock()
	e.LoseEvents(0)
}

// Calls returns how often each endpoint was called, as "METHOD /path/{id}" without the API's version.
func (e *Engine) Calls() map[string]int {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	return maps.Clone(e.calls.counts)
}

// TotalCalls returns how often the engine was called at all.
func (e *Engine) TotalCalls() int {
	total := 0
	for _, n := range e.Calls() {
		total += n
	}
	return total
}

func (c *callLog) take(name string) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name]++
	for i, f := range c.faults {
		if f.Endpoint != "" && f.Endpoint != name {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		found := *f
		if f.Times == 0 {
			c.faults = append(c.faults[:i:i], c.faults[i+1:]...)
		}
		return found
	}
	return Fault{}
}

// stuckHeader marks a call whose change is kept and nothing more.
const stuckHeader = "Swarmtest-Stuck"

// suffer does to a call what was ordered before the call itself. It reports whether the call goes on.
func (e *Engine) suffer(w http.ResponseWriter, r *http.Request, f Fault) bool {
	if f.Delay > 0 || f.Hang {
		body, err := io.ReadAll(r.Body) // only then does the server see that a client goes away
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if f.Delay > 0 {
		wait := time.NewTimer(f.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Hang {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	if f.Conflict {
		e.touch(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/services/"), "/update"))
	}
	if f.Stuck {
		r.Header.Set(stuckHeader, "true")
	}
	if f.Status != 0 {
		writeError(w, failure{status: f.Status, text: f.Message})
		return false
	}
	return true
}

// deaf is the answer to a client whose connection breaks before it comes.
type deaf struct{ header http.Header }

func (d deaf) Header() http.Header         { return d.header }
func (d deaf) Write(p []byte) (int, error) { return len(p), nil }
func (d deaf) WriteHeader(int)             {}

// breaking is an answer in the midst of which the connection breaks.
type breaking struct {
	http.ResponseWriter
	left int
}

// Write implements http.ResponseWriter.
func (b *breaking) Write(p []byte) (int, error) {
	if len(p) >= b.left {
		_, _ = b.ResponseWriter.Write(p[:b.left])                // a client that is gone
		_ = http.NewResponseController(b.ResponseWriter).Flush() // the same
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (b *breaking) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// callName is a pattern as tests know it.
func callName(pattern string) string {
	switch pattern {
	case "/":
		return "unknown"
	case "GET /images/{name...}":
		return "GET /images/{name}/json"
	case "GET /distribution/{name...}":
		return "GET /distribution/{name}/json"
	}
	return pattern
}
