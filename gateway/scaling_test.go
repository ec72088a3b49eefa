package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
	"faas/function"
	"faas/internal/alerting"
)

// readingsServer is a Prometheus in which the rules have recorded that a has a load of 12.3 rps and 800m of cpu.
func readingsServer(t *testing.T) string {
	t.Helper()
	return recordedServer(t, recorded("function:replicas:wanted", "", 3), recorded("function:replicas:hold", "", 3),
		recorded("function:load:mean5s", "rps", 12.3), recorded("function:load:level", "cpu", 800))
}

func recorded(name, signal string, v float64) string {
	return fmt.Sprintf(`{"metric":{"__name__":%q,"scaling_type":%q},"value":[0,"%g"]}`, name, signal, v)
}

// recordedServer is a Prometheus in which the rules have recorded something, of every function that is asked about.
func recordedServer(t *testing.T, series ...string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "query_range") {
			_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"matrix","result":[]}}`))
			return
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, strings.Join(series, ","))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// freezes is a Freezer that only tells.
type freezes []alerting.Freeze

func (f freezes) Frozen() []alerting.Freeze { return f }

// oneFreezes tells of one function alone.
type oneFreezes struct{ freezes }

func (oneFreezes) Frozen() []alerting.Freeze { panic("it was asked for all") }

func (f freezes) FrozenOf(name string) []alerting.Freeze {
	return slices.DeleteFunc(slices.Clone(f), func(one alerting.Freeze) bool { return one.Function != name })
}

func (freezes) StoppedBy(string, int, int) string { return "" }

// StoppedBy names a silence by what it is asked for.
func (oneFreezes) StoppedBy(name string, from, to int) string {
	return fmt.Sprintf("%s-%d-%d", name, from, to)
}

func (freezes) Freeze(_ context.Context, f alerting.Freeze) (alerting.Freeze, error) { return f, nil }

func (freezes) Unfreeze(context.Context, string) ([]string, error) { return nil, nil }

// scaledStatus is a function with three ready replicas that follows two signals.
func scaledStatus(name string) function.Status {
	s := status(name, gone, gone, gone)
	s.Desired = 3
	s.Labels = map[string]string{
		"team": "a", function.ScalingLabelPrefix + "type": "rps,cpu", function.ScalingLabelPrefix + "target.cpu": "700",
	}
	return s
}

func (r *running) scaling(t *testing.T, method, name, body string) api.FunctionScaling {
	t.Helper()
	res, text := r.do(t, method, "/system/functions/"+name+"/scaling", body)
	wantStatus(t, res, text, 200)
	var s api.FunctionScaling
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScalingExplained(t *testing.T) {
	b := newFakeBackend(scaledStatus("a"), status("b", gone))
	until := time.Now().Add(time.Hour)
	g := start(t, b, func(o *Options) {
		o.Tuner, o.Prometheus = b, []string{readingsServer(t)}
		o.Freezer = freezes{{Function: "b", Silence: "7", Until: until, Up: true, Down: true, Zero: true}}
		o.Decisions = func(name string, n int) []api.ScaleEvent {
			return []api.ScaleEvent{{ID: 1, Function: name, To: 3, Applied: true, Code: "scaled", Reason: fmt.Sprintf("the last %d", n)}}
		}
	})
	got := g.scaling(t, "GET", "a", "")
	three, load, used, one, two := 3, 12.3, 800.0, 3, 2
	want := api.FunctionScaling{
		Function: "a",
		Scaling: api.ScalingSettings{
			Type: "rps,cpu", Targets: map[string]float64{"rps": 5, "cpu": 700}, Min: 1, Max: 20, Window: "30s", ZeroDuration: "15m0s",
			Proportion: 0.9, Factor: 20,
		},
		Labels:   map[string]string{function.ScalingLabelPrefix + "type": "rps,cpu", function.ScalingLabelPrefix + "target.cpu": "700"},
		Replicas: api.ScalingReplicas{Desired: 3, Ready: 3},
		Wanted:   &three, Hold: &three,
		Signals: []api.ScalingSignal{
			{Type: "rps", Load: &load, Target: 5, PerReplica: 4.5, Capacity: 13.5, Wanted: &one},
			{Type: "cpu", Load: &used, Target: 700, PerReplica: 630, Capacity: 1890, Wanted: &two},
		},
		ControlLoop: "ok",
		More:        "no: load 12.3 rps is within what 3 replicas carry (13.5), 800m cpu within 1890m",
		Fewer:       "not known yet: the rules have recorded no need",
		Decisions:   []api.ScaleEvent{{ID: 1, Function: "a", To: 3, Applied: true, Code: "scaled", Reason: "the last 10"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scaling (-want +got):\n%s", diff)
	}
	if b := g.scaling(t, "GET", "b", ""); b.Frozen == nil || b.Frozen.Silence != "7" || !strings.HasPrefix(b.More, "frozen by silence 7 until ") {
		t.Errorf("what is frozen: %+v", b)
	}
}

// TestScalingFrozen holds that of what is frozen the function's own is told, and that the others are not looked at where the
// Freezer can do without.
func TestScalingFrozen(t *testing.T) {
	until := time.Now().Add(time.Hour)
	all := freezes{
		{Function: "b", Silence: "7", Until: until, Up: true, Down: true, Zero: true},
		{Function: "a", Silence: "8", Until: until, Up: true, Down: true, Zero: true},
	}
	for name, freezer := range map[string]Freezer{"of all": all, "of one": oneFreezes{all}} {
		t.Run(name, func(t *testing.T) {
			g := start(t, newFakeBackend(status("a", gone), status("c", gone)), func(o *Options) { o.Freezer = freezer })
			if got := g.scaling(t, "GET", "a", ""); got.Frozen == nil || got.Frozen.Silence != "8" || !strings.HasPrefix(got.More, "frozen by silence 8 ") {
				t.Errorf("what is frozen: %+v", got)
			}
			if got := g.scaling(t, "GET", "c", ""); got.Frozen != nil {
				t.Errorf("what is not frozen: %+v", got.Frozen)
			}
		})
	}
}

// TestScalingStopped holds that a silence of the order that stands is told, where it says why the count stays.
func TestScalingStopped(t *testing.T) {
	b := newFakeBackend(status("a", gone, gone, gone))
	for _, tt := range []struct {
		wanted      float64
		more, fewer string
	}{
		{12, "; but silence a-3-12 stops the order for 12: leave replicas out of it to freeze the function, or end it", ""},
		{1, "", "; but silence a-3-1 stops the order for 1: leave replicas out of it to freeze the function, or end it"},
		{3, "", ""},
	} {
		g := start(t, b, func(o *Options) {
			o.Prometheus = []string{recordedServer(t, recorded("function:replicas:wanted", "", tt.wanted))}
			o.Freezer = oneFreezes{}
		})
		got := g.scaling(t, "GET", "a", "")
		for text, want := range map[string]string{got.More: tt.more, got.Fewer: tt.fewer} {
			if !strings.HasSuffix(text, want) || want == "" && strings.Contains(text, "silence") {
				t.Errorf("%g wanted: got %q, want one that ends %q", tt.wanted, text, want)
			}
		}
	}
}

// TestScalingAtRest holds what is said of a function that the rules are not shown.
func TestScalingAtRest(t *testing.T) {
	b := newFakeBackend(status("a", gone), status("b", gone))
	g := start(t, b, func(o *Options) { o.Tuner, o.Prometheus = b, []string{recordedServer(t)} })
	series := g.routes.lookup("a").series
	series.lastArrival.Store(time.Now().Add(-12 * time.Minute).UnixNano())
	g.routes.lookup("b").series.begin(time.Now())
	got := g.scaling(t, "GET", "a", "")
	if got.More != "no: nothing arrived for 12m" || got.Fewer != "at min 1" {
		t.Errorf("more %q, fewer %q", got.More, got.Fewer)
	}
	load, wanted := 0.0, 0
	want := []api.ScalingSignal{{Type: "rps", Load: &load, Target: 5, PerReplica: 4.5, Capacity: 4.5, Wanted: &wanted}}
	if diff := cmp.Diff(want, got.Signals); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
	if got := g.scaling(t, "GET", "b", ""); got.Signals[0].Load != nil || !strings.HasPrefix(got.More, "no figures of rps") {
		t.Errorf("a function that is shown and of which nothing is recorded: %+v", got)
	}
}

// TestScalingBySlots holds that slots are a signal under the name that the gateway's metrics have.
func TestScalingBySlots(t *testing.T) {
	s := status("a", gone, gone)
	s.Labels = map[string]string{function.ScalingLabelPrefix + "slots": "4"}
	b := newFakeBackend(s)
	g := start(t, b, func(o *Options) {
		o.Prometheus = []string{recordedServer(t, recorded("function:load:mean5s", "rps", 2), recorded("function:load:mean5s", slotsType, 6))}
	})
	got := g.scaling(t, "GET", "a", "")
	rps, taken, one, two := 2.0, 6.0, 1, 2
	want := []api.ScalingSignal{
		{Type: "rps", Load: &rps, Target: 5, PerReplica: 4.5, Capacity: 9, Wanted: &one},
		{Type: "slots", Load: &taken, Target: 4, PerReplica: 3.6, Capacity: 7.2, Wanted: &two},
	}
	if diff := cmp.Diff(want, got.Signals); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
}

// TestScalingUnexplained holds what is said where little is known.
func TestScalingUnexplained(t *testing.T) {
	const dead = "http://127.0.0.1:1" // a port of a server that was closed may be another test's by now
	for name, tt := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"nobody said where Prometheus is": {func(*Options) {}, "not known: the gateway was not told where Prometheus is (--prometheus)"},
		"Prometheus is away": {
			func(o *Options) { o.Prometheus = []string{dead} }, "not known: Prometheus does not answer: " + dead + ": dial tcp",
		},
		"the loop is lost": {
			func(o *Options) { o.ControlLoop = func() error { return errors.New("no heartbeat since noon") } },
			"no orders arrive: no heartbeat since noon",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t, newFakeBackend(scaledStatus("a")), tt.change)
			s := g.scaling(t, "GET", "a", "")
			if !strings.HasPrefix(s.More, tt.want) || !strings.HasPrefix(s.Fewer, tt.want) || s.Wanted != nil || s.Signals[0].Load != nil {
				t.Errorf("got %+v, want %q", s, tt.want)
			}
		})
	}
}

func TestScalingSet(t *testing.T) {
	b := newFakeBackend(scaledStatus("a"))
	g := start(t, b, func(o *Options) { o.Tuner = b })
	got := g.scaling(t, "PATCH", "a", `{"max":30,"targets":{"cpu":900},"window":"1m"}`)
	if got.Scaling.Max != 30 || got.Scaling.Targets["cpu"] != 900 || got.Scaling.Window != "1m0s" {
		t.Errorf("the answer: %+v", got.Scaling)
	}
	g.scaling(t, "PATCH", "a", `{"window":null}`)
	want := map[string]string{
		"team": "a", function.ScalingLabelPrefix + "type": "rps,cpu", function.ScalingLabelPrefix + "target.cpu": "900",
		function.ScalingLabelPrefix + "max": "30",
	}
	after, err := b.Function(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, after.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	_, metrics := g.scrapePath(t, "/metrics/scaling")
	if want := `gateway_service_max{function_name="a"} 30`; !strings.Contains(metrics, want) {
		t.Errorf("the next scrape lacks %s:\n%s", want, metrics)
	}
	for body, want := range map[string]string{
		`{"max":"many","speed":1,"min":40}`: "max: use a whole number\nspeed: unknown; there are type",
		`{"min":40,"speed":1}`:              "speed: unknown",
		`{"min":40}`:                        "min=40 is above",
		`[]`:                                "body is not the JSON",
		`null`:                              "body is null",
		``:                                  "body is empty",
	} {
		res, text := g.do(t, "PATCH", "/system/functions/a/scaling", body)
		wantStatus(t, res, text, 400)
		if !strings.Contains(text, want) {
			t.Errorf("%s: got %q, want %q", body, text, want)
		}
	}
	if _, text := g.do(t, "PATCH", "/system/functions/a/scaling", `{"min":40,"speed":1}`); !strings.Contains(text, "min=40 is above") {
		t.Errorf("not all mistakes at once: %q", text)
	}
	if now, err := b.Function(t.Context(), "a"); err != nil || !cmp.Equal(now.Labels, want) {
		t.Errorf("what was refused changed something: %v, %v", now.Labels, err)
	}
}

// TestScalingSetUnevaluated holds that what the rules recorded of the settings before is told neither in the answer nor after it.
func TestScalingSetUnevaluated(t *testing.T) {
	b := newFakeBackend(scaledStatus("a"))
	evaluated := time.Now()
	g := start(t, b, func(o *Options) {
		o.Tuner = b
		o.Prometheus = []string{recordedServer(t, recorded("function:replicas:wanted", "", 9), recorded("function:replicas:hold", "", 9),
			recorded("function:replicas:need", "", 9), recorded("function:load:mean5s", "rps", 2), recorded("function:load:level", "cpu", 8),
			fmt.Sprintf(`{"metric":{"evaluated":"true"},"value":[0,"%d"]}`, evaluated.Unix()))}
	})
	if got := g.scaling(t, "GET", "a", ""); got.Wanted == nil || got.Fewer != "to go down, 2 rps and 8m cpu count as 9 replicas, with room for chance" {
		t.Errorf("before: wanted %v, fewer %q", got.Wanted, got.Fewer)
	}
	const want = "not known yet: the settings changed 0s ago, and are not evaluated yet"
	for method, body := range map[string]string{"PATCH": `{"target":50}`, "GET": ""} {
		got := g.scaling(t, method, "a", body)
		if method == "PATCH" && (got.Wanted != nil || got.Hold != nil || got.Fewer != want) {
			t.Errorf("the answer: wanted %v, hold %v, fewer %q, want %q", got.Wanted, got.Hold, got.Fewer, want)
		}
	}
	g.routes.lookup("a").series.tuned.Store(evaluated.Add(-time.Minute).UnixNano())
	if got := g.scaling(t, "GET", "a", ""); got.Wanted == nil {
		t.Errorf("a minute after the change nothing is told: %+v", got)
	}
}

// TestScalingSetUnseen holds that a change which stands is answered, though not all functions can be read after it.
func TestScalingSetUnseen(t *testing.T) {
	b := &awayBackend{fakeBackend: newFakeBackend(scaledStatus("a"))}
	b.away.Store(true)
	g := start(t, b.fakeBackend, func(o *Options) { o.Backend, o.Tuner = b, b })
	if got := g.scaling(t, "PATCH", "a", `{"max":30}`); got.Scaling.Max != 30 {
		t.Errorf("the answer: %+v", got.Scaling)
	}
}

// TestScalingByAlias holds that a stack's service answers to its short name here as well.
func TestScalingByAlias(t *testing.T) {
	s := scaledStatus("func_a")
	s.Alias = "a"
	b := newFakeBackend(s)
	g := start(t, b, func(o *Options) { o.Tuner = b })
	if got := g.scaling(t, "PATCH", "a", `{"max":30}`); got.Function != "func_a" || got.Scaling.Max != 30 {
		t.Errorf("got %+v", got)
	}
}
