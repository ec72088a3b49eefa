package docs_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"faas/internal/docs"
)

func parse(t *testing.T, code string) *docs.Source {
	t.Helper()
	s, err := docs.ReadSource(fstest.MapFS{"p/p.go": {Data: []byte("// Package p does one thing. And more.\npackage p\n\n" + code)}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMetrics(t *testing.T) {
	s := parse(t, `
import "faas/function"

const prefix = "a_"

func f() {
	names := []string{"code", "method"}
	auto.NewCounterVec(prometheus.CounterOpts{Name: prefix + "calls_total", Help: "Calls, " + "all."}, names)
	promauto.With(reg).NewGauge(prometheus.GaugeOpts{Name: "b_bytes", Help: "Memory."})
	auto.NewHistogramVec(prometheus.HistogramOpts{Name: "c_seconds", Help: "Time.", Buckets: nil}, []string{"function_name"})
	auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "d", Help: "Pages."}, func() float64 { return 0 })
	prometheus.NewDesc("e_timestamp_seconds", "When.", nil, nil)
}

var one = family{name: "f_total", help: "Load.", kind: prometheus.CounterValue, typed: true}

func allFamilies() []family { return []family{one} }
`)
	got, err := s.Metrics("p")
	if err != nil {
		t.Fatal(err)
	}
	want := []docs.Metric{
		{Name: "a_calls_total", Kind: "counter", Help: "Calls, all.", Labels: []string{"code", "method"}},
		{Name: "b_bytes", Kind: "gauge", Help: "Memory."},
		{Name: "c_seconds", Kind: "histogram", Help: "Time.", Labels: []string{"function_name"}},
		{Name: "d", Kind: "gauge", Help: "Pages."},
		{Name: "e_timestamp_seconds", Kind: "gauge", Help: "When."},
		{Name: "f_total", Kind: "counter", Help: "Load.", Labels: []string{"function_name", "scaling_type"}, Ports: []string{"/metrics"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var units []string
	for _, m := range got {
		units = append(units, m.Unit())
	}
	if diff := cmp.Diff([]string{"", "bytes", "seconds", "", "unix seconds", ""}, units); diff != "" {
		t.Error(diff)
	}
	if got := s.Imports("p", "faas"); !cmp.Equal(got, []string{"function"}) || s.Synopsis("p") != "does one thing" {
		t.Errorf("imports %v, %q", got, s.Synopsis("p"))
	}
}

// TestMetricsThatCannotBeRead holds that none is left out in silence.
func TestMetricsThatCannotBeRead(t *testing.T) {
	for _, code := range []string{
		`func f(name string) { auto.NewCounter(prometheus.CounterOpts{Name: name, Help: "Calls."}) }`,
		`func f() { auto.NewCounterVec(prometheus.CounterOpts{Name: "a", Help: "Calls."}, labels()) }`,
		`func f() { auto.NewGauge(opts) }`,
		`func f() { prometheus.NewDesc("a", "Calls.", []string{"code"}, nil) }`,
		`var one = family{name: name(), help: "Load."}`,
	} {
		if _, err := parse(t, code).Metrics("p"); err == nil || !strings.Contains(err.Error(), "package p") {
			t.Errorf("%s: got %v, want an error", code, err)
		}
	}
}

func TestPage(t *testing.T) {
	p := docs.NewPage("Title", "Text.")
	p.Section("Part", "")
	p.Table([]string{"a", "b"}, [][]string{{docs.Code("x|y"), "two\nlines"}, {"", docs.Code("")}})
	p.Table([]string{"none"}, nil)
	_, body, _ := strings.Cut(p.String(), "-->\n\n")
	want := "# Title\n\nText.\n\n## Part\n\n| a | b |\n|---|---|\n| `x\\|y` | two lines |\n|  |  |\n"
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}
