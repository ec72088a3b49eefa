package supervise

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestGroupStopsInTheNamedOrder(t *testing.T) {
	g := NewGroup()
	var ended []string
	for _, name := range []string{"backend", "gateway", "prometheus"} {
		g.Go(t.Context(), name, time.Second, func(ctx context.Context) error {
			<-ctx.Done()
			ended = append(ended, name)
			if name == "prometheus" {
				return errors.New("stuck")
			}
			return ctx.Err()
		})
	}
	var begun []string
	report := func(name string) { begun = append(begun, name) }
	err := g.Stop(report, "gateway", "never started", "prometheus", "backend")
	want := []string{"gateway", "prometheus", "backend"}
	if !slices.Equal(ended, want) || !slices.Equal(begun, want) {
		t.Errorf("ended %v, reported %v, want %v", ended, begun, want)
	}
	if err == nil || err.Error() != "stop prometheus: stuck" {
		t.Errorf("got error %v, want only that of prometheus", err)
	}
	if err := g.Stop(report, want...); err != nil {
		t.Errorf("a second stop: %v", err)
	}
}

func TestGroupLeavesALateMemberBehind(t *testing.T) {
	g := NewGroup()
	release := make(chan struct{})
	defer close(release)
	g.Go(t.Context(), "gateway", time.Millisecond, func(context.Context) error { <-release; return nil })
	err := g.Stop(func(string) {}, "gateway")
	if err == nil || err.Error() != "stop gateway: still running after 1ms" {
		t.Errorf("got %v", err)
	}
}

func TestGroupTellsOfAFailure(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"with an error", broken, "broken"},
		{"without one", nil, "gateway ended by itself"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := NewGroup()
			g.Go(t.Context(), "gateway", time.Second, func(context.Context) error { return test.err })
			if err := <-g.Failed(); err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if err := g.Stop(func(string) {}, "gateway"); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
	}
}
