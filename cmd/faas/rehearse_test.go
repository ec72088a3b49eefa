package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kballard/go-shellquote"

	"faas/rehearse/load"
	"faas/rehearse/report"
)

// rehearsed parses the arguments and rehearses. The notes are what is said beside the result.
func rehearsed(t *testing.T, args ...string) (r *report.Report, notes string, err error) {
	t.Helper()
	var cli commands
	if _, err := parser(&cli).Parse(append([]string{"rehearse", "--data", t.TempDir(), "--warm-up=0s"}, args...)); err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	r, err = cli.Rehearse.rehearse(t.Context(), &b, newProgress(io.Discard, false))
	return r, b.String(), err
}

// describe is what a report says of its contenders.
func describe(r *report.Report) string {
	lines := []string{r.Load + " for " + r.Length.String() + "; " + r.Settings}
	for _, c := range r.Contenders {
		lines = append(lines, fmt.Sprintf("%s: %s; %g each", c.Name, c.Detail, c.PerReplica))
	}
	return strings.Join(lines, "\n")
}

func TestRehearse(t *testing.T) {
	dir := t.TempDir()
	csv := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(csv, []byte("time,rate\n0,5\n1s,50\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	stack := filepath.Join(dir, "stack.yml")
	text := "functions:\n  a:\n    environment: {max_inflight: 4}\n    labels: {com.openfaas.scale.target: 20, other: x}\n  b: {}\n"
	if err := os.WriteFile(stack, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{
			"the defaults",
			[]string{"--length=2s"},
			"step for 2s; start-up 1s, requests take 50ms\n" +
				"rules: rps 5 × 0.9, 1 to 20 replicas, down window 30s; the rules of this version; 5 each",
		},
		{
			"a file and a tail",
			[]string{"--load", csv, "--tail=2s", "--times=2", "--start-up=0s", "--service-time=100ms", "--type=capacity", "--target=3"},
			csv + " × 2 for 4s; start-up 0s, requests take 100ms\n" +
				"rules: capacity 3 × 0.9, 1 to 20 replicas, down window 30s; the rules of this version; 30 each",
		},
		{
			"a stack file",
			[]string{"--length=2s", "--stack", stack, "--function=a", "--max=5", "--zero", "--zero-duration=1m", "--label=proportion=1"},
			"step for 2s; start-up 1s, requests take 50ms\n" +
				"rules: rps 20 × 1, 1 to 5 replicas, down window 30s, to zero after 1m, 4 slots; the rules of this version; 20 each",
		},
		{
			"rivals",
			[]string{
				"--length=2s", "--config-dir=../..", "--compare=type=cpu,rps,target=100,window=5m", "--cpu-per-request=200",
				"--compare=hpa:60s", "--compare=hpa", "--compare=kpa", "--compare=classic", "--compare", "../..",
			},
			`step for 2s; start-up 1s, requests take 50ms
../..: rps 5 × 0.9, 1 to 20 replicas, down window 30s; the rules there; 5 each
type=cpu,rps,target=100,window=5m: cpu 100 × 0.9 and rps 5 × 0.9, 1 to 20 replicas, down window 5m; the rules there; 5 each
hpa:60s: Kubernetes: HPA, 1m window; 5 each
hpa: Kubernetes: HPA, 5m window; 5 each
kpa: Knative KPA; 5 each
classic: OpenFaaS' own step alert and timers, 4 replicas a step; 5 each
../..: rps 5 × 0.9, 1 to 20 replicas, down window 30s; the rules there; 5 each`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, notes, err := rehearsed(t, test.args...)
			if err != nil {
				t.Fatal(err)
			}
			root, err := filepath.Abs("../..")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, strings.ReplaceAll(describe(r), root, "../..")); diff != "" || notes != "" {
				t.Error(diff, notes)
			}
			for _, c := range r.Contenders {
				if c.Result.Score.Requests == 0 || len(c.Result.Points) == 0 {
					t.Errorf("%s saw no load", c.Name)
				}
			}
		})
	}
}

