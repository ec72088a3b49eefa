package local

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

const labelMax = function.ScalingLabelPrefix + "max"

func setMax(value string) func(map[string]string) error {
	return func(labels map[string]string) error {
		if labels[labelMax] = value; value == "" {
			delete(labels, labelMax)
		}
		return nil
	}
}

func (f *fixture) tune(name, maximum string) {
	f.t.Helper()
	if err := f.Tune(f.t.Context(), name, setMax(maximum)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) wantMax(name string, want int) {
	f.t.Helper()
	st, err := f.Function(f.t.Context(), name)
	if err != nil || st.Scaling.Max != want {
		f.t.Errorf("%s: maximum %d, want %d (%v)", name, st.Scaling.Max, want, err)
	}
}

// TestTunedSurvives holds that what was tuned is kept over a restart, for a function of the stack file as long as the file
// has the same function.
func TestTunedSurvives(t *testing.T) {
	dir := t.TempDir()
	stack := func(edited string) string {
		return writeFile(t, dir, "stack.yml", `functions:
  kept: {fprocess: cat, labels: {team: a, com.openfaas.scale.max: 7, com.openfaas.scale.target: 50}}
  edited: {fprocess: `+edited+`}
  reset: {fprocess: cat, labels: {com.openfaas.scale.max: 7}}
`)
	}
	var said notices
	f := run(t, Options{DataDir: dir, StackFile: stack("cat")})
	f.deploy(echo("api"))
	for _, name := range []string{"api", "kept", "edited"} {
		f.tune(name, "30")
	}
	f.tune("reset", "")
	want, err := f.Function(t.Context(), "kept")
	if err != nil {
		t.Fatal(err)
	}
	f.stop()

	f = run(t, Options{DataDir: dir, StackFile: stack("cat -u"), Notice: said.add})
	f.wantMax("api", 30)
	f.wantMax("kept", 30)
	f.wantMax("reset", 20)
	f.wantMax("edited", 20)
	got, err := f.Function(t.Context(), "kept")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Function, got.Function); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"edited: was edited in the stack file, without what was set of its scaling"}, said.list()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	f.stop()
	f = run(t, Options{DataDir: dir, StackFile: stack("cat")}) // as it was, which is another edit
	f.wantMax("kept", 30)
	f.wantMax("edited", 20)
}

// TestTunedUntilEdited holds that an edit of the file ends what was tuned of the edited function, and that both are said.
func TestTunedUntilEdited(t *testing.T) {
	file := writeFile(t, t.TempDir(), "stack.yml", `
functions:
  a: {fprocess: cat, labels: {com.openfaas.scale.target: 50}}
  b: {fprocess: cat}
`)
	var said notices
	f := run(t, Options{StackFile: file, Notice: said.add})
	before := f.awaitReady("a", 1)
	f.tune("a", "30")
	f.tune("b", "30")
	f.tune("b", "")
	f.tune("b", "30")
	edit(t, file, `
functions:
  a: {fprocess: cat, labels: {com.openfaas.scale.target: 60}}
  b: {fprocess: cat}
`)
	after := f.await("a", "as edited", func(st function.Status) bool {
		target, _ := st.Scaling.Target(function.ScalingRPS)
		return target == 60
	})
	if diff := cmp.Diff(before.Replicas, after.Replicas); diff != "" {
		t.Errorf("labels changed replicas:\n%s", diff)
	}
	f.wantMax("a", 20)
	f.wantMax("b", 30)
	eventually(t, 5*time.Second, "the edit is said", func() bool { return strings.Contains(strings.Join(said.list(), "\n"), "updated") })
	want := []string{
		"a: max=30 until it is edited in " + file,
		"b: max=30 until it is edited in " + file,
		"b: without max until it is edited in " + file,
		"b: max=30 until it is edited in " + file,
		"a: updated from " + file + ":3, without what was set of its scaling",
	}
	if diff := cmp.Diff(want, said.list()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}
