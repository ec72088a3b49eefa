package swarm

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"faas/function"
	"faas/swarm/swarmtest"
)

// quick is a timing for faults: what takes seconds in earnest takes milliseconds.
func quick() timing {
	t := defaultTiming()
	t.resync, t.retry, t.retryMax = 200*time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	t.steady, t.call = 50*time.Millisecond, 2*time.Second
	t.unplaced, t.proven = 50*time.Millisecond, 200*time.Millisecond
	t.astray = 100 * time.Millisecond
	t.reviveMin, t.reviveMax = 100*time.Millisecond, 400*time.Millisecond
	return t
}

// lab is a backend at work on a Swarm in small.
type lab struct {
	*testing.T
	*swarmtest.Engine
	b *Backend
}

func startLab(t *testing.T, o swarmtest.Options, tm timing) lab {
	t.Helper()
	return runLab(t, swarmtest.Start(t, o), tm)
}

func runLab(t *testing.T, e *swarmtest.Engine, tm timing) lab {
	t.Helper()
	options := Options{Host: e.Host(), Dial: e.Dial}
	if testing.Verbose() {
		options.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	b, err := newBackend(options, tm)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	l := lab{t, e, b}
	l.until("the Swarm to be read", func() bool { _, err := b.Functions(t.Context()); return err == nil })
	return l
}

// until waits for what happens in another goroutine.
func (l lab) until(what string, ok func() bool) {
	l.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			l.Fatalf("waited in vain for %s; there is %+v", what, l.all())
		}
	}
}

func (l lab) all() []function.Status {
	snap, _ := l.b.Functions(context.Background()) // none while it is not read
	return snap.Functions
}

func (l lab) deploy(name string, replicas int) {
	l.Helper()
	f := function.Function{
		Name: name, Image: "faas/echo:latest",
		Labels: map[string]string{function.ScalingLabelPrefix + "min": fmt.Sprint(replicas)},
	}
	if err := l.b.Deploy(l.Context(), f); err != nil {
		l.Fatal(err)
	}
	l.ready(name, replicas)
}

func (l lab) ready(name string, replicas int) {
	l.Helper()
	l.until(fmt.Sprintf("%d replicas of %s", replicas, name), func() bool {
		s, err := l.b.Function(l.Context(), name)
		return err == nil && s.Desired == replicas && s.Available() == replicas
	})
}

func (l lab) blocked(name, want string) {
	l.Helper()
	l.until(fmt.Sprintf("%s to be blocked by %q", name, want), func() bool {
		s, err := l.b.Function(l.Context(), name)
		return err == nil && (s.Blocked == "") == (want == "") && strings.Contains(s.Blocked, want)
	})
}
