package alerting

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/alertmanager/pkg/labels"
)

// silence makes an active one of an hour from matchers as amtool writes them.
func silence(t *testing.T, id string, matchers ...string) Silence {
	t.Helper()
	s := Silence{ID: id, State: Active, StartsAt: evening, EndsAt: evening.Add(time.Hour)}
	for _, text := range matchers {
		m, err := labels.ParseMatcher(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Matchers = append(s.Matchers, m)
	}
	return s
}

var evening = time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)

func TestWhatASilenceFreezes(t *testing.T) {
	for _, tt := range []struct {
		matchers []string
		want     string // of up, down and zero
		only     bool
	}{
		{[]string{"function_name=resize"}, "up down zero", false},
		{[]string{"alertname!=FunctionErrors", "function_name=resize"}, "up down zero", false},
		{[]string{"alertname=~FunctionScale|FunctionErrors", "function_name=resize"}, "up down zero", false},
		{[]string{"alertname=~Function.*", "function_name=resize"}, "up down zero", false},
		{[]string{"alertname=FunctionScale", "function_name=~resize|other"}, "up down zero", false},
		{[]string{"alertname=FunctionScale", "alertname=~.+", "function_name=resize", "function_name=~.+"}, "up down zero", true},
		{[]string{"alertname=FunctionScale", "function_name=resize"}, "up down zero", true},
		{[]string{"alertname=FunctionOverload", "function_name=resize"}, "up down zero", true},
		{[]string{"alertname=~FunctionScale|FunctionOverload|FunctionIdle", "function_name=resize"}, "up down zero", true},
		{[]string{"alertname=FunctionScale", "function_name=~res.*"}, "up down zero", false},
		{[]string{"alertname=FunctionScale", "function_name=~resize"}, "up down zero", true},
		{[]string{"alertname=FunctionScale"}, "up down zero", false},
		{[]string{"alertname!=Heartbeat"}, "up down zero", false},
		{[]string{"alertname=FunctionScale", "function_name=resize", "direction=up"}, "up", true},
		{[]string{"alertname=FunctionOverload", "function_name=resize", "direction=up"}, "up", true},
		{[]string{"alertname=FunctionOverload", "function_name=resize", "direction=down"}, "down zero", true},
		{[]string{"alertname=FunctionScale", "function_name=resize", "direction=down"}, "down zero", true},
		{[]string{"function_name=resize", "direction!=up"}, "down zero", false},
		{[]string{"alertname=FunctionScale", "function_name=resize", "direction=~up|down"}, "up down zero", true},
		{[]string{"alertname=FunctionIdle", "function_name=resize"}, "zero", true},
		{[]string{"alertname=FunctionIdle", "function_name=resize", "direction=up"}, "", true},
		{[]string{"alertname=FunctionScale", "function_name=other"}, "", false},
		{[]string{"alertname=Heartbeat"}, "", false},
		{[]string{"alertname=FunctionScale", "function_name=resize", "replicas=7"}, "", true},
		{[]string{"function_name=resize", "cluster=\"\""}, "", false},
	} {
		s := silence(t, "a", tt.matchers...)
		got := ""
		for _, f := range Freezes(evening, []Silence{s}, "resize") {
			for _, way := range []struct {
				is   bool
				name string
			}{{f.Up, "up "}, {f.Down, "down "}, {f.Zero, "zero "}} {
				if way.is {
					got += way.name
				}
			}
		}
		if want := tt.want + " "; got != want && got+tt.want != "" {
			t.Errorf("%v freezes %q, want %q", tt.matchers, got, tt.want)
		}
		if s.Only("resize") != tt.only {
			t.Errorf("%v is of resize's scaling only: %t", tt.matchers, !tt.only)
		}
	}
}

