package swarmtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// historyLimit is how many tasks of a slot Swarm remembers.
const historyLimit = 5

// task is one replica.
//
//	new ──▶ pending ──▶ assigned ──▶ preparing ──▶ starting ──▶ running ──▶ shutdown, failed
//	           │ no node      │           │ desired is ready
//	           ▼              ▼           ▼
//	       (waits)        rejected      ready ──▶ starting
type task struct {
	api.Task
	key       string // its slot, or for a global service its node
	raw       json.RawMessage
	addrs     []netip.Addr
	startedAt time.Time // zero: no container runs
	serial    int
	log       []message
	secrets   map[string][]byte // what its node was sent, by ID
}

// TaskInfo says which task a request reached.
type TaskInfo struct {
	ID, Service, Node string
	Slot              int
}

func (t *task) json() json.RawMessage {
	if t.raw == nil {
		t.raw = encode(t.Task)
	}
	return t.raw
}

// rank orders the states of tasks as Swarm does: a state beyond running is the end or the wish for it.
func rank(s api.TaskState) int {
	return slices.Index([]api.TaskState{
		api.TaskStateNew, api.TaskStateAllocated, api.TaskStatePending, api.TaskStateAssigned, api.TaskStateAccepted,
		api.TaskStatePreparing, api.TaskStateReady, api.TaskStateStarting, api.TaskStateRunning, api.TaskStateComplete,
		api.TaskStateShutdown, api.TaskStateFailed, api.TaskStateRejected, api.TaskStateRemove, api.TaskStateOrphaned,
	}, s)
}

func (t *task) wanted() bool { return rank(t.DesiredState) <= rank(api.TaskStateRunning) }
func (t *task) ended() bool  { return rank(t.Status.State) > rank(api.TaskStateRunning) }

// dirty reports whether the task was made of another template than its service has now.
func (t *task) dirty(s *service) bool {
	return string(encode(t.Spec)) != string(encode(templateOf(s)))
}

// templateOf is a service's template as its tasks have it.
func templateOf(s *service) api.TaskSpec {
	t := cloneSpec(s.Spec).TaskTemplate
	t.Runtime = "" // said of services only
	return t
}

func (e *Engine) newTask(s *service, key string, desired api.TaskState) *task {
	t := &task{key: key}
	t.ID, t.serial, t.ServiceID, t.DesiredState = e.newID("task"), e.made["task"], s.ID, desired
	t.Labels = map[string]string{}
	t.Spec = templateOf(s)
	if s.Spec.Mode.Global != nil {
		t.NodeID = key
	} else {
		t.Slot, _ = strconv.Atoi(key) // made by slotKey
	}
	t.Status = api.TaskStatus{State: api.TaskStateNew, Message: "created", PortStatus: api.PortStatus{}}
	e.tasks[t.ID] = t
	e.order = append(e.order, t)
	e.byService[s.ID] = append(e.byService[s.ID], t)
	e.note(t)
	e.after(e.opts.Timing.Schedule, func() { e.allocate(t) })
	return t
}

// note stamps a changed task.
func (e *Engine) note(t *task) {
	e.meta(&t.Meta)
	t.raw = nil
}

func (e *Engine) set(t *task, state api.TaskState, message, err string) {
	t.Status.State, t.Status.Message, t.Status.Err, t.Status.Timestamp = state, message, err, time.Now().UTC()
	e.note(t)
}

// allocate gives a task its addresses, and then a node.
func (e *Engine) allocate(t *task) {
	if e.tasks[t.ID] == nil {
		return
	}
	for _, at := range t.Spec.Networks {
		n, err := e.findNetwork(at.Target)
		if err != nil {
			continue // removed meanwhile
		}
		addr := n.next(e.addresses)
		e.addresses[addr] = t
		t.addrs = append(t.addrs, addr)
		t.NetworksAttachments = append(t.NetworksAttachments, n.attachment(addr))
	}
	e.set(t, api.TaskStatePending, "pending task scheduling", "")
	e.schedule(t)
}

