package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"faas/gateway"
	"faas/queue"
)

// async is the queue of a gateway, and what each must know of the other.
type async struct {
	queue   *queue.Queue
	config  queue.Config
	gateway atomic.Pointer[gateway.Gateway] // nil until it is made
}

// newAsync makes the queue that q says for the gateway that o says, and gives it to o. lookup has the environment.
func newAsync(q queue.Options, o *gateway.Options, lookup func(string) (string, bool)) (*async, error) {
	a := &async{}
	var err error
	if a.config, err = queue.ConfigFromEnv(lookup); err != nil {
		return nil, err
	}
	if o.Config.MaxAsyncBody > queue.MaxBody {
		return nil, fmt.Errorf("environment variable max_async_body: a call in the queue may have %d bytes at most", queue.MaxBody)
	}
	own, port := ownAddress(o.Listener.Addr())
	q.Gateway, q.Config, q.Limit = "http://"+own, a.config, a.limit
	q.MaxBody, q.Drain = o.Config.MaxAsyncBody, max(o.Config.DrainTimeout, time.Millisecond)
	q.Log, q.Registerer = o.Log, o.Registry
	_, metrics := ownAddress(o.MetricsListener.Addr())
	q.Callbacks.OwnPorts = append(q.Callbacks.OwnPorts, port, metrics)
	if a.queue, err = queue.New(q); err != nil {
		return nil, err
	}
	o.Queue, o.QueueDepth, o.DeadLetters = a.queue, a.queue.Depth, a.queue.Letters()
	return a, nil
}

func (a *async) limit(function string) (int, bool) {
	if g := a.gateway.Load(); g != nil {
		return g.AsyncLimit(function, a.config.Concurrency)
	}
	return a.config.Concurrency, true
}

// run is the queue's Run.
func (a *async) run(ctx context.Context) error { return a.queue.Run(ctx) }

// ownAddress is where this process reaches what it listens on itself.
func ownAddress(a net.Addr) (hostport string, port uint16) {
	at, ok := a.(*net.TCPAddr)
	if !ok {
		return a.String(), 0
	}
	host := at.IP
	if host == nil || host.IsUnspecified() {
		host = net.IPv4(127, 0, 0, 1) // which one that listens on [::] has as well
	}
	return net.JoinHostPort(host.String(), strconv.Itoa(at.Port)), uint16(at.Port) //nolint:gosec // a port
}
