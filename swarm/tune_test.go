package swarm

import (
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faas/function"
	"faas/swarm/swarmtest"
)

const (
	labelMax    = function.ScalingLabelPrefix + "max"
	labelMin    = function.ScalingLabelPrefix + "min"
	labelTarget = function.ScalingLabelPrefix + "target"
)

// to is a change that makes the scaling labels these.
func to(labels map[string]string) func(map[string]string) error {
	return func(l map[string]string) error {
		clear(l)
		maps.Copy(l, labels)
		return nil
	}
}

// TestTuneOfContainerLabels holds what becomes of labels that stand on the containers, as the ancestor's stack files have
// them, where a change would restart them.
func TestTuneOfContainerLabels(t *testing.T) {
	container := map[string]string{"function": "true", "team": "a", labelMax: "7", labelTarget: "50"}
	tests := []struct {
		name            string
		before, service map[string]string // the service's labels
		to              map[string]string
	}{
		{"changed", nil, map[string]string{labelMax: "30"}, map[string]string{labelMax: "30", labelTarget: "50"}},
		{"taken away", nil, map[string]string{labelGone + labelMax: "true"}, map[string]string{labelTarget: "50"}},
		{
			"taken away from both",
			map[string]string{"com.faas.revived": "once", labelMax: "9"},
			map[string]string{"com.faas.revived": "once", labelGone + labelMax: "true"},
			map[string]string{labelTarget: "50"},
		},
		{
			"back again",
			map[string]string{labelGone + labelMax: "true"},
			map[string]string{labelMax: "7"},
			map[string]string{labelMax: "7", labelTarget: "50"},
		},
		{"as it is", nil, nil, map[string]string{labelMax: "7", labelTarget: "50"}},
		{"added", nil, map[string]string{labelMin: "2"}, map[string]string{labelMin: "2", labelMax: "7", labelTarget: "50"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := startLab(t, swarmtest.Options{}, quick())
			spec := api.ServiceSpec{
				Annotations: api.Annotations{Name: "a", Labels: tt.before},
				TaskTemplate: api.TaskSpec{
					ContainerSpec: &api.ContainerSpec{Image: "x:1", Labels: container},
					Networks:      []api.NetworkAttachmentConfig{{Target: "functions"}},
				},
				Mode: api.ServiceMode{Replicated: &api.ReplicatedService{Replicas: ptr(uint64(2))}},
			}
			_, err := l.CreateService(spec)
			l.must(err)
			l.ready("a", 2)
			before, _ := l.Service("a")
			tasks := l.tasksOf("a")
			l.must(l.b.Tune(t.Context(), "a", to(tt.to)))

			after, _ := l.Service("a")
			if diff := cmp.Diff(asJSON(t, before.Spec.TaskTemplate), asJSON(t, after.Spec.TaskTemplate)); diff != "" {
				t.Errorf("the task template changed:\n%s", diff)
			}
			want := before.Spec
			want.Labels = tt.service
			if diff := cmp.Diff(want, after.Spec, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the service (-want +got):\n%s", diff)
			}
			s, err := l.b.Function(t.Context(), "a")
			l.must(err)
			shown := maps.Clone(tt.to)
			shown["team"] = "a"
			if diff := cmp.Diff(shown, s.Labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tasks, l.tasksOf("a")); diff != "" {
				t.Errorf("tasks (-before +after):\n%s", diff)
			}
			// An update says all anew.
			l.must(l.b.Update(t.Context(), function.Function{Name: "a", Image: "x:1", Labels: map[string]string{labelMin: "1"}}))
			if s, err = l.b.Function(t.Context(), "a"); err != nil || !maps.Equal(s.Labels, map[string]string{labelMin: "1"}) {
				t.Errorf("after an update: labels %v, %v", s.Labels, err)
			}
		})
	}
}

func (l lab) tasksOf(name string) []string {
	l.Helper()
	s, err := l.b.Function(l.Context(), name)
	l.must(err)
	var all []string
	for _, r := range s.Replicas {
		all = append(all, r.ID)
	}
	return all
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTuneDuringUpdate holds that labels do not come into an update that Swarm may take back, and them with it.
func TestTuneDuringUpdate(t *testing.T) {
	tm := quick()
	tm.patience = 20 * time.Second
	l := startLab(t, swarmtest.Options{
		Timing: swarmtest.Timing{Monitor: 300 * time.Millisecond},
		Images: []swarmtest.Image{
			{Name: "faas/echo:latest"}, {Name: "faas/bad:latest", Behaviour: swarmtest.Behaviour{Crash: true, CrashAfter: 100 * time.Millisecond}},
		},
	}, tm)
	l.deploy("a", 1)
	l.must(l.b.Update(t.Context(), function.Function{Name: "a", Image: "faas/bad:latest", Labels: map[string]string{labelMax: "8"}}))
	l.must(l.b.Tune(t.Context(), "a", func(labels map[string]string) error { labels[labelTarget] = "50"; return nil }))
	l.shows("a", "faas/echo:latest")
	s, err := l.b.Function(t.Context(), "a")
	if want := (map[string]string{labelMin: "1", labelTarget: "50"}); err != nil || !maps.Equal(s.Labels, want) {
		t.Errorf("labels %v, want %v (%v)", s.Labels, want, err)
	}
}

// TestTuneWaitsNotForEver has an update that finds no end.
func TestTuneWaitsNotForEver(t *testing.T) {
	tm := quick()
	tm.patience = 50 * time.Millisecond
	l := startLab(t, swarmtest.Options{Images: []swarmtest.Image{
		{Name: "faas/echo:latest"}, {Name: "faas/slow:latest", Behaviour: swarmtest.Behaviour{Prepare: time.Hour}},
	}}, tm)
	l.deploy("a", 1)
	l.must(l.b.Update(t.Context(), function.Function{Name: "a", Image: "faas/slow:latest"}))
	err := l.b.Tune(t.Context(), "a", to(nil))
	if !errors.Is(err, function.ErrConflict) {
		t.Errorf("Tune: %v, want a conflict", err)
	}
}
