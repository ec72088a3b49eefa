package swarm

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options say which Docker a Backend works with. The zero value works on a Swarm manager.
type Options struct {
	// Host is the URL of the Docker Engine's API, such as unix:///var/run/docker.sock. Empty: the
	// environment's DOCKER_HOST, else the default socket. The engine must be a manager.
	Host string
	// Network is the name or ID of the overlay network that functions and gateway share. Empty: the one that
	// is labelled openfaas=true.
	Network string
	// ReservedSecrets are names of secrets that no function gets, such as the gateway's own.
	ReservedSecrets []string
	// Dial connects to a replica to see whether it answers. Nil: plain TCP, as the gateway does.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Notice is told in one line what a person wants to know of a function: subject is its name. It is called
	// from one goroutine, must return soon and must not call the backend. Nil: notices are logged at level Info.
	Notice func(subject, text string)
	// Log gets what an operator wants to see. Nil: nothing is logged.
	Log *slog.Logger
	// Registerer gets the metrics. Nil: they are not registered.
	Registerer prometheus.Registerer
}

// timing holds every duration of the backend, so that tests can make them small.
type timing struct {
	call       time.Duration // the longest time of one call of Docker's API
	lookup     time.Duration // the longest time that a registry may take to know an image
	steady     time.Duration // between two looks at all tasks while nothing changes
	fast       time.Duration // between two looks at the tasks of a service right after it changed
	slow       time.Duration // the same for a service that does not get as wanted
	updating   time.Duration // the same while Swarm replaces its replicas, which it does at any time
	stuck      time.Duration // an update in which nothing moved for so long is stuck
	patience   time.Duration // a change that must not come into an update waits for its end so long
	leaving    time.Duration // a removal waits so long for replicas that are going already
	resync     time.Duration // between two looks at all services, should an event have been lost
	retry      time.Duration // before the first new try of a failed read; doubles
	retryMax   time.Duration
	probeRetry time.Duration // between two tries of a replica that does not answer yet; doubles
	probeMax   time.Duration
	unplaced   time.Duration // a task that finds no node for so long is told of
	crashes    time.Duration // the window in which failures of a replica are counted
	proven     time.Duration // a replica that has been ready for so long did not crash at its start
	astray     time.Duration // a service with another number of tasks than is wanted is Swarm's business for so long
	reviveMin  time.Duration // before Swarm is asked again to start what it has given up; doubles
	reviveMax  time.Duration
	logIdle    time.Duration // what is in a log already is waited for so long
	logSilence time.Duration // a log that is followed is asked for anew when nothing came for so long
	logLinger  time.Duration // what a replica wrote last is waited for so long
}

func defaultTiming() timing {
	return timing{
		call: 10 * time.Second, lookup: 5 * time.Second,
		steady: time.Second, fast: 25 * time.Millisecond, slow: time.Second, updating: 100 * time.Millisecond, stuck: 30 * time.Second,
		patience: 15 * time.Second, leaving: 3 * time.Second, resync: 30 * time.Second,
		retry: 100 * time.Millisecond, retryMax: 5 * time.Second,
		probeRetry: 5 * time.Millisecond, probeMax: 250 * time.Millisecond,
		unplaced: time.Second, crashes: time.Minute, proven: 10 * time.Second,
		astray: 5 * time.Second, reviveMin: 30 * time.Second, reviveMax: 5 * time.Minute,
		logIdle: 5 * time.Second, logSilence: 30 * time.Second, logLinger: time.Second,
	}
}

// withDefaults fills in what is nil.
func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Notice == nil {
		log := o.Log
		o.Notice = func(subject, text string) { log.Info("notice", "function", subject, "text", text) }
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}
