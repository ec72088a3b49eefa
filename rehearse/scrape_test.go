package rehearse

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"faas/function"
)

// rulesThat makes rules of these expressions, and an alert whose annotation asks for a metric.
func rulesThat(annotation string, exprs ...string) []ruleFile {
	g := rulefmt.RuleGroup{Rules: []rulefmt.Rule{{Alert: "A", Expr: "vector(1)", Annotations: map[string]string{"reason": annotation}}}}
	for _, e := range exprs {
		g.Rules = append(g.Rules, rulefmt.Rule{Record: "r", Expr: e})
	}
	return []ruleFile{{"test.yml", []rulefmt.RuleGroup{g}}}
}

func TestReads(t *testing.T) {
	r := findReads(rulesThat(`{{ query "asked" }}`, `rate(a{job="x"}[1m] offset 5s)`, `a + b`, `max_over_time(sum(c)[10m:1m])`, `{__name__=~"d.*"}`),
		parser.NewParser(parser.Options{}), 12*time.Second)
	for name, want := range map[string]time.Duration{
		"a": 77 * time.Second, "b": 12 * time.Second, "c": 10*time.Minute + 12*time.Second, "de": 12 * time.Second, "asked": 12 * time.Second, "z": 0,
	} {
		if got := time.Duration(r.keep(name)) * time.Millisecond; got != want {
			t.Errorf("%s is kept for %s, want %s", name, got, want)
		}
	}
	if !r.wants("b", "y") || !r.wants("a", "y") || r.wants("z", "y") {
		t.Error("what is wanted of job y is not a and b")
	}
}

func TestTargetsShowWhatRulesRead(t *testing.T) {
	jobs := []scrapeJob{
		{Name: "gateway-scaling", Path: "/metrics/scaling", Interval: model.Duration(250 * ms)},
		{Name: "gateway", Path: "/metrics", Interval: model.Duration(5 * second)},
		{Name: "other", Path: "/metrics", Interval: model.Duration(5 * second)},
	}
	zero := function.DefaultScaling()
	zero.Zero, zero.Signals = true, []function.Signal{{Type: function.ScalingCapacity, Target: 3}}
	subjects := []*subject{
		subjectOf(Function{Name: "plain", Curve: flat(time.Minute, 1)}, 2),
		subjectOf(Function{Name: "zero", Scaling: zero, Curve: flat(time.Minute, 1)}, 2),
	}
	wants := findReads(rulesThat("", `up{job="gateway-scaling"}`, `{__name__=~"gateway_service_(count|min)", job!="gateway"}`,
		`gateway_function_load_total`, `gateway_service_zero_duration_seconds`, `gateway_function_overload_replicas`, `gateway_service_target_load{job="gateway"}`),
		parser.NewParser(parser.Options{}), 12*time.Second)
	st := newStore(wants.keep)
	targets := newTargets(jobs, 2, subjects, st, wants)
	subjects[0].gateways[1].overload.Set(epoch.Add(time.Second), 7)
	shown := func(now time.Duration) (all []string) {
		for _, target := range targets {
			target.scrape(now)
		}
		for name := range st.metrics {
			for _, se := range st.metrics[name].series {
				if !math.IsNaN(se.latest(at(now))) {
					l := se.labels
					all = append(all, l.Get("job")+" "+l.Get("instance")[8:9]+" "+name+" "+l.Get("function_name")+l.Get("scaling_type"))
				}
			}
		}
		slices.Sort(all)
		return slices.DeleteFunc(all, func(s string) bool {
			return s[len("gateway"):][0] != ' ' && s[len("gateway-scaling")+1] == '1' && s[8:15] == "scaling"
		})
	}
	want := []string{
		"gateway 1 gateway_function_load_total plainrps", "gateway 1 gateway_function_load_total zerocapacity",
		"gateway 1 gateway_service_target_load plainrps", "gateway 1 gateway_service_target_load zerocapacity",
		"gateway 1 gateway_service_zero_duration_seconds zero",
		"gateway 2 gateway_function_load_total plainrps", "gateway 2 gateway_function_load_total zerocapacity",
		"gateway 2 gateway_function_overload_replicas plain",
		"gateway 2 gateway_service_target_load plainrps", "gateway 2 gateway_service_target_load zerocapacity",
		"gateway 2 gateway_service_zero_duration_seconds zero",
		"gateway-scaling 2 gateway_function_load_total plainrps", "gateway-scaling 2 gateway_function_load_total zerocapacity",
		"gateway-scaling 2 gateway_function_overload_replicas plain",
		"gateway-scaling 2 gateway_service_count plain", "gateway-scaling 2 gateway_service_count zero",
		"gateway-scaling 2 gateway_service_min plain", "gateway-scaling 2 gateway_service_min zero",
		"gateway-scaling 2 gateway_service_zero_duration_seconds zero",
		"gateway-scaling 2 up ",
	}
	if diff := cmp.Diff(want, shown(2*time.Second)); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	// The wish is shown for 10 s, and then ends.
	want = slices.DeleteFunc(want, func(s string) bool { return s[len(s)-len("replicas plain"):] == "replicas plain" })
	if diff := cmp.Diff(want, shown(12*time.Second)); diff != "" {
		t.Errorf("shown later (-want +got):\n%s", diff)
	}
}
