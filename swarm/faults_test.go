package swarm

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
	"faas/swarm/swarmtest"
)

func TestStaleVersion(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.Inject(swarmtest.Fault{Endpoint: swarmtest.ServiceUpdateEndpoint, Times: 3, Conflict: true})
	if err := l.b.Scale(t.Context(), "a", 4); err != nil {
		t.Fatalf("scale over three changes by others: %v", err)
	}
	l.ready("a", 4)
	l.Inject(swarmtest.Fault{Endpoint: swarmtest.ServiceUpdateEndpoint, Times: maxStale, Conflict: true})
	if err := l.b.Scale(t.Context(), "a", 5); !errors.Is(err, function.ErrConflict) {
		t.Errorf("scale over endless changes: %v, want a conflict", err)
	}
}

// TestScaleKeepsWhatOthersChanged holds that a scale writes back what it read last, not what was known.
func TestScaleKeepsWhatOthersChanged(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.LoseEvents(-1)
	err := l.UpdateService("a", func(spec *api.ServiceSpec) { spec.Labels["by"] = "hand" })
	if err != nil {
		t.Fatal(err)
	}
	before := l.Tasks("a")
	if err := l.b.Scale(t.Context(), "a", 2); err != nil {
		t.Fatal(err)
	}
	if s, _ := l.Service("a"); s.Spec.Labels["by"] != "hand" {
		t.Errorf("the label is lost: %v", s.Spec.Labels)
	}
	l.ready("a", 2)
	if after := l.Tasks("a"); after[0].ID != before[0].ID && after[1].ID != before[0].ID {
		t.Errorf("the replica was restarted by a scale: %s, now %s and %s", before[0].ID, after[0].ID, after[1].ID)
	}
}

func TestLostEvents(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.LoseEvents(-1)
	three := uint64(3)
	if err := l.UpdateService("a", func(spec *api.ServiceSpec) { spec.Mode.Replicated.Replicas = &three }); err != nil {
		t.Fatal(err)
	}
	l.ready("a", 3)
	if err := l.RemoveService("a"); err != nil {
		t.Fatal(err)
	}
	l.until("the function to be gone", func() bool { return len(l.all()) == 0 })
}

func TestEventsEnd(t *testing.T) {
	tm := quick()
	tm.resync = time.Hour // only the stream can tell
	l := startLab(t, swarmtest.Options{}, tm)
	l.deploy("a", 1)
	if n := l.EndEvents(); n != 1 {
		t.Fatalf("%d followers of events", n)
	}
	two := uint64(2)
	if err := l.UpdateService("a", func(spec *api.ServiceSpec) { spec.Mode.Replicated.Replicas = &two }); err != nil {
		t.Fatal(err)
	}
	l.ready("a", 2)
}

// TestEngineAway holds that functions are served and told of while Docker is away, and that nothing is lost by it.
func TestEngineAway(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 2)
	l.Stop()
	if s, err := l.b.Function(t.Context(), "a"); err != nil || s.Available() != 2 {
		t.Errorf("while Docker is away: %+v, %v", s, err)
	}
	for verb, do := range map[string]func() error{
		"scale":  func() error { return l.b.Scale(t.Context(), "a", 3) },
		"deploy": func() error { return l.b.Deploy(t.Context(), function.Function{Name: "b", Image: "c"}) },
		"update": func() error { return l.b.Update(t.Context(), function.Function{Name: "a", Image: "c"}) },
		"remove": func() error { return l.b.Remove(t.Context(), "a") },
	} {
		if err := do(); !errors.Is(err, function.ErrUnavailable) {
			t.Errorf("%s while Docker is away: %v, want unavailable", verb, err)
		}
	}
	if err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	l.until("a scale to be accepted", func() bool { return l.b.Scale(t.Context(), "a", 3) == nil })
	l.ready("a", 3)
}

// TestUnknownOutcome is about a change that Swarm made and could not confirm.
func TestUnknownOutcome(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.Inject(swarmtest.Fault{Endpoint: swarmtest.ServiceUpdateEndpoint, Times: 1, Cut: true})
	if err := l.b.Scale(t.Context(), "a", 2); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("scale with a cut answer: %v, want unavailable", err)
	}
	l.ready("a", 2) // it was done all the same, and the event told
}

func TestHangingEngine(t *testing.T) {
	tm := quick()
	tm.call = 100 * time.Millisecond
	l := startLab(t, swarmtest.Options{}, tm)
	l.deploy("a", 1)
	l.Inject(swarmtest.Fault{Endpoint: swarmtest.TaskListEndpoint, Times: 3, Hang: true})
	l.Inject(swarmtest.Fault{Endpoint: swarmtest.ServiceUpdateEndpoint, Times: 1, Hang: true})
	if err := l.b.Scale(t.Context(), "a", 2); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("scale of an engine that hangs: %v, want unavailable", err)
	}
	l.until("a scale to be accepted", func() bool { return l.b.Scale(t.Context(), "a", 2) == nil })
	l.ready("a", 2)
}

func TestStartWithoutDocker(t *testing.T) {
	e := swarmtest.Start(t, swarmtest.Options{})
	e.Stop()
	b, err := newBackend(Options{Host: e.Host(), Dial: e.Dial}, quick())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	l := lab{t, e, b}
	l.until("the reason to be told", func() bool {
		_, err := b.Functions(t.Context())
		return errors.Is(err, function.ErrUnavailable) && strings.Contains(err.Error(), "Cannot connect")
	})
	if err := e.Resume(); err != nil {
		t.Fatal(err)
	}
	l.until("the Swarm to be read", func() bool { _, err := b.Functions(t.Context()); return err == nil })
}

