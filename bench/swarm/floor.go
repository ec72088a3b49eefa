package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// polling is how often the tasks of a service are listed while they start, as the gateway does it.
	polling = 25 * time.Millisecond
	// settleTimeout is how long a service may take to have the replicas that it was asked for.
	settleTimeout = time.Minute
)

// floor measures what Swarm itself takes: its service is like that of a function, but no gateway knows it.
type floor struct {
	engine *engine
	id     string
	probe  *http.Client
}

// newFloor copies the service of a function, with one replica.
func newFloor(ctx context.Context, e *engine, function string) (*floor, error) {
	like, err := e.service(ctx, function)
	if err != nil {
		return nil, err
	}
	spec := maps.Clone(like.Spec)
	spec["Name"], spec["Labels"], spec["Mode"] = function+"-floor", map[string]string{}, replicated(1)
	template, ok := spec["TaskTemplate"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("service %s has no task template", function)
	}
	if c, ok := template["ContainerSpec"].(map[string]any); ok {
		c["Labels"] = map[string]string{}
	}
	pid, err := processOn(ctx, e, template)
	if err != nil {
		return nil, err
	}
	f := &floor{engine: e, probe: &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{DialContext: dialWithin(pid), DisableKeepAlives: true},
	}}
	f.id, err = e.createService(ctx, spec)
	return f, err
}

// processOn finds a process on the first network of a task template that stays for as long as the stack does.
func processOn(ctx context.Context, e *engine, template map[string]any) (int, error) {
	networks, _ := template["Networks"].([]any)
	if len(networks) == 0 {
		return 0, errors.New("the function is on no network")
	}
	first, _ := networks[0].(map[string]any)
	target, _ := first["Target"].(string)
	containers, err := e.containersOn(ctx, target)
	if err != nil {
		return 0, err
	}
	for id, name := range containers {
		if strings.Contains(name, "gateway") || strings.Contains(name, "warm") {
			return e.pid(ctx, id)
		}
	}
	return 0, fmt.Errorf("no gateway is on network %s of this engine's node", target)
}

func (f *floor) remove(ctx context.Context) error { return f.engine.removeService(ctx, f.id) }

// settle scales the service and waits until exactly those replicas are left.
func (f *floor) settle(ctx context.Context, replicas int) error {
	if err := f.engine.scale(ctx, f.id, replicas); err != nil {
		return err
	}
	return waitTasks(ctx, f.engine, f.id, replicas)
}

// scale tells how long it takes from the order until all replicas have answered.
func (f *floor) scale(ctx context.Context, replicas int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	begin := time.Now()
	if err := f.engine.scale(ctx, f.id, replicas); err != nil {
		return 0, err
	}
	asked, answered, tick := map[string]bool{}, make(chan time.Time), time.NewTicker(polling)
	defer tick.Stop()
	for ready := 0; ready < replicas; {
		list, err := f.engine.tasks(ctx, f.id)
		if err != nil {
			return 0, err
		}
		for _, t := range list {
			if t.running() && t.address() != "" && !asked[t.ID] {
				asked[t.ID] = true
				go f.awaitAnswer(ctx, t.address(), answered)
			}
		}
		for waiting := true; waiting && ready < replicas; {
			select {
			case <-answered:
				ready++
			case <-tick.C:
				waiting = false
			case <-ctx.Done():
				return 0, fmt.Errorf("%d of %d replicas answered: %w", ready, replicas, context.Cause(ctx))
			}
		}
	}
	return time.Since(begin), nil
}

// awaitAnswer asks a watchdog whether it is ready until it is, as the gateway does it.
func (f *floor) awaitAnswer(ctx context.Context, addr string, answered chan<- time.Time) {
	for wait := 5 * time.Millisecond; !f.answers(ctx, addr); wait = min(2*wait, 250*time.Millisecond) {
		if pause(ctx, wait) != nil {
			return
		}
	}
	select {
	case answered <- time.Now():
	case <-ctx.Done():
	}
}

func (f *floor) answers(ctx context.Context, addr string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(addr, "8080")+"/_/ready", http.NoBody)
	if err != nil {
		return false
	}
	res, err := f.probe.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusOK
}

// waitTasks waits until a service has exactly so many replicas that run, and none that starts or ends.
func waitTasks(ctx context.Context, e *engine, id string, replicas int) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for {
		list, err := e.tasks(ctx, id)
		if err != nil {
			return err
		}
		running, others := 0, 0
		for _, t := range list {
			switch {
			case t.running():
				running++
			case t.alive():
				others++
			}
		}
		if running == replicas && others == 0 {
			return nil
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("service %s has %d replicas and %d that start or end, and not %d, after %s",
				id, running, others, replicas, settleTimeout)
		}
	}
}

// pause waits, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