// schedule finds a node for a task, or lets it wait.
func (e *Engine) schedule(t *task) {
	delete(e.waiting, t)
	if !t.wanted() {
		return
	}
	b := e.behaviourOf(t)
	n, why := e.place(t)
	if b.Unplaceable != "" {
		n, why = nil, b.Unplaceable
	}
	if n == nil {
		e.waiting[t] = true
		if t.Status.Err != why {
			e.set(t, api.TaskStatePending, "pending task scheduling", why)
		}
		return
	}
	t.NodeID = n.ID
	e.sendSecrets(t)
	e.set(t, api.TaskStateAssigned, "scheduler assigned task to node", "")
	e.set(t, api.TaskStatePreparing, "preparing", "")
	e.after(cmp.Or(b.Prepare, e.opts.Timing.Prepare), func() { e.prepared(t) })
}

// retryWaiting lets tasks that found no node try again, since something has changed.
func (e *Engine) retryWaiting() {
	for _, t := range slices.SortedFunc(maps.Keys(e.waiting), func(a, b *task) int { return a.serial - b.serial }) {
		e.schedule(t)
	}
}

func (e *Engine) prepared(t *task) {
	if t.ended() || e.lost(t) {
		return
	}
	if !t.wanted() {
		e.end(t, api.TaskStateShutdown, "shutdown", "")
		return
	}
	b := e.behaviourOf(t)
	if b.Rejected == "" && !e.hasImage(t.Spec.ContainerSpec.Image) {
		b.Rejected = "No such image: " + t.Spec.ContainerSpec.Image
	}
	if id := t.missingSecret(); id != "" {
		b.Rejected = "unable to get secret from secret store: secret not found: " + id
	}
	if b.Rejected != "" {
		e.end(t, api.TaskStateRejected, "preparing", b.Rejected)
		return
	}
	if t.DesiredState == api.TaskStateReady {
		e.set(t, api.TaskStateReady, "prepared", "")
		return
	}
	e.launch(t)
}

func (e *Engine) launch(t *task) {
	b := e.behaviourOf(t)
	t.Status.ContainerStatus = &api.ContainerStatus{ContainerID: fmt.Sprintf("%064x", t.serial), PID: 1000 + t.serial}
	e.set(t, api.TaskStateStarting, "starting", "")
	e.after(cmp.Or(b.Start, e.opts.Timing.Start), func() { e.started(t) })
}

func (e *Engine) started(t *task) {
	if t.ended() || e.lost(t) || t.Status.State != api.TaskStateStarting {
		return
	}
	if !t.wanted() {
		e.end(t, api.TaskStateShutdown, "shutdown", "")
		return
	}
	t.startedAt = time.Now()
	e.set(t, api.TaskStateRunning, "started", "")
	b := e.behaviourOf(t)
	e.writes(t, b)
	if b.Crash {
		if b.CrashAfter <= 0 {
			e.exit(t, 1)
			return
		}
		e.after(b.CrashAfter, func() {
			if e.behaviourOf(t).Crash {
				e.exit(t, 1)
			}
		})
	}
	e.progress(t)
}

// exit ends a container by itself.
func (e *Engine) exit(t *task, code int) {
	if t.Status.State != api.TaskStateRunning || e.lost(t) {
		return
	}
	t.Status.ContainerStatus.ExitCode, t.Status.ContainerStatus.PID = code, 0
	if code == 0 {
		e.end(t, api.TaskStateComplete, "finished", "")
		return
	}
	e.end(t, api.TaskStateFailed, "started", fmt.Sprintf("task: non-zero exit (%d)", code))
}

