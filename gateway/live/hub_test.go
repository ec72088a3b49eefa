package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"faas/api"
	"faas/function"
)

// world is what a hub under test looks at.
type world struct {
	mu        sync.Mutex
	functions []Function
	loads     map[string]Load
	answers   map[string]Answers
	past      map[string][]float64
	ratesErr  error
	alerts    api.PortalAlerts
	loop      error
	asked     int // how often rates were
	decided   chan []api.ScaleEvent
}

func (w *world) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) Loads(context.Context) (map[string]Load, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	return w.loads, w.ratesErr
}

func (w *world) Answers(context.Context) (map[string]Answers, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.answers, w.ratesErr
}

func (w *world) Past(context.Context, time.Time) (map[string][]float64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.past, w.ratesErr
}

func (w *world) Alerts(context.Context, time.Time) (api.PortalAlerts, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alerts, nil
}

func ready(name string, desired, ready int) Function {
	s := &function.Status{Function: function.Function{Name: name, Image: "example/" + name}, Scaling: function.DefaultScaling(), Desired: desired}
	for i := range max(desired, ready) {
		r := function.Replica{ID: fmt.Sprint(name, i), State: function.ReplicaStarting}
		if i < ready {
			r.State = function.ReplicaReady
		}
		s.Replicas = append(s.Replicas, r)
	}
	return Function{Status: s}
}

// open runs a hub for the time of the test.
func open(t testing.TB, w *world, change func(*Options)) *Hub {
	t.Helper()
	w.decided = make(chan []api.ScaleEvent)
	o := Options{
		Hello: func(now time.Time) api.PortalHello { return api.PortalHello{Version: "1", Now: now.UnixMilli()} },
		Functions: func(time.Time) []Function {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.functions
		},
		Detail: func(_ context.Context, name string, now time.Time) api.PortalFunction {
			return api.PortalFunction{Name: name, Now: now.UnixMilli()}
		},
		Rates: w, Alerts: w,
		ControlLoop: func() error {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.loop
		},
		Decisions: func(ctx context.Context, _ int, each func([]api.ScaleEvent)) {
			each(nil)
			for {
				select {
				case events := <-w.decided:
					each(events)
				case <-ctx.Done():
					return
				}
			}
		},
		Registerer: prometheus.NewRegistry(),
	}
	if change != nil {
		change(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the hub ended with %v", err)
		}
	})
	return h
}

// event is one that a page got.
type event struct{ name, data string }

// got takes what a watcher has been sent so far.
func got(t *testing.T, w *Watcher) (events []event) {
	t.Helper()
	synctest.Wait()
	for {
		select {
		case frame, ok := <-w.Frames():
			if !ok {
				return append(events, event{"end", ""})
			}
			for one := range strings.SplitSeq(strings.TrimSuffix(string(frame), "\n\n"), "\n\n") {
				head, data, ok := strings.Cut(one, "\ndata: ")
				name, ok2 := strings.CutPrefix(head, "event: ")
				if !ok || !ok2 || !json.Valid([]byte(data)) || strings.Contains(data, "\n") {
					t.Fatalf("no event: %q", one)
				}
				events = append(events, event{name, data})
			}
		default:
			return events
		}
	}
}

func names(events []event) (list []string) {
	for _, e := range events {
		list = append(list, e.name)
	}
	return list
}

// rowsOf reads the events functions among events, the last of each row.
func rowsOf(t *testing.T, events []event) map[string]api.PortalRow {
	t.Helper()
	rows := map[string]api.PortalRow{}
	for _, e := range events {
		if e.name != "functions" {
			continue
		}
		var f api.PortalFunctions
		if err := json.Unmarshal([]byte(e.data), &f); err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Rows {
			rows[r.Name] = r
		}
	}
	return rows
}

