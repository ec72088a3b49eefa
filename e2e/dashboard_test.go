package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"faas/api"
)

const (
	dashboardFile = "../grafana/dashboard.json"
	dashboardRule = "../prometheus/dashboard.rules.yml"
)

// TestDashboard asks the Prometheus of a system under a load of all kinds for each expression of the dashboard, and for each rule
// that records what it shows. Each must be answered by numbers, and each metric that it names be there.
func TestDashboard(t *testing.T) {
	t.Parallel()
	asked := slices.Concat(dashboardQuestions(t), recordQuestions(t))
	if len(asked) < 90 {
		t.Fatalf("only %d expressions were found", len(asked))
	}
	// A function for each kind of series: by arrivals, by what is in flight with slots, asleep, failing.
	sys := startUp(t, Options{Bin: binaries(t), Dir: t.TempDir(), Flags: []string{"--config-dir", quickConfig(t)}, Stack: stack(
		fn{name: "echoit"},
		fn{name: "busy", process: `sh -c "sleep 0.05"`, labels: []string{"type=capacity", "slots=1", "max=4"}},
		fn{name: "asleep", labels: []string{"zero=true"}},
		fn{name: "failing", process: "false"},
	)})
	if err := prepare(t.Context(), sys); err != nil {
		t.Fatal(err)
	}
	defer keepBusy(t, sys)()

	began := time.Now()
	left := map[string]string{} // why, by question
	for _, q := range asked {
		left[q.expr] = "not asked"
	}
	Poll(60*second, func() bool {
		for expr := range left {
			why, err := unanswered(t.Context(), sys, expr)
			if err != nil {
				t.Fatal(err)
			}
			if left[expr] = why; why == "" {
				delete(left, expr)
			}
		}
		return len(left) == 0
	})
	t.Logf("%d expressions, of which %d have no answer after %s", len(asked), len(left), time.Since(began).Round(second/10))
	for _, q := range asked {
		if why := left[q.expr]; why != "" {
			t.Errorf("%s: %s\n%s", q.where, why, q.expr)
		}
	}
	checkNames(t, sys, asked)
	checkRules(t, sys)
}

// question is an expression as Prometheus is asked it, and whose it is.
type question struct{ where, expr string }

// dashboardQuestions are all of the dashboard, with its variables filled in as Grafana does.
func dashboardQuestions(t *testing.T) []question {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	type target struct{ Expr, Interval string }
	var d struct {
		Panels []struct {
			Title   string
			Targets []target
			Panels  []json.RawMessage
		}
		Annotations struct {
			List []struct{ Name, Expr, Step string }
		}
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("%s: %v", dashboardFile, err)
	}
	var found []question
	add := func(where, expr, interval string) {
		expr = interpolate(expr, interval)
		if left := regexp.MustCompile(`\$\{?[a-zA-Z_]\w*`).FindString(expr); left != "" {
			t.Errorf("%s: the variable %s is not known to this test: say in interpolate what Grafana makes of it", where, left)
		}
		found = append(found, question{where, expr})
	}
	for _, p := range d.Panels {
		if len(p.Panels) > 0 {
			t.Errorf("row %s is folded: this test does not look into it", p.Title)
		}
		for _, q := range p.Targets {
			add("panel "+p.Title, q.Expr, q.Interval)
		}
	}
	for _, a := range d.Annotations.List {
		add("annotation "+a.Name, a.Expr, a.Step)
	}
	values := regexp.MustCompile(`^label_values\((.+), *(\w+)\)$`)
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := values.FindStringSubmatch(v.Query)
		if m == nil {
			t.Errorf("variable %s: %q is no label_values(metric, label)", v.Name, v.Query)
			continue
		}
		add("variable "+v.Name, "count by ("+m[2]+") ("+m[1]+")", "")
	}
	return found
}

