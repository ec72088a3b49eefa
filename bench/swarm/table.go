package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"faas/swarm/swarmtest"
)

const (
	eachReplicas = 2
	invocations  = 1000
	lists        = 50
	losses       = 10
)

// tableRun is what one gateway cost.
type tableRun struct {
	functions      int
	start          time.Duration // from the start of the process to all replicas ready
	memory         float64       // bytes
	idle, scraped  float64       // shares of one core, without and with Prometheus' scrapes
	listBytes      int
	lists          []time.Duration
	route          []time.Duration // from the change to the first answer of the new replica
	replaced       []time.Duration // the same for a replica that Swarm replaced by itself, which no event tells
	taskLists      float64         // per second
	span           time.Duration   // over which the idle gateway was watched
	warmCalls      int             // beyond those that are made without a request as well
	warmExtra      string          // which
	invocations    int
	invocationsPer time.Duration // mean time of one
}

// table is a gateway with swarmtest behind it.
type table struct {
	opts     options
	rep      *report
	swarm    *swarmtest.Engine
	engine   *engine
	replicas *replicas
	gateway  *gateway
}

// measureTable runs one gateway with many functions.
func measureTable(ctx context.Context, o options, rep *report) (err error) {
	dir, err := os.MkdirTemp("", "faas-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	t := &table{opts: o, rep: rep}
	stop, err := t.open(ctx, filepath.Join(dir, "docker.sock"))
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return err
	}
	var r tableRun
	if err := t.measure(ctx, &r); err != nil {
		return err
	}
	rep.table(r)
	return nil
}

// open starts the Swarm and its functions.
func (t *table) open(ctx context.Context, socket string) (stop func() error, err error) {
	stop = func() error { return nil }
	if t.swarm, err = swarmtest.New(swarmtest.Options{
		Socket:   socket,
		Timing:   swarmtest.Timing{Schedule: 1, Prepare: 1, Start: 1, Stop: 1}, // nanoseconds: a change is there at once
		Networks: []swarmtest.Network{{Name: "functions", Labels: map[string]string{"openfaas": "true"}, Subnet: replicasSubnet}},
		Nodes:    []swarmtest.Node{{Hostname: "node-1"}},
	}); err != nil {
		return stop, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- t.swarm.Run(ctx) }()
	stop = func() error { cancel(); return <-ended }
	select {
	case <-t.swarm.Ready():
	case err := <-ended:
		ended <- nil
		return stop, err
	}
	if t.engine, err = newEngine(t.swarm.Host()); err != nil {
		return stop, err
	}
	if t.replicas, err = startReplicas(ctx); err != nil {
		return stop, err
	}
	stop = func() error { cancel(); return errors.Join(<-ended, t.replicas.close()) }
	for i := range t.opts.Functions {
		if _, err := t.engine.createService(ctx, t.spec(name(i))); err != nil {
			return stop, err
		}
	}
	return stop, nil
}

func name(i int) string { return fmt.Sprintf("function-%04d", i) }

// spec is a function's service as `docker service create` would make it.
func (t *table) spec(name string) map[string]any {
	return map[string]any{
		"Name": name,
		"Labels": map[string]string{
			"function": "true", "com.openfaas.function": name, "com.openfaas.scale.max": "10", "team": "bench",
		},
		"Mode": replicated(eachReplicas),
		"TaskTemplate": map[string]any{
			"ContainerSpec": map[string]any{
				"Image": "example/echoit:1", "Env": []string{fmt.Sprintf("port=%d", t.replicas.port), "fprocess=cat"},
				"Labels": map[string]string{"function": "true", "com.openfaas.function": name},
			},
			"RestartPolicy": map[string]any{"Condition": "any", "Delay": 0},
			"Networks":      []any{map[string]any{"Target": "functions"}},
		},
		"EndpointSpec": map[string]any{"Mode": "dnsrr"},
	}
}