func TestWhatStopsAnOrder(t *testing.T) {
	order := []string{"alertname=FunctionScale", "function_name=resize", "direction=up", "replicas=12"}
	pending, over := silence(t, "a", order...), silence(t, "a", order...)
	pending.State, over.EndsAt = Pending, evening
	for _, tt := range []struct {
		name     string
		silences []Silence
		from, to int
		want     string
	}{
		{"none", nil, 3, 12, ""},
		{"all labels", []Silence{silence(t, "a", order...)}, 3, 12, "a"},
		{"another number", []Silence{silence(t, "a", order...)}, 3, 11, ""},
		{"another direction", []Silence{silence(t, "a", order...)}, 15, 12, ""},
		{"the way down", []Silence{silence(t, "a", "function_name=resize", "direction=down", "replicas=~1.")}, 15, 12, "a"},
		{"the second", []Silence{silence(t, "a", "function_name=other", "replicas=12"), silence(t, "b", "replicas=12")}, 3, 12, "b"},
		{"a freeze", []Silence{silence(t, "a", "function_name=resize")}, 3, 12, ""},
		{"later", []Silence{pending}, 3, 12, ""},
		{"over", []Silence{over}, 3, 12, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Stopping(evening, tt.silences, "resize", tt.from, tt.to); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFreezes(t *testing.T) {
	both, upward := silence(t, "both", "function_name=a"), silence(t, "up", "function_name=a", "direction=up")
	long, ended := upward, both
	long.ID, long.EndsAt, long.Comment, long.CreatedBy = "long", evening.Add(2*time.Hour), "why", "me"
	ended.ID, ended.State = "later", Pending
	got := Freezes(evening, []Silence{upward, both, ended, long}, "a")
	want := []Freeze{
		{Function: "a", Silence: "long", Until: evening.Add(2 * time.Hour), CreatedBy: "me", Comment: "why", Up: true},
		{Function: "a", Silence: "both", Until: evening.Add(time.Hour), Up: true, Down: true, Zero: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := Freezes(evening.Add(time.Hour), []Silence{both, long}, "a"); len(got) != 1 || !got[0].Same(want[0]) {
		t.Errorf("after the end of one: %+v", got)
	}
	idle := Freeze{Silence: "c", Until: evening, Zero: true}
	downward := Freeze{Silence: "d", Until: evening, Zero: true, Down: true}
	for text, f := range map[string]Freeze{
		"frozen upwards by silence long until 2026-07-01T20:00:00Z (why)": want[0],
		"frozen by silence both until 2026-07-01T19:00:00Z":               want[1],
		"frozen above zero by silence c until 2026-07-01T18:00:00Z":       idle,
		"frozen downwards by silence d until 2026-07-01T18:00:00Z":        downward,
	} {
		if f.String() != text {
			t.Errorf("got %q, want %q", f, text)
		}
	}
}

func TestFreezeOf(t *testing.T) {
	f := Freeze{Function: "a.b", Until: evening.Add(time.Hour), CreatedBy: "me", Comment: "why", Up: true, Down: true, Zero: true}
	s := FreezeOf(f)
	if !s.SameMatchers(FreezeOf(f)) || s.SameMatchers(silence(t, "", "function_name=a.b")) || !s.Only("a.b") {
		t.Errorf("matchers %v", s.Matchers)
	}
	s.ID, s.State, f.Silence = "x", Active, "x"
	if diff := cmp.Diff([]Freeze{f}, Freezes(evening, []Silence{s}, "a.b"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestFreezesOfAll checks that it says of each function what Freezes does.
func TestFreezesOfAll(t *testing.T) {
	silences := []Silence{
		silence(t, "a", "function_name=a"), silence(t, "pattern", "function_name=~a|b", "direction=up"), silence(t, "c", "function_name=c"),
		silence(t, "not b", "function_name!=b", "direction=down"), silence(t, "two", "function_name=a", "function_name=~b"),
	}
	functions := []string{"a", "b", "c", "d"}
	for n := range len(silences) + 1 {
		want := []Freeze{}
		for _, name := range functions {
			want = append(want, Freezes(evening, silences[:n], name)...)
		}
		if diff := cmp.Diff(want, FreezesOfAll(evening, silences[:n], functions)); diff != "" {
			t.Errorf("the first %d: (-want +got):\n%s", n, diff)
		}
	}
}

// BenchmarkFreezesOfAll looks at 5,000 functions, of which 100 are frozen.
func BenchmarkFreezesOfAll(b *testing.B) {
	var functions []string
	var silences []Silence
	for i := range 5000 {
		functions = append(functions, "function-"+strconv.Itoa(i))
	}
	for _, name := range functions[:100] {
		s := FreezeOf(Freeze{Function: name, Until: evening.Add(time.Hour)})
		s.ID, s.State = name, Active
		silences = append(silences, s)
	}
	for b.Loop() {
		if len(FreezesOfAll(evening, silences, functions)) != 100 {
			b.Fatal("not all")
		}
	}
}