// interpolate fills in the dashboard's variables: all functions, an hour, and the data source of grafana/provisioning, whose
// scrape interval is 10 s. A query's own interval is the least that Grafana takes in its place.
func interpolate(expr, interval string) string {
	step := 10 * second
	if d, err := time.ParseDuration(interval); err == nil {
		step = d
	}
	return strings.NewReplacer(
		"$__rate_interval", fmt.Sprintf("%ds", int(4*step.Seconds())),
		"$__interval", fmt.Sprintf("%ds", int(step.Seconds())),
		"$__range", "1h",
		"$function", ".*",
	).Replace(expr)
}

// recordQuestions are the names of all recorded series.
func recordQuestions(t *testing.T) []question {
	t.Helper()
	taken := map[string]bool{}
	for _, r := range rulesOf(t, "../prometheus/rules/scaling.yml") {
		taken[r.Record] = true
	}
	var found []question
	for _, r := range rulesOf(t, dashboardRule) {
		if taken[r.Record] {
			t.Errorf("%s is a name of the scaling rules: who has both in one Prometheus gets each of them half", r.Record)
		}
		found = append(found, question{"rule " + r.Record, r.Record + "{}"})
	}
	return found
}

type recordRule struct{ Record, Expr string }

func rulesOf(t *testing.T, file string) []recordRule {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct{ Rules []recordRule }
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var all []recordRule
	for _, g := range rules.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// quickConfig is the configuration of the control loop with the rules for people added. What is done for people is done each
// second, or rates would take minutes to be there.
func quickConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for file, edits := range map[string][]string{
		"prometheus/prometheus.yml": {
			"scrape_interval: 10s\n    scrape_timeout: 8s", "scrape_interval: 1s\n    scrape_timeout: 1s",
			"scrape_interval: 60s\n    scrape_timeout: 10s", "scrape_interval: 1s\n    scrape_timeout: 1s",
		},
		"prometheus/rules/scaling.yml":   nil,
		"prometheus/dashboard.rules.yml": {"interval: 30s", "interval: 1s"},
		"alertmanager/alertmanager.yml":  nil,
	} {
		text, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(edits); i += 2 {
			if !strings.Contains(string(text), edits[i]) {
				t.Fatalf("%s has no %q", file, edits[i])
			}
			text = []byte(strings.ReplaceAll(string(text), edits[i], edits[i+1]))
		}
		to := filepath.Join(dir, strings.Replace(file, "prometheus/dashboard.", "prometheus/rules/dashboard.", 1))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o750), os.WriteFile(to, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// prepare freezes a function and deploys one whose replicas cannot start.
func prepare(ctx context.Context, sys *Up) error {
	if _, err := sys.Command(ctx, "scale", "freeze", "failing", "--for=10m", "--comment=to be seen"); err != nil {
		return err
	}
	// Its count falls from what Prometheus has seen first.
	if seen := `gateway_service_count{job="gateway", function_name="asleep"} == 1`; !Poll(20*second, func() bool {
		why, err := unanswered(ctx, sys, seen)
		return err == nil && why == ""
	}) {
		return errors.New("there is no " + seen)
	}
	return sys.Deploy(ctx, api.FunctionDeployment{
		Service: "stuck", Image: "example/stuck", EnvProcess: "cat", EnvVars: map[string]string{"mode": "none such"},
	})
}

// keepBusy calls all functions in all ways until the returned function is called: at once and later, with failures, four calls at a
// time of the one with one slot, and again and again the one that sleeps and the one that was scaled back.
func keepBusy(t *testing.T, sys *Up) (stop func()) {
	t.Helper()
	callbacks := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	every := func(pause time.Duration, do func()) {
		all.Go(func() {
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for {
				do()
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	// What becomes of a call is not judged here: what is not counted is missing in the end.
	invoke := func(function string) func() { return func() { _, _ = sys.Invoke(ctx, function, "x") } }
	every(100*time.Millisecond, invoke("echoit"))
	every(100*time.Millisecond, invoke("failing"))
	for range 4 {
		every(20*time.Millisecond, invoke("busy"))
	}
	every(second, func() { _ = sys.Scale(ctx, "busy", 1) })
	// As long asleep as awake, and not in step with the scrapes.
	sleep := false
	every(700*time.Millisecond, func() {
		if sleep = !sleep; sleep {
			_ = sys.Scale(ctx, "asleep", 0)
		} else {
			_, _ = sys.Invoke(ctx, "asleep", "x")
		}
	})
	every(100*time.Millisecond, func() { later(ctx, sys, "echoit", callbacks.URL) })
	return func() {
		cancel()
		all.Wait()
		callbacks.Close()
	}
}

// later calls a function asynchronously.
func later(ctx context.Context, sys *Up, function, callback string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sys.Gateway()+"/async-function/"+function, strings.NewReader("x"))
	if err != nil {
		return
	}
	req.Header.Set("X-Callback-Url", callback)
	if res, err := sys.http.Do(req); err == nil {
		_ = res.Body.Close() // it is empty
	}
}

// unanswered says why an expression has no number now, or nothing. An error is Prometheus's own: the expression is wrong.
func unanswered(ctx context.Context, sys *Up, expr string) (string, error) {
	var answer struct {
		Data struct {
			ResultType string
			Result     []struct{ Value [2]any }
		}
	}
	u := sys.Prometheus() + "/api/v1/query?query=" + url.QueryEscape(expr)
	if err := call(ctx, http.MethodGet, u, "", &answer); err != nil {
		return "", fmt.Errorf("%s: %w", expr, err)
	}
	if answer.Data.ResultType != "vector" {
		return "", fmt.Errorf("%s: a %s, which no panel shows", expr, answer.Data.ResultType)
	}
	for _, sample := range answer.Data.Result {
		text, _ := sample.Value[1].(string)
		if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return "", nil
		}
	}
	return fmt.Sprintf("no number among %d series", len(answer.Data.Result)), nil
}

// checkNames holds each metric that an expression selects from to what was scraped or recorded. One that is joined by `or` with
// something else would not be missed otherwise.
func checkNames(t *testing.T, sys *Up, asked []question) {
	t.Helper()
	var known struct{ Data []string }
	if err := call(t.Context(), http.MethodGet, sys.Prometheus()+"/api/v1/label/__name__/values", "", &known); err != nil {
		t.Fatal(err)
	}
	for _, r := range rulesOf(t, dashboardRule) {
		asked = append(asked, question{"rule " + r.Record, r.Expr})
	}
	// A selector has braces, or is the name of a recorded series.
	selector := regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{|\w+:\w+:\w+`)
	for _, q := range asked {
		names := selector.FindAllStringSubmatch(q.expr, -1)
		if len(names) == 0 {
			t.Errorf("%s: no metric with braces in it, so that its name is not checked: %s", q.where, q.expr)
		}
		for _, m := range names {
			name := m[1]
			if name == "" {
				name = m[0]
			}
			if !slices.Contains(known.Data, name) {
				t.Errorf("%s: no series of the name %s", q.where, name)
			}
		}
	}
}

// checkRules wants each rule that records for people to be evaluated without an error.
func checkRules(t *testing.T, sys *Up) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				File  string
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	if err := call(t.Context(), http.MethodGet, sys.Prometheus()+"/api/v1/rules", "", &answer); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, g := range answer.Data.Groups {
		if filepath.Base(g.File) != filepath.Base(dashboardRule) {
			continue
		}
		for _, r := range g.Rules {
			seen++
			if r.Health != "ok" {
				t.Errorf("rule %s: %s: %s", r.Name, r.Health, r.LastError)
			}
		}
	}
	if want := len(rulesOf(t, dashboardRule)); seen != want {
		t.Errorf("%d rules of %s were loaded, want %d", seen, dashboardRule, want)
	}
}
