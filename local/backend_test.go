package local

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"faas/function"
)

func echo(name string) function.Function {
	return function.Function{Name: name, Process: "cat"}
}

func TestNotRunning(t *testing.T) {
	b, err := New(Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, functionErr := b.Function(ctx, "f")
	_, functionsErr := b.Functions(ctx)
	for name, err := range map[string]error{
		"Deploy": b.Deploy(ctx, echo("f")), "Update": b.Update(ctx, echo("f")), "Remove": b.Remove(ctx, "f"),
		"Scale": b.Scale(ctx, "f", 1), "Function": functionErr, "Functions": functionsErr,
	} {
		if !errors.Is(err, function.ErrUnavailable) {
			t.Errorf("%s before Run: %v, want ErrUnavailable", name, err)
		}
	}
	if entries, err := os.ReadDir(b.opts.DataDir); err != nil || len(entries) != 1 {
		t.Errorf("the data directory has %v, %v; want the function's working directory", entries, err)
	}
}

func TestLifecycle(t *testing.T) {
	f := run(t, Options{})
	ctx := t.Context()
	f.deploy(echo("f"))
	if st, err := f.Function(ctx, "f"); err != nil || st.Desired != 1 || !st.Scaling.Equal(function.DefaultScaling()) {
		t.Fatalf("right after Deploy: %+v, %v", st, err)
	}
	st := f.awaitReady("f", 1)
	r := st.Replicas[0]
	if r.ID == "" || r.Addr == "" || r.MetricsAddr == "" || r.Node == "" || r.StartedAt.IsZero() {
		t.Errorf("a ready replica lacks something: %+v", r)
	}
	f.scale("f", 4)
	if st, err := f.Function(ctx, "f"); err != nil || st.Desired != 4 {
		t.Fatalf("right after Scale: %d, %v", st.Desired, err)
	}
	st = f.awaitReady("f", 4)
	addrs := map[string]bool{}
	for _, r := range st.Replicas {
		addrs[r.Addr] = true
	}
	if len(addrs) != 4 {
		t.Errorf("replicas share addresses: %v", addrs)
	}
	f.scale("f", 0)
	f.awaitReady("f", 0)
	if err := f.Remove(ctx, "f"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Function(ctx, "f"); !errors.Is(err, function.ErrNotFound) {
		t.Errorf("right after Remove: %v", err)
	}
	f.stop()
	if _, err := f.Functions(ctx); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("after Run: %v", err)
	}
}

func TestErrors(t *testing.T) {
	f := run(t, Options{StackFile: writeFile(t, t.TempDir(), "stack.yml", "functions: {known: {fprocess: cat, image: reg/known:1}}")})
	ctx := t.Context()
	f.deploy(echo("f"))
	for _, c := range []struct {
		name string
		err  error
		kind error
		text string
	}{
		{"deploy twice", f.Deploy(ctx, echo("f")), function.ErrConflict, "deploy f: function f exists already"},
		{"update unknown", f.Update(ctx, echo("g")), function.ErrNotFound, "update g: function g does not exist"},
		{"remove unknown", f.Remove(ctx, "g"), function.ErrNotFound, "does not exist"},
		{"scale unknown", f.Scale(ctx, "g", 1), function.ErrNotFound, "does not exist"},
		{"scale below zero", f.Scale(ctx, "f", -1), function.ErrInvalid, "must not be negative"},
		{"an image", f.Deploy(ctx, function.Function{Name: "g", Image: "nginx"}), function.ErrInvalid, "reg/known:1"},
		{"unknown secrets", f.Deploy(ctx, function.Function{Name: "g", Process: "cat", Secrets: []string{"key"}}), function.ErrInvalid, "unknown secrets: key"},
		{"bad label", f.Deploy(ctx, function.Function{Name: "g", Process: "cat", Labels: map[string]string{"com.openfaas.scale.min": "x"}}), function.ErrInvalid, "com.openfaas.scale.min"},
		{"bad open files", f.Deploy(ctx, function.Function{Name: "g", Process: "cat", Annotations: map[string]string{function.AnnotationNoFile: "2"}}), function.ErrInvalid, function.AnnotationNoFile},
		{"bad time-out", f.Deploy(ctx, function.Function{Name: "g", Process: "cat", Env: map[string]string{"exec_timeout": "x"}}), function.ErrInvalid, "exec_timeout"},
		{"bad name", f.Deploy(ctx, echo("../g")), function.ErrInvalid, "function name"},
	} {
		if !errors.Is(c.err, c.kind) || !strings.Contains(c.err.Error(), c.text) {
			t.Errorf("%s: %v; want kind %v and %q", c.name, c.err, c.kind, c.text)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("OPERATORS_OWN", "secret")
	f := run(t, Options{Path: []string{"/first/on/path"}})
	fn := echo("f")
	fn.Env = map[string]string{"greeting": "hello", "suppress_lock": "false"}
	fn.Annotations = map[string]string{function.AnnotationNoFile: "123"}
	f.deploy(fn)
	r := f.awaitReady("f", 1).Replicas[0]
	env := map[string]string{}
	for line := range strings.Lines(f.call(r, "/env", "")) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		env[key] = value
	}
	delete(env, "PWD") // the shell that sets the limit of open files adds these
	delete(env, "OLDPWD")
	delete(env, "_")
	want := map[string]string{
		"PATH": "/first/on/path:" + os.Getenv("PATH"), "HOME": os.Getenv("HOME"), "TMPDIR": os.TempDir(), "LANG": "C.UTF-8",
		"greeting": "hello", "suppress_lock": "true", "fprocess": "cat", "FAAS_REPLICA": r.ID,
		"LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:metrics",
	}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if got, want := f.call(r, "/cwd", ""), filepath.Join(f.opts.DataDir, "functions", "f"); got != want {
		t.Errorf("working directory %s, want %s", got, want)
	}
	if got := strings.TrimSpace(f.call(r, "/run", "ulimit -n; ulimit -Hn")); got != "123\n123" {
		t.Errorf("limits of open files %q, want 123 both", got)
	}
}

func TestHTTPModePorts(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"upstream_url":           {"mode": "http", "upstream_url": "http://127.0.0.1:8082/base"},
		"its older name as well": {"mode": "http", "upstream_url": "http://127.0.0.1:1", "http_upstream_url": "http://127.0.0.1:8082/base"},
	} {
		t.Run(name, func(t *testing.T) { testHTTPModePorts(t, env) })
	}
}

func testHTTPModePorts(t *testing.T, env map[string]string) {
	t.Helper()
	f := run(t, Options{})
	fn := echo("f")
	fn.Env = env
	fn.Labels = map[string]string{"com.openfaas.scale.min": "3"}
	f.deploy(fn)
	seen := map[string]bool{}
	for _, r := range f.awaitReady("f", 3).Replicas {
		got := f.call(r, "/run", `echo "$PORT $upstream_url$http_upstream_url"`)
		m := regexp.MustCompile(`^(\d+) http://127\.0\.0\.1:(\d+)/base\n$`).FindStringSubmatch(got)
		if m == nil || m[1] != m[2] || seen[m[1]] {
			t.Fatalf("replica %s has %q, others %v", r.ID, got, seen)
		}
		seen[m[1]] = true
	}
}

func TestUpdateKeepsServing(t *testing.T) {
	f := run(t, Options{}, func(t *timing) { t.startTimeout = 100 * time.Millisecond })
	f.deploy(echo("f"))
	f.scale("f", 2)
	before := f.awaitReady("f", 2)

	labelled := echo("f")
	labelled.Labels = map[string]string{"com.openfaas.scale.max": "7"}
	labelled.Limits = &function.Resources{Memory: "1Gi"}
	if err := f.Update(t.Context(), labelled); err != nil {
		t.Fatal(err)
	}
	st, err := f.Function(t.Context(), "f")
	if err != nil || st.Scaling.Max != 7 || st.Desired != 2 {
		t.Fatalf("after a label's change: %+v, %v", st, err)
	}
	if diff := cmp.Diff(before.Replicas, st.Replicas); diff != "" {
		t.Errorf("a label's change changed replicas:\n%s", diff)
	}

	bad := echo("f")
	bad.Env = map[string]string{"fake_unready": "1"}
	if err := f.Update(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	st = f.await("f", "blocked", func(st function.Status) bool { return st.Blocked != "" })
	if st.Available() != 2 || !strings.Contains(st.Blocked, "not ready after 100ms") {
		t.Errorf("during a bad update %d are available, blocked %q", st.Available(), st.Blocked)
	}

	good := echo("f")
	good.Env = map[string]string{"greeting": "hello"}
	if err := f.Update(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	fewest := 2
	st = f.await("f", "updated", func(st function.Status) bool {
		fewest = min(fewest, st.Available())
		for _, old := range before.Replicas {
			for _, r := range st.Replicas {
				if r.ID == old.ID {
					return false
				}
			}
		}
		return st.Available() == 2 && len(st.Replicas) == 2
	})
	if fewest < 2 || st.Blocked != "" {
		t.Errorf("during the update %d were available at the fewest; blocked %q", fewest, st.Blocked)
	}
}

func TestDrainFinishesRequests(t *testing.T) {
	f := run(t, Options{})
	f.deploy(echo("f"))
	r := f.awaitReady("f", 1).Replicas[0]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr+"/slow?for=300ms", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil { // the function has begun to answer
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	f.scale("f", 0)
	f.await("f", "draining", func(st function.Status) bool {
		return len(st.Replicas) == 1 && st.Replicas[0].State == function.ReplicaDraining
	})
	if got, err := io.ReadAll(resp.Body); string(got) != "done" || err != nil {
		t.Errorf("a request in flight at the scale-down got %q, %v", got, err)
	}
	f.awaitReady("f", 0)
}

func TestDrainIsBounded(t *testing.T) {
	f := run(t, Options{})
	fn := echo("f")
	fn.Env = map[string]string{"fake_ignore_term": "1", "exec_timeout": "0", "write_timeout": "100ms"}
	f.deploy(fn)
	f.awaitReady("f", 1)
	began := time.Now()
	f.scale("f", 0)
	f.awaitReady("f", 0)
	if took := time.Since(began); took < time.Second || took > 4*time.Second {
		t.Errorf("a replica that ignores SIGTERM went after %s, want about 1.1 s", took)
	}
	if !strings.Contains(f.log.String(), "reason=killed") {
		t.Error("the log does not say that it was killed")
	}
}

func TestMemoryLimit(t *testing.T) {
	f := run(t, Options{})
	fn := echo("f")
	fn.Limits = &function.Resources{Memory: "60Mi", CPU: "100m"}
	f.deploy(fn)
	r := f.awaitReady("f", 1).Replicas[0]
	_, _ = call(t.Context(), r.Addr, "/alloc?mb=100", "") // may be killed before it answers
	f.await("f", "replaced", func(st function.Status) bool {
		return st.Available() == 1 && st.Replicas[0].ID != r.ID
	})
	for _, want := range []string{"replica over its memory limit, killed", "limit_bytes=62914560", "limits.cpu"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, f.log)
		}
	}
}

func TestHungReplicaIsReplaced(t *testing.T) {
	f := run(t, Options{}, func(t *timing) {
		t.healthInterval, t.healthTimeout, t.healthWindow = 20*time.Millisecond, 50*time.Millisecond, 200*time.Millisecond
	})
	f.deploy(echo("f"))
	r := f.awaitReady("f", 1).Replicas[0]
	f.call(r, "/hang", "")
	f.await("f", "replaced", func(st function.Status) bool { return st.Available() == 1 && st.Replicas[0].ID != r.ID })
}

func TestCrashLoop(t *testing.T) {
	f := run(t, Options{})
	gate := writeFile(t, t.TempDir(), "gate", "")
	fn := echo("f")
	fn.Env = map[string]string{"fake_fail_if": gate}
	f.deploy(fn)
	st := f.await("f", "blocked", func(st function.Status) bool { return st.Blocked != "" })
	if want := "f replica 1: exit status 4: told to fail (2 in a row)"; st.Blocked != want {
		t.Errorf("blocked %q, want %q", st.Blocked, want)
	}
	if err := os.Remove(gate); err != nil {
		t.Fatal(err)
	}
	if st := f.awaitReady("f", 1); st.Blocked != "" {
		t.Errorf("blocked %q though it is ready", st.Blocked)
	}
}

func TestStateSurvives(t *testing.T) {
	dir := t.TempDir()
	stackFile := writeFile(t, t.TempDir(), "stack.yml", "functions: {s: {fprocess: cat}}")
	f := run(t, Options{DataDir: dir, StackFile: stackFile})
	fn := echo("f")
	fn.Labels = map[string]string{"team": "a"}
	fn.Env = map[string]string{"k": "v"}
	f.deploy(fn)
	f.scale("f", 3)
	f.scale("s", 2)
	want := []function.Status{f.awaitReady("f", 3), f.awaitReady("s", 2)}
	f.stop()

	f = run(t, Options{DataDir: dir, StackFile: stackFile})
	got := []function.Status{f.awaitReady("f", 3), f.awaitReady("s", 2)}
	for i := range want {
		want[i].Replicas, got[i].Replicas = nil, nil
		if diff := cmp.Diff(want[i], got[i]); diff != "" {
			t.Errorf("after a restart (-before +after):\n%s", diff)
		}
	}
}

// TestMinimumFollowsTheStackFile has a new minimum in the file when faas starts again.
func TestMinimumFollowsTheStackFile(t *testing.T) {
	dir := t.TempDir()
	stack := func(least string) string {
		return writeFile(t, dir, "stack.yml", `functions:
  as-it-was: {fprocess: cat, labels: {com.openfaas.scale.min: `+least+`}}
  scaled: {fprocess: cat, labels: {com.openfaas.scale.min: `+least+`}}
`)
	}
	f := run(t, Options{DataDir: dir, StackFile: stack("1")})
	f.scale("scaled", 3)
	f.awaitReady("scaled", 3)
	f.stop()
	f = run(t, Options{DataDir: dir, StackFile: stack("2")})
	f.awaitReady("as-it-was", 2)
	f.awaitReady("scaled", 3)
}

func TestDataDirIsLocked(t *testing.T) {
	f := run(t, Options{})
	other, err := New(Options{DataDir: f.opts.DataDir, Watchdog: binaries().standIn})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("a second backend in one directory: %v", err)
	}
}

func TestLogs(t *testing.T) {
	f := run(t, Options{})
	f.deploy(echo("f"))
	r := f.awaitReady("f", 1).Replicas[0]
	f.call(r, "/spawn", "echo to stderr >&2; echo said")
	line := regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z \[1\.[0-9a-f]{12}\] to stderr$`)
	eventually(t, 5*time.Second, "the line is in the log", func() bool {
		data, _ := os.ReadFile(filepath.Join(f.opts.DataDir, "logs", "f", "1.log"))
		return line.Match(data)
	})
}

func TestMetrics(t *testing.T) {
	f := run(t, Options{})
	f.deploy(echo("f"))
	f.awaitReady("f", 1)
	families, err := f.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			got[family.GetName()] += m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	want := map[string]float64{
		"local_replica_starts_total": 1, "local_replica_exits_total": 0, "local_replica_start_seconds": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
