package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// notices are what a backend said to its operator.
type notices struct {
	mu    sync.Mutex
	lines []string
}

func (n *notices) add(subject, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, subject+": "+text)
}

func (n *notices) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}

func TestUnmet(t *testing.T) {
	all := function.Function{
		Limits: &function.Resources{CPU: "100m", Memory: "1Gi"}, Requests: &function.Resources{Memory: "1Mi"},
		Constraints: []string{"node.role == worker"}, ReadOnlyRootFilesystem: true,
	}
	for _, c := range []struct {
		name           string
		f              function.Function
		measuresMemory bool
		want           []string
	}{
		{"nothing", function.Function{}, false, nil},
		{"empty", function.Function{Limits: &function.Resources{}, Requests: &function.Resources{}}, false, nil},
		{"all on Linux", all, true, []string{"limits.cpu", "requests", "constraints", "readonly_root_filesystem"}},
		{"all elsewhere", all, false, []string{
			"limits.cpu", "limits.memory", "requests", "constraints", "readonly_root_filesystem",
		}},
	} {
		if diff := cmp.Diff(c.want, unmet(c.f, c.measuresMemory)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestUnmetIsSaidOnce(t *testing.T) {
	var said notices
	f := run(t, Options{Notice: said.add})
	fn := echo("f")
	fn.Limits = &function.Resources{CPU: "100m"}
	fn.Constraints = []string{"node.role == worker"}
	f.deploy(echo("plain"))
	f.deploy(fn)
	for range 2 {
		fn.Requests = &function.Resources{Memory: "1Mi"}
		if err := f.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"f: accepted, but without effect on local processes: limits.cpu, constraints",
		"f: accepted, but without effect on local processes: requests",
	}
	if diff := cmp.Diff(want, said.list()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if strings.Contains(f.log.String(), "without effect") {
		t.Error("it is in the log as well")
	}
}

func TestNoticesGoToTheLogByDefault(t *testing.T) {
	f := run(t, Options{})
	fn := echo("f")
	fn.Limits = &function.Resources{CPU: "100m"}
	f.deploy(fn)
	if log := f.log.String(); !strings.Contains(log, `level=INFO msg=notice subject=f text="accepted`) {
		t.Errorf("log:\n%s", log)
	}
}

func TestStackChangesAreSaid(t *testing.T) {
	var said notices
	file := writeFile(t, t.TempDir(), "stack.yml", `
functions:
  a: {fprocess: cat}
  b: {fprocess: cat}
  c: {fprocess: cat}
`)
	f := run(t, Options{StackFile: file, Notice: said.add})
	if err := f.Update(t.Context(), echo("c")); err != nil { // c is the API's from now on
		t.Fatal(err)
	}
	f.deploy(echo("e"))
	wait := func(want ...string) {
		t.Helper()
		eventually(t, 5*time.Second, fmt.Sprintf("%d notices", len(want)), func() bool { return len(said.list()) >= len(want) })
		if diff := cmp.Diff(want, said.list()); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
		said.mu.Lock()
		defer said.mu.Unlock()
		said.lines = nil
	}
	edit(t, file, "functions:\n  a:\n    fprocess: cat\n    nonsense: 1\n    labels: 1\n")
	wait(file+": refused: "+file+`:4: function a: unknown key "nonsense"`,
		file+": refused: "+file+`:5: function a: labels must be a mapping of keys to values`)
	edit(t, file, `
functions:
  a: {fprocess: cat, labels: {com.openfaas.scale.max: 9}}
  d: {fprocess: cat}
  e: {fprocess: cat}
`)
	wait("b: removed: "+file+" has it no more",
		"c: kept, though "+file+" has it no more: the API changed it",
		"a: updated from "+file+":3",
		"d: deployed from "+file+":4",
		"e: updated from "+file+":5")
	for name, there := range map[string]bool{"a": true, "b": false, "c": true, "d": true, "e": true} {
		if _, err := f.Function(t.Context(), name); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefusedStackChangeIsTriedAgain has a backend that does not take changes for a while.
func TestRefusedStackChangeIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, dir, "stack.yml", "functions:\n  a: {fprocess: cat}\n  b: {fprocess: cat}\n")
	var said notices
	b, err := New(Options{DataDir: t.TempDir(), StackFile: file, Notice: said.add})
	if err != nil {
		t.Fatal(err)
	}
	sv := &supervisor{functions: map[string]*deployed{}, metrics: newMetrics(nil), notice: b.opts.Notice}
	refuse := errors.New("not now")
	w := newStackWatcher(b)
	w.change = func(_ context.Context, _, _ string, do func(*supervisor, time.Time) error) error {
		if refuse != nil {
			return refuse
		}
		return do(sv, time.Time{})
	}
	if err := w.first(); err != nil {
		t.Fatal(err)
	}
	for _, e := range w.now.functions {
		sp, err := newSpec(e.function, e)
		if err != nil {
			t.Fatal(err)
		}
		sv.bring(e.function, sp, true, keptFunction{})
	}
	edit(t, file, "functions:\n  a: {fprocess: wc}\n  c: {fprocess: cat}\n")
	for range 3 {
		w.look(t.Context())
	}
	refuse = nil
	for range 3 {
		w.look(t.Context())
	}
	want := []string{
		"b: refused: " + file + ": not now",
		"a: refused: " + file + ":2: not now",
		"c: refused: " + file + ":3: not now",
		"b: removed: " + file + " has it no more",
		"a: updated from " + file + ":2",
		"c: deployed from " + file + ":3",
	}
	if diff := cmp.Diff(want, said.list()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}