// desire sets what a task shall be. It never goes back.
func (e *Engine) desire(t *task, state api.TaskState) {
	if rank(state) <= rank(t.DesiredState) {
		return
	}
	running := t.wanted()
	t.DesiredState = state
	e.note(t)
	switch {
	case t.ended():
		e.forget(t)
	case state == api.TaskStateRunning:
		if t.Status.State == api.TaskStateReady {
			e.launch(t)
		}
	case t.Status.State == api.TaskStateRunning || t.Status.State == api.TaskStateReady || t.Status.State == api.TaskStateStarting:
		if running {
			e.after(cmp.Or(e.behaviourOf(t).Stop, e.opts.Timing.Stop), func() { e.stopped(t) })
		}
	case t.NodeID == "" || t.Status.State == api.TaskStatePending:
		delete(e.waiting, t)
		e.end(t, api.TaskStateShutdown, "shutdown", "")
	}
}

func (e *Engine) stopped(t *task) {
	if !t.ended() && !e.lost(t) {
		e.end(t, api.TaskStateShutdown, "shutdown", "")
	}
}

// end is the end of a task. One that ended by itself is replaced.
func (e *Engine) end(t *task, state api.TaskState, message, err string) {
	if t.ended() {
		return
	}
	t.startedAt = time.Time{}
	e.pipes.cut(t)
	for _, addr := range t.addrs {
		delete(e.addresses, addr)
	}
	e.set(t, state, message, err)
	if t.wanted() {
		t.DesiredState = api.TaskStateShutdown
		e.note(t)
		if s := e.services[t.ServiceID]; s != nil {
			rolledBack := e.failed(s, t)
			if !rolledBack || len(e.live(s)[t.key]) == 0 {
				e.restart(s, t)
			}
		}
	}
	e.progress(t)
	e.forget(t)
	e.retryWaiting()
}

// progress lets the update of a task's service go on.
func (e *Engine) progress(t *task) {
	if s := e.services[t.ServiceID]; s != nil {
		e.advance(s)
	}
}

// forget drops ended tasks that Swarm does not remember.
func (e *Engine) forget(t *task) {
	if t.DesiredState == api.TaskStateRemove {
		if t.ended() {
			e.drop(t)
		}
		return
	}
	var slot []*task
	for _, other := range e.tasksOf(t.ServiceID) {
		if other.key == t.key {
			slot = append(slot, other)
		}
	}
	for _, old := range slot[:max(0, len(slot)-historyLimit)] {
		if old.ended() {
			e.drop(old)
		}
	}
}

func (e *Engine) drop(t *task) {
	delete(e.tasks, t.ID)
	is := func(other *task) bool { return other == t }
	e.order = slices.DeleteFunc(e.order, is)
	if rest := slices.DeleteFunc(e.byService[t.ServiceID], is); len(rest) > 0 {
		e.byService[t.ServiceID] = rest
	} else {
		delete(e.byService, t.ServiceID)
	}
}

// tasksOf returns the tasks of a service in the order of their creation.
func (e *Engine) tasksOf(id string) []*task {
	return slices.Clone(e.byService[id])
}

func (e *Engine) listTasks(r *http.Request) (reply, error) {
	args, err := readFilters(r, "service", "id", "name", "label", "node", "desired-state", "runtime", "_up-to-date")
	if err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var of map[string]bool
	for _, name := range args.Get("service") {
		s, err := e.findService(name)
		if err != nil {
			return reply{}, err
		}
		if of == nil {
			of = map[string]bool{}
		}
		of[s.ID] = true
	}
	list := []json.RawMessage{}
	for _, t := range e.order {
		if (of == nil || of[t.ServiceID]) && begins(args, "id", t.ID) && begins(args, "node", t.NodeID) &&
			args.ExactMatch("desired-state", string(t.DesiredState)) {
			list = append(list, t.json())
		}
	}
	return reply{body: list}, nil
}

func (e *Engine) inspectTask(r *http.Request) (reply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.tasks[r.PathValue("id")]
	if t == nil {
		return reply{}, notFound("task", r.PathValue("id"))
	}
	return reply{body: t.json()}, nil
}
