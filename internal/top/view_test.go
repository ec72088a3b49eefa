package top

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// at is in the local zone, as the view shows times.
var at = time.Date(2026, 11, 1, 12, 0, 5, 0, time.Local) //nolint:gosmopolitan // shown so

func fixedView(width, height int) View {
	decision := func(name string, from, to int, reason string) Decision {
		return Decision{Time: at.Add(-3 * time.Second), Function: name, From: from, To: to, Applied: from != to, Reason: reason}
	}
	up := decision("echoit", 4, 12, "ordered 12")
	held := decision("echoit", 12, 12, "already at 12")
	down := decision("resize", 2, 1, "ordered 0 (clamped from 0 to min 1: com.openfaas.scale.zero is not true)")
	v := View{
		Gateway: "http://127.0.0.1:8080", ControlLoop: "alive", At: at, Width: width, Height: height,
		Sort: SortRate, Selected: "echoit", Decisions: []Decision{up, held},
		Rows: []Row{
			{
				Name: "echoit", Rate: 52.4, InFlight: 3.2, Average: 0.0012, P50: Bound{0.001, 0.0025}, P99: Bound{0.025, 0.05}, Errors: 0, Desired: 12, Ready: 9, Min: 1, Max: 20,
				Target: "5 rps", State: "starting 3", Last: &up,
			},
			{
				Name: "a-function-with-a-very-long-name-indeed", Rate: 1234.5, InFlight: 220, Average: 0.31, P50: Bound{0.25, 0.5}, P99: Bound{60, Measure(inf)}, Errors: 0.031, Queued: 7,
				Desired: 20, Ready: 20, Min: 1, Max: 20, Target: "10 capacity", State: "full, 7 waiting",
			},
			{
				Name: "resize", Rate: 0, InFlight: 0, Average: unknown(), P50: unknownBound(), P99: unknownBound(), Errors: unknown(), Desired: 1, Ready: 1, Min: 1, Max: 20,
				Target: "5 rps", State: "idle", Last: &down,
			},
			{
				Name: "sleeper", Rate: unknown(), InFlight: unknown(), Average: unknown(), P50: unknownBound(), P99: unknownBound(), Errors: unknown(), Max: 20,
				Target: "5 rps", State: "asleep",
			},
			{
				Name: "typo", Rate: 0, InFlight: 0, Average: unknown(), P50: unknownBound(), P99: unknownBound(), Errors: unknown(), Desired: 1, Min: 1, Max: 20,
				Target: "5 rps", State: "blocked: exec: no such file",
			},
		},
	}
	for i := range 60 {
		p := Point{Rate: Measure(30 + 25*math.Sin(float64(i)/8)), Desired: 4 + i/8, Ready: 3 + i/10}
		if i == 30 {
			p.Rate = unknown()
		}
		v.Points = append(v.Points, p)
	}
	return v
}

func TestViewGolden(t *testing.T) {
	for _, test := range []struct {
		name          string
		width, height int
		change        func(*View)
	}{
		{"80x24", 80, 24, nil},
		{"120x40", 120, 40, nil},
		{"40x12", 40, 12, nil},
		{"stale", 80, 24, func(v *View) {
			v.Stale = errors.New("http://127.0.0.1:8080 cannot be reached; `make up` starts everything")
		}},
		{"loop-down", 80, 24, func(v *View) { v.ControlLoop = "no heartbeat for 16s" }},
		{"empty", 80, 24, func(v *View) { v.Rows, v.Selected = nil, "" }},
		{"many", 80, 24, func(v *View) {
			v.Rows = nil
			for i := range 200 {
				v.Rows = append(v.Rows, Row{Name: fmt.Sprintf("function-%03d", i), Desired: 1, Ready: 1, State: "idle"})
			}
			v.Selected = "function-150"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := fixedView(test.width, test.height)
			if test.change != nil {
				test.change(&v)
			}
			got := trimLines(ansi.Strip(v.Render()))
			file := "testdata/" + test.name + ".golden"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s\n(-update writes it anew)", diff)
			}
		})
	}
}

// TestLongState checks that tables cut a state, and that the panel has all of it.
func TestLongState(t *testing.T) {
	v := fixedView(80, 24)
	v.Selected = "typo"
	state := "blocked: " + strings.Repeat("exec: no such file ", 6) + "end"
	v.Rows[4].State = state
	var table strings.Builder
	if err := WriteTable(&table, Sample{ControlLoop: alive}, v.Rows); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), " "+state[:39]+"…") {
		t.Errorf("want the state cut to 40 cells in\n%s", table.String())
	}
	if !strings.Contains(ansi.Strip(v.Render()), "file end") {
		t.Errorf("want the end of the state in\n%s", v.Render())
	}
}

func trimLines(s string) string {
	var b strings.Builder
	for l := range strings.Lines(s) {
		b.WriteString(strings.TrimRight(l, " \n") + "\n")
	}
	return b.String()
}

