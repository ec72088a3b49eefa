package swarmtest

import (
	"cmp"
	"net/http"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// Options say what Swarm there is. Only Socket must be set; Start sets it too.
type Options struct {
	// Socket is the path of the unix socket to make, at most some 100 characters.
	Socket string
	// Timing is how long things take. What is zero gets its default.
	Timing Timing
	// Nodes are the machines. Default: one manager "node-1" with 64 CPUs and 256 GiB.
	Nodes []Node
	// Networks are the overlay networks. Default: "functions", labelled openfaas=true.
	Networks []Network
	// Images are those that every node has; a task with another one is rejected. Nil: every image is there.
	Images []Image
	// Registry has the digest of each image that a registry knows, by NAME:TAG. Nil: no registry can be reached.
	Registry map[string]string
}

// Timing is how long each step of a task's life takes.
type Timing struct {
	// Schedule is from new to assigned to a node. Default 1ms.
	Schedule time.Duration
	// Prepare is from there to starting. Default 2ms.
	Prepare time.Duration
	// Start is from starting to running. Default 2ms.
	Start time.Duration
	// Stop is from the order to stop to the end. Default 2ms.
	Stop time.Duration
	// Monitor is how long a task of an update is watched before the next, whatever the service's spec says.
	// Default 20ms. Below zero: what the spec says.
	Monitor time.Duration
}

// Node is a machine of the Swarm.
type Node struct {
	Hostname string
	// Role is manager or worker. Default: manager for the first node, worker for the others.
	Role   api.NodeRole
	Labels map[string]string
	// NanoCPUs and MemoryBytes are what tasks can reserve. Default 64 CPUs, 256 GiB.
	NanoCPUs, MemoryBytes int64
}

// Network is an overlay network.
type Network struct {
	Name   string
	Labels map[string]string
	// Subnet is that of its addresses. Default: 10.N.0.0/16 for the Nth network.
	Subnet string
}

// Image is a container image that the nodes have.
type Image struct {
	// Name is NAME:TAG.
	Name string
	// ID is sha256:…; the default is made of the name.
	ID string
	// Digest is that of its manifest (sha256:…) if it came from a registry. Empty: it was built or loaded here.
	Digest string
	// Behaviour is what its containers do, unless Engine.Behave says otherwise.
	Behaviour Behaviour
}

// Behaviour is what the containers of a service or an image do.
type Behaviour struct {
	// Crash makes containers end with an exit code other than 0, CrashAfter after they were started.
	Crash      bool
	CrashAfter time.Duration
	// Unplaceable makes the scheduler find no node, and say so in these words, for example
	// "no suitable node (insufficient resources on 1 node)".
	Unplaceable string
	// Rejected makes nodes refuse the task in these words, for example "No such image: x:latest".
	Rejected string
	// ReadyAfter is how long after its start a container's /_/ready answers 503 first.
	ReadyAfter time.Duration
	// Writes is what containers write to standard output at their start.
	Writes string
	// Prepare, Start and Stop stand for those of Timing where they are not zero.
	Prepare, Start, Stop time.Duration
	// Handler answers the requests to the containers. Their TaskInfo is in the context of the request. Nil: /_/ready answers as
	// ReadyAfter says, all else echoes the request's body.
	Handler http.Handler
}

func (t Timing) withDefaults() Timing {
	t.Schedule = cmp.Or(t.Schedule, time.Millisecond)
	t.Prepare = cmp.Or(t.Prepare, 2*time.Millisecond)
	t.Start = cmp.Or(t.Start, 2*time.Millisecond)
	t.Stop = cmp.Or(t.Stop, 2*time.Millisecond)
	t.Monitor = cmp.Or(t.Monitor, 20*time.Millisecond)
	return t
}

func (o Options) withDefaults() Options {
	o.Timing = o.Timing.withDefaults()
	if len(o.Nodes) == 0 {
		o.Nodes = []Node{{Hostname: "node-1"}}
	}
	if o.Networks == nil {
		o.Networks = []Network{{Name: "functions", Labels: map[string]string{"openfaas": "true"}}}
	}
	return o
}