// measure does one thing after the other, the idle gateway first.
func (t *table) measure(ctx context.Context, r *tableRun) (err error) {
	r.functions = t.opts.Functions
	begin := time.Now()
	if t.gateway, err = startGateway(ctx, t.opts.Bin, t.swarm.Host()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.gateway.stop()) }()
	if err := t.awaitAll(ctx); err != nil {
		return err
	}
	r.start = time.Since(begin)
	t.rep.progress("%d functions routed after %s", r.functions, moment(r.start))
	for _, step := range []func(context.Context, *tableRun) error{t.watchIdle, t.watchScraped, t.list, t.warm, t.change} {
		if err := step(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// awaitAll waits until all replicas are ready by the gateway's API.
func (t *table) awaitAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	want := eachReplicas * t.opts.Functions
	for {
		functions, desired, ready, err := t.gateway.counts(ctx)
		if err == nil && functions == t.opts.Functions && ready == want {
			return nil
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("%d functions with %d replicas, %d ready, after a minute: %w", functions, desired, ready, err)
		}
	}
}

// watchIdle lets the gateway be, once what it did at its start is over.
func (t *table) watchIdle(ctx context.Context, r *tableRun) error {
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	before := t.swarm.Calls()
	var err error
	if r.idle, r.span, err = t.usage(ctx, func() error { return pause(ctx, t.opts.Idle) }); err != nil {
		return err
	}
	r.taskLists = float64(t.swarm.Calls()[swarmtest.TaskListEndpoint]-before[swarmtest.TaskListEndpoint]) / r.span.Seconds()
	r.memory, err = t.gateway.memory()
	return err
}

// watchScraped reads the metrics meanwhile as often as Prometheus does with the shipped configuration.
func (t *table) watchScraped(ctx context.Context, r *tableRun) (err error) {
	r.scraped, _, err = t.usage(ctx, func() error {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for i := range int(t.opts.Idle / (250 * time.Millisecond)) {
			if _, err := t.gateway.get(ctx, t.gateway.metricsURL+"/metrics/scaling"); err != nil {
				return err
			}
			for path, every := range map[string]int{"/metrics": 40} {
				if i%every != 0 {
					continue
				}
				if _, err := t.gateway.get(ctx, t.gateway.metricsURL+path); err != nil {
					return err
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	return err
}

// usage is the share of one core that the gateway uses meanwhile.
func (t *table) usage(_ context.Context, meanwhile func() error) (share float64, span time.Duration, err error) {
	before, err := t.gateway.processorTime()
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	if err := meanwhile(); err != nil {
		return 0, 0, err
	}
	span = time.Since(begin)
	after, err := t.gateway.processorTime()
	return (after - before).Seconds() / span.Seconds(), span, err
}

// list reads all functions from the API.
func (t *table) list(ctx context.Context, r *tableRun) error {
	for range lists {
		begin := time.Now()
		text, err := t.gateway.get(ctx, t.gateway.url+"/system/functions")
		if err != nil {
			return err
		}
		r.lists = append(r.lists, time.Since(begin))
		r.listBytes = len(text)
	}
	return nil
}

// warm invokes all functions in turns and counts the calls of Docker that come of it.
func (t *table) warm(ctx context.Context, r *tableRun) error {
	before, begin := t.swarm.Calls(), time.Now()
	for i := range invocations {
		if _, err := t.gateway.invoke(ctx, name(i%t.opts.Functions)); err != nil {
			return err
		}
	}
	span := time.Since(begin)
	r.invocations, r.invocationsPer = invocations, span/invocations
	r.warmCalls, r.warmExtra = beyondSteady(before, t.swarm.Calls(), span)
	return nil
}

// beyondSteady counts calls beyond those that are made without a request as well: a list of tasks a second, and
// every 30 s all services and nodes, should an event have been lost.
func beyondSteady(before, after map[string]int, span time.Duration) (int, string) {
	every := map[string]time.Duration{
		swarmtest.TaskListEndpoint: time.Second, swarmtest.ServiceListEndpoint: 30 * time.Second, "GET /nodes": 30 * time.Second,
	}
	total := 0
	var which []string
	for endpoint, n := range after {
		extra := n - before[endpoint]
		if period := every[endpoint]; period > 0 {
			extra -= 1 + int(span/period)
		}
		if extra > 0 {
			total += extra
			which = append(which, fmt.Sprintf("%d × %s", extra, endpoint))
		}
	}
	slices.Sort(which)
	return total, strings.Join(which, ", ")
}

// change gives functions one more replica each, one function after the other, as somebody else than the gateway would.
// Then containers die, which Swarm replaces.
func (t *table) change(ctx context.Context, r *tableRun) error {
	for i := range min(t.opts.Changes, t.opts.Functions) {
		took, err := t.untilNew(ctx, name(i), func(s service, _ []task) error { return t.engine.write(ctx, s, eachReplicas+1) })
		if err != nil {
			return err
		}
		r.route = append(r.route, took)
	}
	for i := range min(losses, t.opts.Functions) {
		// At another moment each time, for the gateway looks at fixed ones.
		if err := pause(ctx, time.Duration(i)*time.Second/losses); err != nil {
			return err
		}
		took, err := t.untilNew(ctx, name(i), func(_ service, list []task) error { return t.swarm.Kill(list[0].ID) })
		if err != nil {
			return err
		}
		r.replaced = append(r.replaced, took)
	}
	return nil
}

// untilNew times from a change in the Swarm to the first answer of a new replica.
func (t *table) untilNew(ctx context.Context, function string, change func(service, []task) error) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s, err := t.engine.service(ctx, function)
	if err != nil {
		return 0, err
	}
	list, err := t.engine.tasks(ctx, s.ID)
	if err != nil {
		return 0, err
	}
	old := map[string]bool{}
	for _, one := range list {
		old[one.address()] = true
	}
	begin := time.Now()
	if err := change(s, list); err != nil {
		return 0, err
	}
	for {
		from, err := t.gateway.invoke(ctx, function)
		if err != nil {
			return 0, fmt.Errorf("the new replica of %s got no request: %w", function, err)
		}
		if !old[from] {
			return time.Since(begin), nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return 0, fmt.Errorf("the new replica of %s got no request: %w", function, err)
		}
	}
}
