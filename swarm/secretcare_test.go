package swarm

import (
	"slices"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/swarm/swarmtest"
)

// TestSecretRolledBack holds that a function that cannot live with a new value keeps the old one in peace, until the next.
func TestSecretRolledBack(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.must(l.create("key", "good"))
	l.uses("a", 2)
	l.uses("b", 1)
	l.Behave("a", swarmtest.Behaviour{Crash: true})
	l.must(l.put("bad"))
	l.until("Swarm to roll it back", func() bool { return l.reads("a") == "good" })
	l.Behave("a", swarmtest.Behaviour{})
	l.ready("a", 2)
	l.until("the version to be no longer fresh", func() bool {
		shelf, err := l.b.secretShelf(t.Context())
		l.must(err)
		v, _ := shelf.newest("key")
		return !v.fresh()
	})
	l.must(l.b.Scale(t.Context(), "a", 3)) // after which nobody can see that it was rolled back
	l.ready("a", 3)
	resyncs := l.Calls()["GET /secrets"]
	l.until("two more resyncs", func() bool { return l.Calls()["GET /secrets"] > resyncs+3 })
	l.wantReads("good", "a")
	l.wantReads("bad", "b")
	l.must(l.put("better"))
	l.wantReads("better", "a", "b")
}

// TestSecretScaledAfterRollback holds that a function which Swarm has rolled back is not given the bad value again
// because it was scaled, while others still wait for that value.
func TestSecretScaledAfterRollback(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	l.must(l.create("key", "good"))
	l.uses("a", 1)
	l.Behave("a", swarmtest.Behaviour{Crash: true})
	l.must(l.put("bad"))
	l.until("Swarm to roll it back", func() bool { return l.reads("a") == "good" })
	l.Behave("a", swarmtest.Behaviour{})
	l.ready("a", 1)
	for replicas := range 3 {
		l.must(l.b.Scale(t.Context(), "a", replicas+2))
		if s, _ := l.Service("a"); s.UpdateStatus != nil {
			t.Fatalf("Swarm still says %s: the test is void", s.UpdateStatus.State)
		}
		l.must(l.b.mendSecrets(t.Context()))
		l.wantReads("good", "a")
	}
	l.must(l.put("better"))
	l.must(l.b.mendSecrets(t.Context()))
	l.wantReads("better", "a")
}

// TestSecretScaledWhileGiven holds that the value before is not lost when a function is scaled while it gets a new one,
// after which Swarm no longer knows what it had.
func TestSecretScaledWhileGiven(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	l.must(l.create("key", "zero"))
	l.must(l.put("good")) // so that it is not the first, which stays for another reason
	l.uses("a", 2)
	l.must(l.put("bad"))
	l.must(l.b.Scale(t.Context(), "a", 3))
	l.b.collectSecrets(t.Context())
	shelf, err := l.b.secretShelf(t.Context())
	l.must(err)
	newest, _ := shelf.newest("key")
	good := slices.IndexFunc(shelf.managed["key"], func(v secretVersion) bool { return string(l.SecretValue(v.ID)) == "good" })
	if !newest.fresh() || good < 0 {
		t.Errorf("the versions %d are left, want the good one among them", l.versions())
	}
}

// TestSecretOfStack holds that a stack file finds its secret under its own name however often it was updated, and that
// a function which a stack has given the first value gets the newest again, unless it cannot live with that.
func TestSecretOfStack(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, slow())
	first := l.byHand("key", "key")
	l.must(l.put("two"))
	l.must(l.put("three"))
	shelf, err := l.b.secretShelf(t.Context())
	l.must(err)
	newest, _ := shelf.newest("key")
	newest.CreatedAt = time.Time{}
	l.must(l.b.settleSecrets(t.Context(), map[string]secretVersion{"key": newest}))
	l.b.collectSecrets(t.Context())
	l.wantVersions("fresh no more", 1, 3)
	for _, name := range []string{"func_a", "func_bad", "other"} {
		spec := api.ServiceSpec{
			Annotations: api.Annotations{Name: name, Labels: map[string]string{labelFunction: "true", labelStack: "func"}},
			TaskTemplate: api.TaskSpec{
				ContainerSpec: &api.ContainerSpec{Image: "x:1", Secrets: first},
				Networks:      []api.NetworkAttachmentConfig{{Target: "functions"}},
			},
			UpdateConfig: &api.UpdateConfig{FailureAction: api.UpdateFailureActionRollback, Order: api.UpdateOrderStartFirst},
		}
		if name == "other" {
			delete(spec.Labels, labelStack)
		}
		_, err := l.CreateService(spec)
		l.must(err)
		l.ready(name, 1)
	}
	l.Behave("func_bad", swarmtest.Behaviour{Crash: true})
	l.must(l.b.mendSecrets(t.Context()))
	l.wantReads("three", "func_a", "func_bad")
	l.wantReads("one", "other")
	l.until("Swarm to roll one back", func() bool { return l.reads("func_bad") == "one" })
	l.must(l.b.mendSecrets(t.Context()))
	l.wantReads("one", "func_bad")
	if st, err := l.b.Function(t.Context(), "func_a"); err != nil || !slices.Equal(st.Secrets, []string{"key"}) {
		t.Errorf("it is shown with the secrets %q, %v", st.Secrets, err)
	}
}
