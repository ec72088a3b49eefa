package local

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// replicaMark is the environment variable that names a replica in all that it starts, by which a
// process is found that left its session and its parents.
const replicaMark = "FAAS_REPLICA"

// replica is one watchdog process from before its start until nothing of it is left. The supervisor
// holds it; its own goroutine, which runs launcher.run, tells the supervisor of each step.
type replica struct {
	id       string
	function string
	removed  <-chan struct{} // closed when the function is
	slot     int
	spec     spec
	// stops carries the supervisor's orders. There are at most three in a replica's life (its own
	// reason, retirement, shut-down), so that sending never blocks.
	stops chan stop
}

// stop tells a replica to end: with a drain of at most limit after settle, or, for a limit of 0, at once.
type stop struct {
	reason string
	text   string
	settle time.Duration
	limit  time.Duration
}

// eventKind is a step in a replica's life.
type eventKind int

const (
	eventStarted  eventKind = iota // the process runs
	eventReady                     // it takes requests
	eventStumbled                  // the function ended in it before that, and its watchdog tries again
	eventDied                      // the process ended
	eventGone                      // nothing of it is left; always the last event
)

// event is what a replica tells the supervisor.
type event struct {
	replica *replica
	kind    eventKind

	addr, metrics string        // started
	pid           int           // started
	took          time.Duration // ready: since the process started
	reason, text  string        // died: one of exitReasons, and the same for a person; stumbled: the text alone
	lastLine      string        // gone: the function's last words on standard error
}

func newReplica(d *deployed, sl *slot) *replica {
	name := d.function.Name
	return &replica{
		id:       fmt.Sprintf("%s.%d.%s", name, sl.number, randomHex()),
		function: name, removed: d.removed, slot: sl.number, spec: sl.spec,
		stops: make(chan stop, 3),
	}
}

// idInFunction is the ID without the function's name.
func (r *replica) idInFunction() string { return strings.TrimPrefix(r.id, r.function+".") }

func randomHex() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return hex.EncodeToString(b[:])
}
