package swarmtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/events"
	api "github.com/docker/docker/api/types/swarm"
)

// node is a machine of the Swarm.
type node struct{ api.Node }

func (e *Engine) addNode(i int, o Node) {
	n := &node{}
	n.ID = e.newID("node")
	n.Spec.Labels = o.Labels
	if n.Spec.Labels == nil {
		n.Spec.Labels = map[string]string{}
	}
	n.Spec.Role = api.NodeRoleWorker
	if i == 0 {
		n.Spec.Role = api.NodeRoleManager
	}
	n.Spec.Role = cmp.Or(o.Role, n.Spec.Role)
	n.Spec.Availability = api.NodeAvailabilityActive
	addr := fmt.Sprintf("192.0.2.%d", i+1)
	n.Description = api.NodeDescription{
		Hostname: o.Hostname, Platform: api.Platform{Architecture: "x86_64", OS: "linux"},
		Resources: api.Resources{
			NanoCPUs: cmp.Or(o.NanoCPUs, 64e9), MemoryBytes: cmp.Or(o.MemoryBytes, int64(256)<<30),
		},
		Engine: api.EngineDescription{EngineVersion: "20.10.24"},
	}
	n.Status = api.NodeStatus{State: api.NodeStateReady, Addr: addr}
	if n.Spec.Role == api.NodeRoleManager {
		n.ManagerStatus = &api.ManagerStatus{Leader: i == 0, Reachability: api.ReachabilityReachable, Addr: addr + ":2377"}
	}
	e.meta(&n.Meta)
	e.nodes = append(e.nodes, n)
}

// node finds a machine by ID or host name; nil if there is none.
func (e *Engine) node(name string) *node {
	for _, n := range e.nodes {
		if n.ID == name || n.Description.Hostname == name {
			return n
		}
	}
	return nil
}

// UpdateNode changes a node, found by its host name: drained, down, labelled. Tasks move away as they would.
func (e *Engine) UpdateNode(hostname string, change func(*api.Node)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.node(hostname)
	if n == nil {
		return notFound("node", hostname)
	}
	before := n.Node
	change(&n.Node)
	e.meta(&n.Meta)
	attributes := map[string]string{"name": hostname}
	if before.Spec.Availability != n.Spec.Availability {
		attributes["availability.old"], attributes["availability.new"] = string(before.Spec.Availability), string(n.Spec.Availability)
	}
	if before.Status.State != n.Status.State {
		attributes["state.old"], attributes["state.new"] = string(before.Status.State), string(n.Status.State)
	}
	e.tell(events.NodeEventType, events.ActionUpdate, n.ID, attributes)
	e.moveAway(n)
	for _, s := range e.sortedServices() {
		e.reconcile(s)
	}
	e.retryWaiting()
	return nil
}

// moveAway replaces the tasks of a node that takes none any more.
func (e *Engine) moveAway(n *node) {
	gone := n.Status.State == api.NodeStateDown
	for _, t := range slices.Clone(e.order) {
		if t.NodeID != n.ID {
			continue
		}
		if gone {
			e.pipes.cut(t)
		} else if !t.wanted() && !t.ended() {
			e.stopped(t) // it was ordered to while the node was away
		}
		if !t.wanted() || !gone && n.Spec.Availability != api.NodeAvailabilityDrain {
			continue
		}
		e.desire(t, api.TaskStateShutdown)
		if s := e.services[t.ServiceID]; s != nil {
			e.restart(s, t)
		}
	}
}

// lost reports whether a task's node is down: nothing is heard of it.
func (e *Engine) lost(t *task) bool {
	n := e.node(t.NodeID)
	return n != nil && n.Status.State == api.NodeStateDown
}

// up reports whether a node gets new tasks.
func (n *node) up() bool {
	return n.Status.State == api.NodeStateReady && n.Spec.Availability == api.NodeAvailabilityActive
}

// takes reports whether a global service has a task on the node.
func (n *node) takes(t *api.TaskSpec) bool { return n.up() && n.satisfies(t.Placement) }

// satisfies reports whether a node is as the placement constraints want it.
func (n *node) satisfies(p *api.Placement) bool {
	if p == nil {
		return true
	}
	for _, c := range p.Constraints {
		key, value, equal := strings.Cut(c, "==")
		if !equal {
			key, value, _ = strings.Cut(c, "!=")
		}
		if (n.attribute(strings.TrimSpace(key)) == strings.TrimSpace(value)) != equal {
			return false
		}
	}
	return true
}

func (n *node) attribute(key string) string {
	switch key {
	case "node.id":
		return n.ID
	case "node.hostname":
		return n.Description.Hostname
	case "node.role":
		return string(n.Spec.Role)
	case "node.platform.os":
		return n.Description.Platform.OS
	case "node.platform.arch":
		return n.Description.Platform.Architecture
	}
	if label, ok := strings.CutPrefix(key, "node.labels."); ok {
		return n.Spec.Labels[label]
	}
	return ""
}

// place finds the node with the fewest tasks of those that fit, or says why there is none.
func (e *Engine) place(t *task) (*node, string) {
	load := map[string]int{}
	free := map[string]api.Resources{}
	for _, n := range e.nodes {
		free[n.ID] = n.Description.Resources
	}
	for _, other := range e.order {
		if other == t || other.NodeID == "" || other.ended() {
			continue
		}
		load[other.NodeID]++
		if other.ServiceID == t.ServiceID {
			load[other.NodeID] += 1 << 16 // spread the service first
		}
		f, r := free[other.NodeID], reserved(&other.Spec)
		f.NanoCPUs, f.MemoryBytes = f.NanoCPUs-r.NanoCPUs, f.MemoryBytes-r.MemoryBytes
		free[other.NodeID] = f
	}
	var best *node
	unavailable, unfit, full := 0, 0, 0
	want := reserved(&t.Spec)
	for _, n := range e.nodes {
		switch {
		case t.NodeID != "" && t.NodeID != n.ID:
		case !n.up():
			unavailable++
		case want.NanoCPUs > free[n.ID].NanoCPUs || want.MemoryBytes > free[n.ID].MemoryBytes:
			full++
		case !n.satisfies(t.Spec.Placement):
			unfit++
		case best == nil || load[n.ID] < load[best.ID]:
			best = n
		}
	}
	if best != nil {
		return best, ""
	}
	return nil, "no suitable node (" + strings.Join(slices.DeleteFunc([]string{
		reason("insufficient resources on", full), reason("scheduling constraints not satisfied on", unfit),
		reason("", unavailable),
	}, func(s string) bool { return s == "" }), "; ") + ")"
}

func reason(what string, n int) string {
	nodes := fmt.Sprintf("%d nodes", n)
	if n == 1 {
		nodes = "1 node"
	}
	switch {
	case n == 0:
		return ""
	case what == "":
		return nodes + " not available for new tasks"
	}
	return what + " " + nodes
}

func (e *Engine) listNodes(r *http.Request) (reply, error) {
	args, err := readFilters(r, "name", "id", "label", "role", "membership", "node.label")
	if err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []json.RawMessage{}
	for _, n := range e.nodes {
		if begins(args, "name", n.Description.Hostname) && begins(args, "id", n.ID) &&
			args.MatchKVList("node.label", n.Spec.Labels) && args.ExactMatch("role", string(n.Spec.Role)) {
			list = append(list, encode(n.Node))
		}
	}
	return reply{body: list}, nil
}

func (e *Engine) inspectNode(r *http.Request) (reply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.node(r.PathValue("id"))
	if n == nil {
		return reply{}, notFound("node", r.PathValue("id"))
	}
	return reply{body: encode(n.Node)}, nil
}
