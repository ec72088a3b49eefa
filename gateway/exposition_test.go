package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"faas/function"
	"faas/gateway/overload"
)

// functionCollector shows families in a registry, which is what the exposition is held to.
type functionCollector struct {
	routes   *table
	depth    func(function string) (int, bool)
	families []family
	descs    []*prometheus.Desc // one for each family
}

func newFunctionCollector(routes *table, depth func(string) (int, bool), families []family) functionCollector {
	c := functionCollector{routes: routes, depth: depth, families: families}
	for _, f := range families {
		labels := []string{"function_name"}
		if f.typed {
			labels = append(labels, "scaling_type")
		}
		c.descs = append(c.descs, prometheus.NewDesc(f.name, f.help, labels, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c functionCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c functionCollector) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	for _, r := range c.routes.sorted() {
		seen := reading{route: r, status: r.status.Load(), now: now, depth: c.depth}
		for i, f := range c.families {
			f.read(seen, func(scalingType string, v float64) {
				labels := []string{r.name}
				if f.typed {
					labels = append(labels, scalingType)
				}
				ch <- prometheus.MustNewConstMetric(c.descs[i], f.kind, v, labels...)
			})
		}
	}
}

// newTestTable makes a table of functions that were called now and then.
func newTestTable(tb testing.TB, functions ...function.Function) *table {
	tb.Helper()
	routes := newTable(routeOptions{metrics: newMetrics(prometheus.NewRegistry()), log: slog.New(slog.DiscardHandler)})
	var snap function.Snapshot
	for _, f := range functions {
		scaling, err := f.ParseScaling()
		if err != nil {
			tb.Fatal(err)
		}
		snap.Functions = append(snap.Functions, function.Status{Function: f, Scaling: scaling, Desired: 2})
	}
	routes.apply(snap)
	for i, r := range routes.sorted() {
		for range i + 1 {
			start := time.Now()
			r.series.begin(start)
			r.series.end(start, start.Add(1234567*time.Nanosecond), http.StatusOK)
		}
	}
	return routes
}

func labelled(name string, labels ...string) function.Function {
	f := function.Function{Name: name, Labels: map[string]string{}}
	for i := 0; i < len(labels); i += 2 {
		f.Labels[function.ScalingLabelPrefix+labels[i]] = labels[i+1]
	}
	return f
}

func noDepth(string) (int, bool) { return 0, false }

// parsed reads an exposition as Prometheus's own library does, into values by series.
func parsed(t *testing.T, text []byte) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	values := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			v := m.GetGauge().GetValue()
			if f.GetType() == dto.MetricType_COUNTER {
				v = m.GetCounter().GetValue()
			}
			values[name+fmt.Sprint(m.GetLabel())] = v
		}
	}
	return values
}

// TestExpositionIsWhatTheRegistryShows holds the writer of its own to client_golang's, odd names and all.
func TestExpositionIsWhatTheRegistryShows(t *testing.T) {
	routes := newTestTable(
		t,
		labelled("plain"),
		labelled(`odd "name" \ of`+"\ntwo lines", "type", "capacity,cpu,queue", "target", "0.3", "zero", "true"),
		labelled("zürich", "type", "memory", "target", "256Mi", "slots", "4", "zero-duration", "1s"),
	)
	routes.sorted()[1].series.overloaded(time.Now(), 7)
	depth := func(name string) (int, bool) { return len(name), name != "plain" }
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(newFunctionCollector(routes, depth, allFamilies()))
	registered := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(registered, r)

	ours := httptest.NewRecorder()
	e := newExposition(routes, depth, allFamilies())
	for range 2 { // the second has the first one's buffer
		ours = httptest.NewRecorder()
		if err := e.serve(ours, r); err != nil {
			t.Fatal(err)
		}
	}
	want := parsed(t, registered.Body.Bytes())
	if diff := cmp.Diff(want, parsed(t, ours.Body.Bytes())); diff != "" || len(want) < 3*10 {
		t.Errorf("%d series (-registry +ours):\n%s", len(want), diff)
	}
	if got := expfmt.ResponseFormat(ours.Header()).FormatType(); got != expfmt.TypeTextPlain {
		t.Errorf("type %q is read as %v", ours.Header().Get("Content-Type"), got)
	}
	problems, err := testutil.GatherAndLint(reg)
	for _, p := range problems {
		if !strings.HasSuffix(p.Metric, "_count") && p.Metric != "gateway_function_invocation_started" { // OpenFaaS's own names
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// TestOthersAreShownToo looks at a registry beside the functions, as /metrics has one.
func TestOthersAreShownToo(t *testing.T) {
	reg := prometheus.NewRegistry()
	promauto.With(reg).NewHistogram(prometheus.HistogramOpts{Name: "others_seconds", Help: "Of others."}).Observe(0.3)
	e := newExposition(newTestTable(t, labelled("a")), noDepth, []family{familyCount, familyLoad})
	e.others = reg
	w := httptest.NewRecorder()
	if err := e.serve(w, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"gateway_function_load_total", "gateway_service_count", "others_seconds"}
	if diff := cmp.Diff(want, names(parsed(t, w.Body.Bytes()))); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}
	e.others = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("two of a name") })
	if err := e.serve(httptest.NewRecorder(), nil); err == nil || !strings.Contains(err.Error(), "two of a name") {
		t.Errorf("error %v", err)
	}
}

