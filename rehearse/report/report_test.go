package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/rehearse"
)

var update = flag.Bool("update", false, "write the golden files")

// stairs is a load of 5 a second that becomes 50 after 10 s.
type stairs struct{}

func (stairs) Length() time.Duration { return time.Minute }

func (stairs) Rate(t time.Duration) float64 {
	if t < 10*time.Second {
		return 5
	}
	return 50
}

// sample has two contenders: one that is quick, and one that is late and wavers.
func sample() *Report {
	r := &Report{
		Load: `step:5..50@10s <&"'>`, Length: time.Minute, Seed: 7, Curve: stairs{},
		Settings: "rps 5 × 0.9, 1 to 20 replicas, down window 30s; start-up 1s",
	}
	score := rehearse.Score{
		Requests: 2550, OverCapacity: 10, TimeOverCapacity: 1500 * time.Millisecond, ReplicaSeconds: 620.4, LeastReplicaSeconds: 600,
		Waited: 3, WaitedSeconds: 0.25, Actions: 1, FirstChange: 10500 * time.Millisecond, Reaction: 500 * time.Millisecond,
	}
	r.Contenders = append(r.Contenders, contender("rules", "what is built in", score, []rehearse.Decision{
		{At: -30 * time.Second, From: 1, To: 2, Reason: "in the warm-up"},
		{At: 10500 * time.Millisecond, From: 2, To: 12, Alert: "FunctionScale", Signal: "rps", Reason: "50 a second, 12 × 4.5 <carry> it"},
	}))
	score = rehearse.Score{
		Requests: 2550, OverCapacity: 900, TimeOverCapacity: 31 * time.Second, ReplicaSeconds: 410, LeastReplicaSeconds: 600,
		Actions: 2, DirectionChanges: 1, FirstChange: 40 * time.Second, Reaction: -1,
	}
	r.Contenders = append(r.Contenders, contender("hpa:60s", "HorizontalPodAutoscaler, a window of 60 s", score, []rehearse.Decision{
		{At: 40 * time.Second, From: 2, To: 15, Reason: "6.3 times the target"},
		{At: 55 * time.Second, From: 15, To: 11},
	}))
	return r
}

func contender(name, detail string, score rehearse.Score, decisions []rehearse.Decision) Contender {
	c := Contender{Name: name, Detail: detail, PerReplica: 5, Evaluations: 300}
	c.Result = rehearse.FunctionResult{Name: "f", Score: score, Decisions: decisions}
	for at := time.Second; at <= time.Minute; at += time.Second {
		p := rehearse.Point{At: at, Arrivals: stairs{}.Rate(at) + float64(at/time.Second%3) - 1, Desired: 2, Ready: 2, Wanted: math.NaN()}
		for _, d := range decisions {
			if d.At <= at {
				p.Desired = d.To
			}
			if d.At+time.Second <= at {
				p.Ready = d.To
			}
		}
		if p.Desired > 2 {
			p.Wanted = float64(p.Desired)
		}
		c.Result.Points = append(c.Result.Points, p)
	}
	return c
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: if that is meant, run with -update\n%s", name, diff)
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, sample(), TextOptions{Width: 80, Decisions: 1}); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", b.Bytes())
	for _, line := range strings.Split(b.String(), "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("a line has %d cells: %s", n, line)
		}
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	r := sample()
	for i := range r.Contenders {
		r.Contenders[i].Result.Points = r.Contenders[i].Result.Points[8:11]
	}
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", b.Bytes())
	if !json.Valid(b.Bytes()) {
		t.Error("it is no JSON")
	}
}

func TestSVG(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSVG(&b, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.svg", b.Bytes())
	wellFormed(t, b.Bytes())
	if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "<carry>") {
		t.Error("it has what it must not have")
	}
}

func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	for decoder := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("it is no XML: %v", err)
		}
	}
}

// TestNothing checks that what has no figures is drawn all the same.
func TestNothing(t *testing.T) {
	for _, r := range []*Report{
		{Load: "none"},
		{Load: "\x00\x1b[2J", Length: time.Hour, Contenders: []Contender{{Name: "empty"}}},
		{Load: "idle", Length: 90 * time.Minute, Contenders: []Contender{{
			Name:   "zero",
			Result: rehearse.FunctionResult{Points: []rehearse.Point{{At: time.Hour, Wanted: math.Inf(1)}}, Score: rehearse.Score{FirstChange: -1, Reaction: -1}},
		}}},
	} {
		var svg, text, object bytes.Buffer
		if err := errors.Join(WriteSVG(&svg, r), WriteText(&text, r, TextOptions{Decisions: -1}), WriteJSON(&object, r)); err != nil {
			t.Errorf("%s: %v", r.Load, err)
		}
		wellFormed(t, svg.Bytes())
		for _, b := range []*bytes.Buffer{&svg, &text} {
			if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") || strings.ContainsRune(b.String(), 0x1b) {
				t.Errorf("%s: %s", r.Load, b)
			}
		}
	}
}

func TestPerReplica(t *testing.T) {
	signals := func(s ...function.Signal) rehearse.Function {
		return rehearse.Function{
			Scaling: function.Scaling{Signals: s}, ServiceTime: 100 * time.Millisecond,
			CPUPerRequest: 500, MemoryPerReplica: 20, MemoryPerRequest: 10,
		}
	}
	for _, test := range []struct {
		name string
		f    rehearse.Function
		want float64
	}{
		{"arrivals", signals(function.Signal{Type: function.ScalingRPS, Target: 5}), 5},
		{"in flight", signals(function.Signal{Type: function.ScalingCapacity, Target: 2}), 20},
		{"processor", signals(function.Signal{Type: function.ScalingCPU, Target: 500}), 10},
		{"memory", signals(function.Signal{Type: function.ScalingMemory, Target: 30}), 10},
		{"the least", signals(function.Signal{Type: function.ScalingRPS, Target: 50}, function.Signal{Type: function.ScalingCPU, Target: 500}), 10},
		{"unknown", signals(function.Signal{Type: function.ScalingQueue, Target: 5}), 0},
	} {
		if got := PerReplica(test.f); got != test.want {
			t.Errorf("%s: %g, want %g", test.name, got, test.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for want, got := range map[string]string{
		"0:00": clock(0), "1:02.50": clock(62500 * time.Millisecond), "1:00:00": clock(time.Hour), "0:09.25": clock(9250 * time.Millisecond),
		"0 s": seconds(0), "0.53 s": seconds(527 * time.Millisecond), "36.1 s": seconds(36051 * time.Millisecond), "120 s": seconds(2 * time.Minute),
		"0 %": percent(0), "<0.01 %": percent(0.001), "1.25 %": percent(1.25), "42 %": percent(42.1),
		"1.08":  times(1.081),
		"never": reaction(rehearse.Score{Reaction: -1, TimeOverCapacity: 1}), "-": reaction(rehearse.Score{Reaction: -1}),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for v, want := range map[float64]float64{1: 1, 12: 20, 50: 50, 55: 60, 81: 100, 100: 100, 0.3: 0.3} {
		if got := axis(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("the axis for %g ends at %g, want %g", v, got, want)
		}
	}
}
