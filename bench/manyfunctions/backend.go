package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"faas/function"
	"faas/internal/board"
)

// errFixed is what the backend answers to who wants other functions.
var errFixed = errors.New("the functions of a benchmark stay as they are")

// backend is a table of functions. A replica that is ordered is ready at once.
type backend struct {
	board         *board.Board
	echo, metrics string

	mu        sync.Mutex
	functions []function.Status // in the order of their names
}

func newBackend(n int, echo, metrics string) *backend {
	b := &backend{board: board.New(), echo: echo, metrics: metrics}
	for i := range n {
		f := function.Function{Name: name(i), Image: "echo", Labels: map[string]string{}}
		switch i % 20 { // load is given from the first on
		case 3:
			f.Labels[function.ScalingLabelPrefix+"type"] = "capacity"
			f.Labels[function.ScalingLabelPrefix+"target"] = "1"
		case 7:
			f.Labels[function.ScalingLabelPrefix+"zero"] = "true"
		case 11:
			f.Labels[function.ScalingLabelPrefix+"type"] = "rps,capacity"
		}
		scaling, err := f.ParseScaling()
		if err != nil {
			panic(err) // the labels are those above
		}
		s := function.Status{Function: f, Scaling: scaling, CreatedAt: time.Now()}
		b.functions = append(b.functions, b.scaled(s, 1))
	}
	slices.SortFunc(b.functions, func(a, b function.Status) int { return strings.Compare(a.Name, b.Name) })
	b.board.Publish(slices.Clone(b.functions))
	return b
}

// scaled is s with n replicas. Those that it has stay.
func (b *backend) scaled(s function.Status, n int) function.Status {
	s.Desired = n
	s.Replicas = slices.Clone(s.Replicas[:min(n, len(s.Replicas))])
	for i := len(s.Replicas); i < n; i++ {
		s.Replicas = append(s.Replicas, function.Replica{
			ID: fmt.Sprintf("%s.%d", s.Name, i+1), Addr: b.echo, MetricsAddr: b.metrics, Node: "here",
			State: function.ReplicaReady, StartedAt: time.Now(),
		})
	}
	return s
}

func (b *backend) find(name string) (int, error) {
	i, found := slices.BinarySearchFunc(b.functions, name, func(s function.Status, name string) int { return strings.Compare(s.Name, name) })
	if !found {
		return 0, function.NotFoundf("function %s does not exist", name)
	}
	return i, nil
}

// ScaleFrom implements scaler.Backend.
func (b *backend) ScaleFrom(_ context.Context, name string, from, to int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, err := b.find(name)
	if err != nil {
		return err
	}
	if now := b.functions[i].Desired; now != from {
		return function.Conflictf("it has %d by now and not %d", now, from)
	}
	b.functions[i] = b.scaled(b.functions[i], to)
	b.board.Publish(slices.Clone(b.functions))
	return nil
}

// Function implements scaler.Backend and gateway.Backend.
func (b *backend) Function(_ context.Context, name string) (function.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, err := b.find(name)
	if err != nil {
		return function.Status{}, err
	}
	return b.functions[i], nil
}

// Functions implements gateway.Backend.
func (b *backend) Functions(context.Context) (function.Snapshot, error) {
	snap, _ := b.board.Current()
	return snap, nil
}

// Watch implements scaler.Backend and gateway.Watcher.
func (b *backend) Watch(ctx context.Context, see func(function.Snapshot)) error {
	b.board.Watch(ctx, see)
	return ctx.Err()
}

// Deploy implements gateway.Backend.
func (b *backend) Deploy(context.Context, function.Function) error { return errFixed }

// Update implements gateway.Backend.
func (b *backend) Update(context.Context, function.Function) error { return errFixed }

// Remove implements gateway.Backend.
func (b *backend) Remove(context.Context, string) error { return errFixed }