// TestRehearseFollowsTheRules checks that a step is followed, and that seeds are kept to.
func TestRehearseFollowsTheRules(t *testing.T) {
	play := func(seed string) *report.Report {
		r, _, err := rehearsed(t, "--load=step:5..50@5s", "--length=9s", "--warm-up=10s", "--seed="+seed)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := play("1")
	decisions := first.Contenders[0].Result.Decisions
	if len(decisions) == 0 || decisions[len(decisions)-1].To < 10 || decisions[0].At < 5*time.Second || decisions[0].At > 7*time.Second {
		t.Errorf("a step at 5 s from 5 to 50 a second is answered by %+v", decisions)
	}
	if diff := cmp.Diff(decisions, play("1").Contenders[0].Result.Decisions); diff != "" {
		t.Error("the same seed gives something else", diff)
	}
	if cmp.Equal(first.Contenders[0].Result.Points, play("2").Contenders[0].Result.Points) {
		t.Error("another seed gives the same")
	}
}

// TestRehearseThePast checks what is asked of Prometheus, and what is made of it.
func TestRehearseThePast(t *testing.T) {
	var asked []string
	answers := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query")
		asked = append(asked, query)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasPrefix(query, "{"):
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[`+
				`{"metric":{"__name__":"gateway_service_target_load","scaling_type":"rps"},"value":[1,"12"]},`+
				`{"metric":{"__name__":"gateway_service_max"},"value":[1,"7"]}]}}`)
		case strings.Contains(query, "gateway_functions_seconds_sum"):
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.2"]}]}}`)
		case strings.Contains(query, "gateway_function_load_total") && r.FormValue("start") == "1763805701":
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1763805701,"2"],[1763805702,"3"]]}]}}`)
		case strings.Contains(query, "gateway_function_load_total"):
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
		case strings.Contains(query, "(up{"):
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1763805610,"9"],[1763805620,"9"],[1763805630,"9"]]}]}}`)
		default:
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1763805610,"3"],[1763805620,"6"]]}]}}`)
		}
	})
	prometheus := httptest.NewServer(answers)
	defer prometheus.Close()
	r, notes, err := rehearsed(t, "--prometheus", prometheus.URL, "--function=a", "--start=1763805600", "--end=2025-11-22T10:00:40Z", "--times=2")
	if err != nil {
		t.Fatal(err)
	}
	want := `a since 1763805600 until 2025-11-22T10:00:40Z × 2 for 40s; start-up 1s, requests take 200ms