// names returns the names of the families in text.
func names(values map[string]float64) []string {
	all := map[string]bool{}
	for series := range values {
		name, _, _ := strings.Cut(series, "[")
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func TestScalingIsSmall(t *testing.T) {
	depth := func(string) (int, bool) { return 3, true }
	always := []string{
		"gateway_function_load_total", "gateway_service_count",
		"gateway_service_down_window_seconds", "gateway_service_max", "gateway_service_min",
		"gateway_service_target_load", "gateway_service_target_proportion",
	}
	for _, tt := range []struct {
		name string
		f    function.Function
		more []string
	}{
		{"as it is by default", labelled("a"), nil},
		{"that follows the queue", labelled("a", "type", "rps,queue"), []string{"gateway_function_queued"}},
		{"that has slots", labelled("a", "slots", "3"), []string{"gateway_function_inflight_squares_total", "gateway_function_slots_shared"}},
		{"that goes to zero", labelled("a", "zero", "true"), []string{
			"gateway_function_invocation_inflight", "gateway_function_last_invocation_timestamp_seconds",
			"gateway_function_queued", "gateway_service_zero_duration_seconds",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			routes := newTestTable(t, tt.f)
			text := newExposition(routes, depth, scalingFamilies()).append(nil, time.Now())
			if diff := cmp.Diff(slices.Sorted(slices.Values(slices.Concat(always, tt.more))), names(parsed(t, text))); diff != "" {
				t.Errorf("families (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFunctionsAtRestAreNotShown(t *testing.T) {
	const quiet = restAfter + time.Second
	for _, tt := range []struct {
		name    string
		f       function.Function
		desired int
		before  func(r *route, now time.Time)
		rests   bool
	}{
		{"at its minimum", labelled("a"), 1, nil, true},
		{"called just now", labelled("a"), 1, func(r *route, now time.Time) { r.series.begin(now); r.series.end(now, now, 200) }, false},
		{"new, and never called", labelled("a"), 1, func(r *route, now time.Time) {
			r.series.arrivals.Store(0)
			r.series.lastArrival.Store(now.UnixNano())
		}, true},
		{"new, with replicas to spare", labelled("a"), 3, func(r *route, now time.Time) {
			r.series.arrivals.Store(0)
			r.series.lastArrival.Store(now.UnixNano())
		}, false},
		{"at 0", labelled("a", "zero", "true"), 0, nil, true},
		{"scaled to 0 by hand", labelled("a", "min", "2"), 0, nil, true},
		{"called a minute ago", labelled("a"), 1, func(r *route, now time.Time) {
			r.series.lastArrival.Store(now.Add(-time.Minute).UnixNano())
		}, false},
		{"changed a minute ago", labelled("a"), 1, func(r *route, now time.Time) {
			r.series.changed.Store(now.Add(-time.Minute).UnixNano())
		}, false},
		{"a long request in flight", labelled("a"), 1, func(r *route, now time.Time) { r.series.load.add(now, 1) }, false},
		{"a replica to spare", labelled("a"), 2, nil, false},
		{"below its minimum", labelled("a", "min", "3"), 2, nil, false},
		{"could go to zero", labelled("a", "zero", "true"), 1, nil, false},
		{"measured elsewhere", labelled("a", "type", "rps,cpu"), 1, nil, false},
		{"measured elsewhere, at 0", labelled("a", "type", "rps,cpu"), 0, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			routes := newTestTable(t, tt.f)
			r := routes.sorted()[0]
			status := *r.status.Load()
			status.Desired = tt.desired
			r.status.Store(&status)
			now := time.Now().Add(quiet)
			if tt.before != nil {
				tt.before(r, now)
			}
			e := newExposition(routes, noDepth, scalingFamilies())
			e.brief = true
			got := names(parsed(t, e.append(nil, now)))
			if rests := len(got) == 0; rests != tt.rests {
				t.Errorf("at rest: %v, want %v; families %v", rests, tt.rests, got)
			}
		})
	}
}

// TestLoadCountsFromTheEndOfARest scrapes a function that was called 5 times, rested, and is called again.
func TestLoadCountsFromTheEndOfARest(t *testing.T) {
	routes := newTestTable(t, labelled("a"))
	status := *routes.sorted()[0].status.Load()
	status.Desired = 1
	routes.sorted()[0].status.Store(&status)
	s := routes.sorted()[0].series
	e := newExposition(routes, noDepth, []family{familyLoad, familyAwake})
	e.brief = true
	now := time.Now()
	want := func(when string, at time.Time, load, age string) {
		t.Helper()
		var lines []string
		if load != "" {
			lines = append(lines, `gateway_function_load_total{function_name="a",scaling_type="rps"} `+load)
		}
		if age != "" {
			lines = append(lines, `gateway_function_awake_seconds{function_name="a"} `+age)
		}
		var got []string
		for line := range strings.Lines(string(e.append(nil, at))) {
			if !strings.HasPrefix(line, "#") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if diff := cmp.Diff(lines, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	s.rests.last.since = now
	before := s.arrivals.Load()
	for range 5 {
		s.begin(now)
		s.end(now, now, 200)
	}
	want("new", now.Add(time.Second), strconv.FormatUint(before+5, 10), "1")
	want("a minute old", now.Add(time.Minute), strconv.FormatUint(before+5, 10), "")
	rested := now.Add(restAfter + time.Second)
	want("at rest", rested, "", "")
	want("still", rested.Add(time.Hour), "", "")
	woken := rested.Add(2 * time.Hour)
	for range 3 {
		s.begin(woken)
		s.end(woken, woken, 200)
	}
	want("awake", woken.Add(100*time.Millisecond), "3", "0")
	want("a moment later", woken.Add(600*time.Millisecond), "3", "0.5")
}

// TestLoadIsThatOfTheSignals also shows all that there is in a scrape.
func TestLoadIsThatOfTheSignals(t *testing.T) {
	routes := newTestTable(t, labelled("both", "type", "rps,capacity"), labelled("neither", "type", "custom"), labelled("usual"))
	now := time.Now()
	routes.sorted()[2].series.overloaded(now, 5)
	e := newExposition(routes, noDepth, scalingFamilies())
	text := string(e.append(nil, now))
	for _, want := range []string{
		"# TYPE gateway_service_count gauge\n" +
			`gateway_service_count{function_name="both"} 2` + "\n" +
			`gateway_service_count{function_name="neither"} 2` + "\n" +
			`gateway_service_count{function_name="usual"} 2` + "\n",
		"# TYPE gateway_function_load_total counter\n" +
			`gateway_function_load_total{function_name="both",scaling_type="rps"} 1` + "\n" +
			`gateway_function_load_total{function_name="both",scaling_type="capacity"} 0.001234567` + "\n" +
			`gateway_function_load_total{function_name="usual",scaling_type="rps"} 3` + "\n",
		"# TYPE gateway_function_overload_replicas gauge\n" +
			`gateway_function_overload_replicas{function_name="usual"} 5` + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no\n%s\nin\n%s", want, text)
		}
	}
	if later := e.append(nil, now.Add(overload.Memory+1)); bytes.Contains(later, []byte("overload")) {
		t.Errorf("an overload that is over is shown:\n%s", later)
	}
}

func TestAppendValue(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 12: "12", -3: "-3", 0.9: "0.9", 1e18: "1e+18", 1234567.25: "1.23456725e+06", 268435456: "268435456",
		math.Inf(1): "+Inf", math.Inf(-1): "-Inf", math.NaN(): "NaN",
	} {
		if got := string(appendValue(nil, v)); got != want {
			t.Errorf("%g is written %s, want %s", v, got, want)
		}
	}
}

func TestUsageTargets(t *testing.T) {
	one := func(f function.Function, id string) function.Status {
		return function.Status{Function: f, Desired: 1, Replicas: []function.Replica{
			{ID: id, Addr: "127.0.0.1:1", MetricsAddr: "127.0.0.1:1", State: function.ReplicaReady},
		}}
	}
	g := start(t, newFakeBackend(
		one(labelled("a"), "a1"),
		one(labelled("b", "type", "rps,cpu"), "b1"),
		one(labelled("c", "type", "memory", "target", "1Gi"), "c1"),
		one(labelled("d", "type", "queue,custom"), "d1"),
	), nil)
	_, body := g.scrapePath(t, "/sd/replicas?signal=usage")
	for id, want := range map[string]bool{"a1": false, "b1": true, "c1": true, "d1": false} {
		if strings.Contains(body, `"`+id+`"`) != want {
			t.Errorf("replica %s: want %v, got %s", id, want, body)
		}
	}
	res, body := g.scrapePath(t, "/sd/replicas?signal=ram")
	wantStatus(t, res, body, http.StatusBadRequest)
}

// BenchmarkScalingScrape is what a scrape of 1,000 functions costs, by the writer of its own and by client_golang's
// registry.
func BenchmarkScalingScrape(b *testing.B) {
	var functions []function.Function
	for i := range 1000 {
		functions = append(functions, labelled(fmt.Sprintf("function-%04d", i)))
	}
	routes := newTestTable(b, functions...)
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics/scaling", http.NoBody)
	for what, families := range map[string][]family{"scaling": scalingFamilies(), "load": {familyLoad}} {
		reg := prometheus.NewRegistry()
		reg.MustRegister(newFunctionCollector(routes, noDepth, families))
		ours := newExposition(routes, noDepth, families)
		for by, h := range map[string]http.Handler{
			"registry": promhttp.HandlerFor(reg, promhttp.HandlerOpts{DisableCompression: true}),
			"writer": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := ours.serve(w, r); err != nil {
					b.Error(err)
				}
			}),
		} {
			b.Run(what+"/"+by, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(httptest.NewRecorder(), r)
				}
			})
		}
	}
}