func TestNoNetwork(t *testing.T) {
	two := []swarmtest.Network{
		{Name: "one", Labels: map[string]string{"openfaas": "true"}}, {Name: "two", Labels: map[string]string{"openfaas": "true"}},
	}
	for name, test := range map[string]struct {
		networks []swarmtest.Network
		named    string
		want     string
	}{
		"none":     {networks: []swarmtest.Network{{Name: "other"}}, want: "docker network create"},
		"two":      {networks: two, want: "2 networks are labelled openfaas=true (one, two)"},
		"unknown":  {networks: two, named: "three", want: `no overlay network "three"`},
		"named":    {networks: two, named: "two"},
		"labelled": {networks: two[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			e := swarmtest.Start(t, swarmtest.Options{Networks: test.networks})
			eng, err := newEngine(e.Host(), quick(), newMetrics(nil))
			if err != nil {
				t.Fatal(err)
			}
			defer eng.close()
			n, err := functionNetwork(t.Context(), eng, test.named)
			switch {
			case test.want == "" && (err != nil || n.ID == ""):
				t.Errorf("network %+v, %v", n, err)
			case test.want != "" && (!errors.Is(err, function.ErrUnavailable) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestBlockedAndFreed(t *testing.T) {
	const noNode = "no suitable node (insufficient resources on 1 node)"
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.Behave("a", swarmtest.Behaviour{Unplaceable: noNode})
	if err := l.b.Scale(t.Context(), "a", 3); err != nil {
		t.Fatal(err)
	}
	l.blocked("a", noNode)
	if s, err := l.b.Function(t.Context(), "a"); err != nil || s.Available() != 1 {
		t.Errorf("what ran before: %+v, %v", s, err)
	}
	if err := l.b.Scale(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	l.blocked("a", "")
}

// TestRevived holds that a function whose replicas Swarm gave up runs again once its fault is gone, by itself.
func TestRevived(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.Behave("a", swarmtest.Behaviour{Crash: true})
	if err := l.b.Deploy(t.Context(), function.Function{Name: "a", Image: "faas/echo:latest"}); err != nil {
		t.Fatal(err)
	}
	l.blocked("a", "replica 1 ends again and again: task: non-zero exit")
	l.until("Swarm to give up", func() bool { return l.Running("a") == 0 && gaveUp(l.Tasks("a")) })
	l.Behave("a", swarmtest.Behaviour{})
	l.ready("a", 1)
	l.blocked("a", "")
}

// TestLostScale is about a scale that Swarm accepts and then does nothing about.
func TestLostScale(t *testing.T) {
	for name, count := range map[string]int{"up": 5, "down": 2} {
		t.Run(name, func(t *testing.T) {
			l := startLab(t, swarmtest.Options{}, quick())
			l.deploy("a", 3)
			l.Inject(swarmtest.Fault{Endpoint: swarmtest.ServiceUpdateEndpoint, Times: 1, Stuck: true})
			if err := l.b.Scale(t.Context(), "a", count); err != nil {
				t.Fatal(err)
			}
			l.ready("a", count)
		})
	}
}

// TestAcceptedScaleShows holds that an accepted scale is seen at once, also where the read after it fails.
func TestAcceptedScaleShows(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.LoseEvents(-1)
	l.Inject(swarmtest.Fault{Endpoint: "GET /services/{id}", Skip: 1, Times: 2, Status: 503, Message: "away"})
	if err := l.b.Scale(t.Context(), "a", 3); err != nil {
		t.Fatal(err)
	}
	if s, err := l.b.Function(t.Context(), "a"); err != nil || s.Desired != 3 {
		t.Errorf("right after the scale: %+v, %v", s, err)
	}
	l.ready("a", 3)
}

// gaveUp reports whether no task is to run.
func gaveUp(tasks []api.Task) bool {
	for _, t := range tasks {
		if (&task{api: t}).wanted() {
			return false
		}
	}
	return len(tasks) > 0
}

// TestNobodyIsDialledTooEarly holds that a task is not dialled before it runs.
func TestNobodyIsDialledTooEarly(t *testing.T) {
	l := startLab(t, swarmtest.Options{Timing: swarmtest.Timing{Prepare: 20 * time.Millisecond, Start: 20 * time.Millisecond}}, quick())
	l.deploy("a", 5)
	if n := l.EarlyDials(); n != 0 {
		t.Errorf("%d dials of tasks that did not run yet", n)
	}
}

// TestReadyFollowsTheFunction holds that a replica is not ready while its watchdog says so.
func TestReadyFollowsTheFunction(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.Behave("a", swarmtest.Behaviour{ReadyAfter: 300 * time.Millisecond})
	if err := l.b.Deploy(t.Context(), function.Function{Name: "a", Image: "faas/echo:latest"}); err != nil {
		t.Fatal(err)
	}
	l.until("the task to run", func() bool { return l.Running("a") == 1 })
	if s, err := l.b.Function(t.Context(), "a"); err != nil || s.Available() != 0 {
		t.Errorf("a replica that answers 503 is taken for ready: %+v, %v", s, err)
	}
	l.ready("a", 1)
}

// TestRedeployAtOnce holds that a function of the same name is not mistaken for the one before.
func TestRedeployAtOnce(t *testing.T) {
	l := startLab(t, swarmtest.Options{Timing: swarmtest.Timing{Stop: 50 * time.Millisecond}}, quick())
	for range 20 {
		l.deploy("a", 1)
		if err := l.b.Remove(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := l.b.Function(t.Context(), "a"); !errors.Is(err, function.ErrNotFound) {
			t.Fatalf("right after its removal: %v", err)
		}
	}
}