func join(t *testing.T, h *Hub, name string) *Watcher {
	t.Helper()
	w, err := h.Join(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// wait lets time pass until just after the next tick.
func wait(d time.Duration) { time.Sleep(d + time.Millisecond) }

func TestFirstEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			functions: []Function{ready("a", 1, 1), ready("b", 3, 1)}, loads: map[string]Load{"a": {4.5, 2}},
			past: map[string][]float64{"a": {1, 2, 3}},
		}
		h := open(t, w, nil)
		page := join(t, h, "")
		defer page.Leave()
		first := got(t, page)
		want := []string{"hello", "functions", "decisions", "control", "alerts"}
		if diff := cmp.Diff(want, names(first)[:5]); diff != "" {
			t.Errorf("first events (-want +got):\n%s", diff)
		}
		rows := rowsOf(t, first)
		if r := rows["b"]; r.State != "starting" || r.StateText != "scaling 1→3" || r.Target != "5 rps" || len(r.Spark) != sparkPoints {
			t.Errorf("b is %+v", r)
		}
		if a := rows["a"]; len(a.Spark) != sparkPoints || a.Spark[sparkPoints-1] != 3 || a.Spark[sparkPoints-4].Known() {
			t.Errorf("the past of a is %v", a.Spark)
		}
		wait(time.Second)
		rows = rowsOf(t, append(first, got(t, page)...))
		if a := rows["a"]; a.RPS != 4.5 || a.InFlight != 2 || a.State != "ready" {
			t.Errorf("a is %+v", a)
		}
		if b := rows["b"]; b.RPS != 0 || b.InFlight.Known() {
			t.Errorf("b, which Prometheus does not have, is %+v", b)
		}
		second := join(t, h, "")
		defer second.Leave()
		if diff := cmp.Diff([]string{"hello", "functions", "decisions", "control", "alerts"}, names(got(t, second))); diff != "" {
			t.Errorf("events of the second page (-want +got):\n%s", diff)
		}
	})
}

// TestOnlyWhatChanged checks that a row is sent once for each change, and that an event comes each second in any case.
func TestOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1), ready("b", 1, 1)}, loads: map[string]Load{}}
		h := open(t, w, nil)
		page := join(t, h, "")
		defer page.Leave()
		wait(2 * time.Second)
		got(t, page)
		for _, step := range []struct {
			name   string
			change func()
			rows   []string
			gone   []string
		}{
			{"nothing", func() {}, nil, nil},
			{"the same again", func() { w.functions = []Function{ready("a", 1, 1), ready("b", 1, 1)} }, nil, nil},
			{"one more replica", func() { w.functions = []Function{ready("a", 2, 1), ready("b", 1, 1)} }, []string{"a"}, nil},
			{"one is new", func() { w.functions = append(w.functions, ready("c", 1, 0)) }, []string{"c"}, nil},
			{"one goes", func() { w.functions = w.functions[1:] }, nil, []string{"a"}},
			{"one waits", func() { w.functions = []Function{{Status: w.functions[0].Status, Held: 3}, w.functions[1]} }, []string{"b"}, nil},
			{"a load", func() { w.loads = map[string]Load{"b": {1, math.NaN()}} }, []string{"b"}, nil},
		} {
			w.do(step.change)
			wait(time.Second)
			if step.name == "a load" {
				wait(time.Second) // it is asked for and shown each second
			}
			var rows, gone []string
			n := 0
			for _, e := range got(t, page) {
				var f api.PortalFunctions
				if e.name != "functions" {
					continue
				}
				if err := json.Unmarshal([]byte(e.data), &f); err != nil {
					t.Fatal(err)
				}
				n++
				for _, r := range f.Rows {
					rows = append(rows, r.Name)
					if (r.Spark != nil) != (r.Name == "c" && step.name == "one is new") {
						t.Errorf("%s: the sparkline of %s is %v", step.name, r.Name, r.Spark)
					}
				}
				gone = append(gone, f.Removed...)
			}
			if n == 0 || cmp.Diff(step.rows, rows)+cmp.Diff(step.gone, gone) != "" {
				t.Errorf("%s: %d events, rows %v, gone %v", step.name, n, rows, gone)
			}
		}
	})
}

func TestDecisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1)}}
		h := open(t, w, nil)
		page := join(t, h, "")
		defer page.Leave()
		got(t, page)
		after := 0.5
		w.decided <- []api.ScaleEvent{{ID: 1, Function: "a"}, {ID: 2, Function: "a"}}
		w.decided <- []api.ScaleEvent{{ID: 2, Function: "a", ReadyAfter: &after}, {ID: 1, Function: "a"}}
		if diff := cmp.Diff([]string{"decision", "decision", "decision"}, names(got(t, page))); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		for id := range 2 * decisionsShown {
			w.decided <- []api.ScaleEvent{{ID: int64(id + 3)}}
			got(t, page)
		}
		second := join(t, h, "")
		defer second.Leave()
		for _, e := range got(t, second) {
			if e.name != "decisions" {
				continue
			}
			var list []api.ScaleEvent
			if err := json.Unmarshal([]byte(e.data), &list); err != nil || len(list) != decisionsShown || list[0].ID != decisionsShown+3 {
				t.Errorf("%d decisions from %d on, %v", len(list), list[0].ID, err)
			}
		}
	})
}

// TestTrouble checks what is told when the loop, Prometheus or both fail, and that old numbers are not shown as new.
func TestTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1)}, loads: map[string]Load{"a": {7, 1}}}
		h := open(t, w, nil)
		page := join(t, h, "")
		defer page.Leave()
		wait(2 * time.Second)
		got(t, page)
		w.do(func() { w.ratesErr, w.loop = errors.New("Prometheus\nhangs"), errors.New("lost since 12:00") })
		wait(2 * time.Second)
		events := got(t, page)
		var c api.PortalControl
		for _, e := range events {
			if e.name == "control" {
				if err := json.Unmarshal([]byte(e.data), &c); err != nil {
					t.Fatal(err)
				}
			}
		}
		if want := (api.PortalControl{Loop: "lost since 12:00", Rates: "Prometheus; hangs", Alerts: "ok"}); c != want {
			t.Errorf("control is %+v", c)
		}
		if len(rowsOf(t, events)) > 0 {
			t.Errorf("a blip changes rows: %v", events)
		}
		wait(maxLoadsAge)
		if r, ok := rowsOf(t, got(t, page))["a"]; !ok || r.RPS.Known() {
			t.Errorf("after %s the load is still %+v", maxLoadsAge, r)
		}
		w.do(func() { w.ratesErr, w.loop = nil, nil })
		wait(2 * time.Second)
		if r := rowsOf(t, got(t, page))["a"]; r.RPS != 7 {
			t.Errorf("well again, the load is %+v", r)
		}
	})
}

// TestSlowPage checks that a page that does not read is let go, and holds up no other.
func TestSlowPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1)}}
		h := open(t, w, nil)
		slow, quick := join(t, h, "a"), join(t, h, "")
		for range 2 * maxBehind {
			wait(time.Second)
			if events := got(t, quick); len(events) == 0 {
				t.Fatal("the quick page gets nothing")
			}
		}
		if events := got(t, slow); events[len(events)-1].name != "end" {
			t.Errorf("the slow page is not let go: %v", names(events))
		}
		if n := testutil.ToFloat64(h.dropped); n != 1 {
			t.Errorf("%g were dropped", n)
		}
		quick.Leave() // the last that is served; the hub must take the other's leave as well
		slow.Leave()
		if n := h.count.Load(); n != 0 {
			t.Errorf("%d watch", n)
		}
	})
}

// TestNobodyWatches checks that nothing is looked at then.
func TestNobodyWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1)}}
		h := open(t, w, nil)
		for range 3 {
			page := join(t, h, "a")
			wait(2 * time.Second)
			page.Leave()
			synctest.Wait()
			before := w.asked
			wait(time.Minute)
			if w.asked != before || before == 0 {
				t.Errorf("asked %d times before, and %d times while nobody watches", before, w.asked-before)
			}
		}
	})
}

func TestDetail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1)}}
		h := open(t, w, nil)
		other := join(t, h, "")
		one, two := join(t, h, "a"), join(t, h, "a")
		wait(2 * time.Second)
		for _, page := range []*Watcher{one, two} {
			n := 0
			for _, e := range got(t, page) {
				if e.name == "function" {
					n++
				}
			}
			if n < 2 || n > 4 {
				t.Errorf("%d events function in 2 s", n)
			}
		}
		for _, e := range got(t, other) {
			if e.name == "function" {
				t.Error("a page about no function gets one")
			}
		}
		one.Leave()
		wait(time.Second)
		if len(got(t, two)) == 0 {
			t.Error("the second page gets nothing once the first left")
		}
		two.Leave()
		other.Leave()
	})
}