// TestViewFits draws at every size, with selections at both ends, and checks that nothing is cut off by
// the terminal or wraps.
func TestViewFits(t *testing.T) {
	for width := range 130 {
		for _, height := range []int{1, 2, 5, 17, 18, 24, 50} {
			for _, selected := range []string{"echoit", "typo", "gone"} {
				v := fixedView(width, height)
				v.Selected = selected
				lines := strings.Split(v.Render(), "\n")
				if len(lines) != height {
					t.Fatalf("%d×%d: %d lines", width, height, len(lines))
				}
				for _, l := range lines {
					if w := ansi.StringWidth(l); w > max(width, 9) {
						t.Fatalf("%d×%d: a line of %d cells: %q", width, height, w, ansi.Strip(l))
					}
				}
			}
		}
	}
}

func TestModelBegins(t *testing.T) {
	m := NewModel(t.Context(), "http://gw", sampleAt(0, 0), func(context.Context) (Sample, error) { return Sample{}, nil })
	if !m.Begin(SortRate, "b") || m.view.Selected != "b" || m.view.Sort != SortRate {
		t.Errorf("%s is selected, by %s", m.view.Selected, m.view.Sort)
	}
	if m.Begin(SortName, "none") || m.view.Selected == "none" {
		t.Errorf("%s is selected, which there is not", m.view.Selected)
	}
}

func TestModel(t *testing.T) {
	first := sampleAt(0, 0)
	m := NewModel(t.Context(), "http://gw", first, func(context.Context) (Sample, error) { return Sample{}, nil })
	send := func(msg tea.Msg) tea.Cmd {
		_, cmd := m.Update(msg)
		return cmd
	}
	press := func(key rune) tea.Cmd { return send(tea.KeyPressMsg{Code: key, Text: string(key)}) }
	screen := func() string { return ansi.Strip(m.View().Content) }

	send(tea.WindowSizeMsg{Width: 100, Height: 30})
	if cmd := send(sampled{sample: sampleAt(1, 7)}); cmd == nil {
		t.Error("no further sample after a good one")
	}
	if !strings.Contains(screen(), "  7.0     0 ") {
		t.Errorf("no rate of 7 for b in\n%s", screen())
	}
	if cmd := send(sampled{err: errors.New("gateway away")}); cmd == nil {
		t.Error("no further sample after a failure")
	}
	if !strings.Contains(screen(), "STALE since") || !strings.Contains(screen(), "7.0") {
		t.Errorf("want the old numbers and that they are stale:\n%s", screen())
	}
	send(sampled{sample: sampleAt(2, 9)})
	if strings.Contains(screen(), "STALE") {
		t.Errorf("still stale:\n%s", screen())
	}

	press('r')
	if m.view.Rows[0].Name != "b" {
		t.Errorf("sorted by rate, %s is first", m.view.Rows[0].Name)
	}
	if m.view.Selected != "a" {
		t.Errorf("%s is selected, want a as before", m.view.Selected)
	}
	send(tea.KeyPressMsg{Code: tea.KeyUp})
	if m.view.Selected != "b" {
		t.Errorf("up selected %s, want b", m.view.Selected)
	}
	send(tea.KeyPressMsg{Code: tea.KeyEnd})
	if m.view.Selected != "a" {
		t.Errorf("end selected %s, want a", m.view.Selected)
	}
	if cmd := press('q'); cmd == nil || cmd() != (tea.QuitMsg{}) {
		t.Error("q does not quit")
	}
}

// TestBlockedReason checks that all of the orchestrator's words can be read, in the panel and in the plain table.
func TestBlockedReason(t *testing.T) {
	const reason = "no suitable node (scheduling constraints not satisfied on 3 nodes; insufficient resources on 2 nodes)"
	row := Row{Name: "big", Rate: 1, Desired: 4, Ready: 1, Max: 20, P50: unknownBound(), P99: unknownBound()}
	row.State = row.state(reason)
	v := View{
		At: at, ControlLoop: "alive", Rows: []Row{row}, Selected: "big", Width: 80, Height: 40,
		Decisions: []Decision{
			{Time: at, Kind: "blocked", Code: "blocked", Function: "big", From: 4, To: 4, Reason: reason},
			{Time: at, Kind: "blocked", Code: "unblocked", Function: "big", From: 4, To: 4, Reason: "replicas start again"},
		},
	}
	picture := strings.Join(strings.Fields(ansi.Strip(v.Render())), " ")
	for _, want := range []string{"blocked: " + reason, "unblocked: replicas start again"} {
		if !strings.Contains(picture, want) {
			t.Errorf("the view does not show %q:\n%s", want, v.Render())
		}
	}
	var table bytes.Buffer
	if err := WriteTable(&table, Sample{ControlLoop: "lost at noon"}, []Row{row}); err != nil ||
		!strings.HasSuffix(table.String(), "\nbig  blocked: "+reason+"\ncontrol loop: lost at noon\n") {
		t.Errorf("%v, the table does not show the reason:\n%s", err, &table)
	}
}