rules: rps 12 × 0.9, 1 to 7 replicas, down window 30s; the rules of this version; 12 each`
	if diff := cmp.Diff(want, describe(r)); diff != "" {
		t.Error(diff)
	}
	wantNotes := "faas: of the past, 1 values are missing, where the one before them was taken\n" +
		"faas: of the past, 1 values count as 0, since Prometheus has no sample of anything then: it did not run\n"
	if len(asked) != 5 || notes != wantNotes {
		t.Errorf("asked %q, said %q", asked, notes)
	}
	if got := r.Curve.Rate(11 * time.Second); got != 12 {
		t.Errorf("twice the past has %g a second", got)
	}

	r, _, err = rehearsed(t, "--prometheus", prometheus.URL, "--function=a", "--start=1763805700", "--end=1763805702")
	if err != nil {
		t.Fatal(err)
	}
	want = "a since 1763805700 until 1763805702 for 2s; start-up 1s, requests take 200ms, each second as it was"
	if got, _, _ := strings.Cut(describe(r), "\n"); got != want || r.Contenders[0].Result.Score.Requests > 6 {
		t.Errorf("got %s with %d requests", got, r.Contenders[0].Result.Score.Requests)
	}
}

func TestBadRehearsals(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--load=stepp"}, `--load: "stepp" is no file, and no load: there are diurnal, noisy, ramp, spike, step and trace`},
		{[]string{"--load=../../docs"}, "--load: read ../../docs: is a directory"},
		{[]string{"--load=step:5"}, `--load: load "step:5": "5" is no range`},
		{[]string{"--load=step", "--since=1h", "--function=a"}, "--load is not for --query, --since and --start"},
		{[]string{"--since=1h"}, "the past of which function? give --function NAME, or a --query"},
		{[]string{"--query=x"}, "--query needs --since"},
		{[]string{"--start=1", "--since=1h", "--query=x"}, "--since and --start say the same"},
		{[]string{"--start=noon", "--query=x"}, `--start: "noon" is no time: use a date`},
		{[]string{"--times=0"}, "--times must be above 0"},
		{[]string{"--stack=rehearse.go"}, "--stack needs --function"},
		{[]string{"--stack=../../functions/stack.yml", "--function=x"}, `has no function "x"; it has captains, `},
		{[]string{"--function=a", "--prometheus=http://127.0.0.1:1"}, "(--stack FILE takes its settings from a stack file)"},
		{[]string{"--prometheus=:"}, "--prometheus: the address of Prometheus"},
		{[]string{"--target=x"}, `label com.openfaas.scale.target="x": use a number above 0`},
		{[]string{"--label=target"}, `--label: "target" is no setting: write for example target=20`},
		{[]string{"--compare=hpax"}, "--compare hpax: it is no directory, and none of hpa, hpa:60s, kpa or classic; settings are written as target=20"},
		{[]string{"--compare=hpa:x"}, `--compare hpa:x: "x" is no time to look back`},
		{[]string{"--compare=kpa:1"}, "kpa takes nothing after a colon"},
		{[]string{"--compare=min=x"}, `--compare min=x: label com.openfaas.scale.min="x"`},
		{[]string{"--config-dir=testdata/none"}, "no such file or directory"},
		{[]string{"--memory-per-replica=x"}, `--memory-per-replica: memory "x"`},
		{[]string{"--custom=x.csv"}, `--custom: "x.csv" is no file`},
		{[]string{"--length=-1s"}, "--length and --tail must not be negative"},
		{[]string{"--gateways=0", "--replicas=-1"}, "--replicas must not be negative\n--gateways must be from 1 to 100"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			_, _, err := rehearsed(t, test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestOverlay(t *testing.T) {
	for _, test := range []struct{ name, labels, settings, want string }{
		{"something new", "min=2", "max=9", "max=9,min=2"},
		{"another value", "target=5", "target=20", "target=20"},
		{"a target that has a name", "target.rps=5", "target=20", "target=20"},
		{"a target that had none", "target=5", "target.rps=20", "target.rps=20"},
		{"another type", "target=5", "type=cpu", "type=cpu"},
		{"another type first", "target=5", "type=cpu,rps,target.cpu=700", "target.cpu=700,type=cpu,rps"},
		{"one type less", "type=rps,cpu,target=5,target.cpu=700", "type=rps", "target=5,type=rps"},
		{"one type more", "target=5", "type=rps,cpu", "target=5,type=rps,cpu"},
		{"other names", "", "window=5m,proportion=1,com.openfaas.scale.zero=true", "down.window=5m,target-proportion=1,zero=true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := func(text string) map[string]string {
				if text == "" {
					return nil
				}
				settings, err := parseSettings(text)
				if err != nil {
					t.Fatal(err)
				}
				return settings
			}
			labels := overlay(overlay(nil, read(test.labels)), read(test.settings))
			if diff := cmp.Diff(overlay(nil, read(test.want)), labels); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRehearseHelp checks that the examples of the help are understood, and that loads are as it says.
func TestRehearseHelp(t *testing.T) {
	t.Chdir("../..")
	help := (&rehearseCommand{}).Help()
	examples := regexp.MustCompile(`(?m)^  faas (rehearse .*)$`).FindAllStringSubmatch(help, -1)
	if len(examples) < 5 {
		t.Fatalf("there are %d examples", len(examples))
	}
	for _, example := range examples {
		args, err := shellquote.Split(example[1])
		if err != nil {
			t.Fatal(err)
		}
		var cli commands
		if _, err := parser(&cli).Parse(args); err != nil {
			t.Errorf("%s: %v", example[1], err)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^  ((?:step|ramp|spike|diurnal|noisy|trace):\S+)`).FindAllStringSubmatch(help, -1) {
		if _, err := load.Parse(m[1], load.Options{}); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
}

func TestRehearseWrites(t *testing.T) {
	dir := t.TempDir()
	var cli commands
	command, err := parser(&cli).Parse([]string{"rehearse", "--length=2s", "--warm-up=0s", "--svg", filepath.Join(dir, "a.svg"), "-o", "json"})
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	if os.Stdout, err = os.Create(filepath.Join(dir, "a.json")); err != nil {
		t.Fatal(err)
	}
	err = command.Run()
	os.Stdout = stdout
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.svg": "</svg>", "a.json": `"rule_group_evaluations": `} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}

func TestRehearseStops(t *testing.T) {
	var cli commands
	if _, err := parser(&cli).Parse([]string{"rehearse", "--length=240h"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cli.Rehearse.rehearse(ctx, io.Discard, newProgress(io.Discard, false)); err == nil {
		t.Error("it goes on after it was told to stop")
	}
}

func TestProgress(t *testing.T) {
	for terminal, want := range map[bool]string{true: "\rrehearsing: 30 %\r\x1b[K", false: "rehearsing: 30 %\n"} {
		var b bytes.Buffer
		p := newProgress(&b, terminal)
		p.begin(2)
		p.see(0, 0, 10) // too early to be told
		p.began, p.last = p.began.Add(-time.Minute), p.last.Add(-time.Minute)
		p.shares[1] = 0.5
		p.see(0, 1, 10)
		p.see(0, 2, 10) // too soon after that
		p.end()
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Error(diff)
		}
	}
}