// TestWhatJSONLacks checks that what cannot be encoded takes nobody down: the page gets the rest.
func TestWhatJSONLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1)}}
		w.alerts = api.PortalAlerts{Alerts: []api.PortalAlert{{StartsAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}}
		h := open(t, w, func(o *Options) {
			o.Detail = func(context.Context, string, time.Time) api.PortalFunction {
				return api.PortalFunction{Scaling: &api.FunctionScaling{Signals: []api.ScalingSignal{{Capacity: math.Inf(1)}}}}
			}
		})
		page := join(t, h, "a")
		defer page.Leave()
		wait(3 * time.Second)
		control := ""
		for _, e := range got(t, page) {
			switch e.name {
			case "function", "alerts", "end":
				t.Errorf("it gets %s %s", e.name, e.data)
			case "control":
				control = e.data
			}
		}
		if !strings.Contains(control, "year outside of range") {
			t.Errorf("it is told %s", control)
		}
	})
}

// TestManyComeAtOnce has all pages come back, as they do after a restart: each gets everything, and none is let go for what the
// others had sent.
func TestManyComeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{functions: []Function{ready("a", 1, 1)}}
		h := open(t, w, nil)
		pages := make([]*Watcher, 3*maxBehind)
		for i := range pages {
			pages[i] = join(t, h, "")
		}
		wait(tickEvery)
		for i, page := range pages {
			if events := names(got(t, page)); len(events) < 5 || len(events) > 12 || events[len(events)-1] == "end" {
				t.Fatalf("page %d gets %v", i, events)
			}
			page.Leave()
		}
	})
}

func TestTooManyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &world{}, func(o *Options) { o.MaxWatchers = 2 })
		one, two := join(t, h, ""), join(t, h, "")
		if _, err := h.Join(t.Context(), ""); !errors.Is(err, function.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		one.Leave()
		three := join(t, h, "")
		two.Leave()
		three.Leave()
	})
}

func TestAlertsWhenTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		at := time.Now()
		set := func(name string, updated time.Duration) {
			w.do(func() {
				w.alerts = api.PortalAlerts{Now: time.Now().UnixMilli(), Alerts: []api.PortalAlert{{
					Name: name, StartsAt: at, UpdatedAt: at.Add(updated), EndsAt: at.Add(updated + time.Minute),
				}}}
			})
		}
		set("Heartbeat", 0)
		h := open(t, w, nil)
		page := join(t, h, "")
		defer page.Leave()
		wait(2 * time.Second)
		got(t, page)
		for _, step := range []struct {
			name    string
			updated time.Duration
			want    int
		}{{"Heartbeat", time.Second, 0}, {"FunctionScale", time.Second, 1}, {"FunctionScale", 2 * time.Second, 0}} {
			set(step.name, step.updated)
			wait(2 * time.Second)
			n := 0
			for _, e := range got(t, page) {
				if e.name == "alerts" {
					n++
				}
			}
			if n != step.want {
				t.Errorf("%+v: %d events", step, n)
			}
		}
	})
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	if _, err := New(Options{
		Hello: func(time.Time) api.PortalHello { return api.PortalHello{} }, Functions: func(time.Time) []Function { return nil }, Registerer: reg,
	}); err != nil {
		t.Fatal(err)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("it needs nothing")
	}
}

// TestAlone checks that the only gateway shows its own counters where Prometheus tells nothing, and several do not.
func TestAlone(t *testing.T) {
	for _, alone := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := ready("a", 1, 1)
			w := &world{functions: []Function{f}}
			h := open(t, w, func(o *Options) {
				o.Rates = nil
				o.Alone = func() bool { return alone }
			})
			page := join(t, h, "")
			defer page.Leave()
			var last api.PortalRow
			for i := range 4 {
				f.Arrivals += 7
				f.InFlightSeconds += 2.5
				w.do(func() { w.functions = []Function{f} })
				wait(time.Second - time.Millisecond)
				if i == 2 { // another page comes between two ticks
					join(t, h, "").Leave()
				}
			}
			synctest.Wait()
			last = rowsOf(t, got(t, page))["a"]
			if alone && (last.RPS < 6.9 || last.RPS > 7.1 || last.InFlight < 2.4 || last.InFlight > 2.6) || !alone && last.RPS.Known() {
				t.Errorf("alone %t: %+v", alone, last)
			}
		})
	}
}
