package swarm

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// task is one replica as Swarm has it, and what its probe found.
//
//	new … pending ──▶ preparing, starting ──▶ running ──answers──▶ ready
//	         │ no node          │                │                   │
//	         ▼                  ▼                ▼                   ▼
//	     unplaced       failed, rejected     shutdown wanted ──▶ draining ──▶ gone
type task struct {
	api     api.Task
	addr    string // on the network of functions, without port. Empty: none yet
	ready   bool
	readyAt time.Time
	stop    context.CancelFunc // ends the probe. Nil: there is none
}

// set gives t what Swarm has now. It reports whether that is news.
func (t *task) set(now api.Task, network string) bool {
	if t.api.ID != "" && now.Version.Index <= t.api.Version.Index {
		return false
	}
	t.api = now
	t.addr = addressOn(now, network)
	return true
}

// wanted reports whether the task is one that shall run.
func (t *task) wanted() bool {
	return (t.api.DesiredState == api.TaskStateRunning || t.api.DesiredState == api.TaskStateReady) && !t.dead()
}

// dead reports whether the task has ended.
func (t *task) dead() bool {
	switch t.api.Status.State {
	case api.TaskStateComplete, api.TaskStateShutdown, api.TaskStateFailed, api.TaskStateRejected,
		api.TaskStateRemove, api.TaskStateOrphaned:
		return true
	}
	return false
}

// alive reports whether a container of the task may run.
func (t *task) alive() bool {
	switch t.api.Status.State {
	case api.TaskStatePreparing, api.TaskStateReady, api.TaskStateStarting, api.TaskStateRunning:
		return true
	}
	return false
}

// crashed reports whether the task ended though it should have run.
func (t *task) crashed() bool {
	switch t.api.Status.State {
	case api.TaskStateFailed, api.TaskStateRejected:
		return true
	case api.TaskStateComplete:
		return true // a replica never completes its work
	}
	return false
}

// answers reports whether the task is one to probe: not before it runs, since a dial of an address that nobody has yet
// holds up the first good one by a second.
func (t *task) answers() bool {
	return t.api.Status.State == api.TaskStateRunning && t.api.DesiredState == api.TaskStateRunning && t.addr != ""
}

// slot numbers the replica. Replicas of a global service are told apart by their nodes.
func (t *task) slot() string {
	if t.api.Slot > 0 {
		return fmt.Sprint(t.api.Slot)
	}
	return t.api.NodeID
}

// replicaID is by what the rest of faas knows the task.
func (t *task) replicaID(name string) string {
	return fmt.Sprintf("%s.%s.%s", name, t.slot(), t.api.ID)
}

// replica is the task for the request flow. False: no container of it runs.
func (t *task) replica(name, port string, node func(string) string) (function.Replica, bool) {
	if t.dead() || (!t.wanted() && !t.alive()) {
		return function.Replica{}, false
	}
	r := function.Replica{
		ID: t.replicaID(name), Node: node(t.api.NodeID),
		State: function.ReplicaStarting, StartedAt: t.api.CreatedAt,
	}
	if t.addr != "" {
		r.Addr, r.MetricsAddr = net.JoinHostPort(t.addr, port), net.JoinHostPort(t.addr, metricsPort)
	}
	switch {
	case !t.wanted():
		r.State = function.ReplicaDraining
	case t.ready:
		r.State = function.ReplicaReady
	}
	return r, true
}

// addressOn is the task's address on a network, without its prefix length.
func addressOn(t api.Task, network string) string {
	for _, a := range t.NetworksAttachments {
		if a.Network.ID != network || len(a.Addresses) == 0 {
			continue
		}
		addr, _, _ := strings.Cut(a.Addresses[0], "/")
		return addr
	}
	return ""
}
