package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
)

// TestScalePatch holds what the flags of `faas scale set` become.
func TestScalePatch(t *testing.T) {
	for _, tt := range []struct {
		name, args string
		want       string // as JSON, or of the error where it is none
	}{
		{
			"each",
			"--type rps,cpu --target 100 --target-of cpu=700m,memory=256Mi --min 0 --max 30 --window 1m --zero --zero-duration 5m " +
				"--proportion 0.8 --slots 4 --factor 0",
			`{"factor":0,"max":30,"min":0,"proportion":0.8,"slots":4,"target":100,"targets":{"cpu":"700m","memory":"256Mi"},` +
				`"type":"rps,cpu","window":"1m","zero":true,"zeroDuration":"5m"}`,
		},
		{"off", "--no-zero", `{"zero":false}`},
		{"a quantity", "--target 256Mi", `{"target":"256Mi"}`},
		{"defaults", "--reset max,zero-duration --reset target.cpu --max=3", "--reset max: it is set as well"},
		{"back to defaults", "--reset max,zero-duration --reset target.cpu", `{"max":null,"targets":{"cpu":null},"zeroDuration":null}`},
		{"an unknown default", "--reset speed", "--reset speed: there are factor, max,"},
		{"nothing", "", "say what to change"},
		{"no number", "--max many", "--max"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var cli commands
			_, err := parser(&cli).Parse(append([]string{"scale", "set", "echoit"}, strings.Fields(tt.args)...))
			if !strings.HasPrefix(tt.want, "{") {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want an error with %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			patch, err := cli.Scale.Set.patch()
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(patch)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

// scaling is that of a function at rest.
func scaling(change ...func(*api.FunctionScaling)) api.FunctionScaling {
	s := api.FunctionScaling{
		Function: "echoit", ControlLoop: "ok", Replicas: api.ScalingReplicas{Desired: 3, Ready: 3},
		Scaling: api.ScalingSettings{
			Type: "rps", Targets: map[string]float64{"rps": 5}, Min: 1, Max: 20, Window: "30s", ZeroDuration: "15m0s", Proportion: 0.9, Factor: 20,
		},
		Signals: []api.ScalingSignal{{Type: "rps", Load: ptr(12.3), Target: 5, PerReplica: 4.5, Capacity: 13.5, Wanted: ptr(3)}},
		Labels:  map[string]string{}, Wanted: ptr(3), Hold: ptr(3),
		More: "no: load 12.3 rps is within what 3 replicas carry (13.5)", Fewer: "to go down, 12.3 rps count as 3 replicas, with room for chance",
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func TestScaleChange(t *testing.T) {
	wants := func(n int) func(*api.FunctionScaling) {
		return func(s *api.FunctionScaling) { s.Signals[0].Wanted = &n }
	}
	for _, tt := range []struct {
		name   string
		before api.FunctionScaling
		change func(*api.FunctionScaling)
		want   string
	}{
		{"nothing", scaling(), func(*api.FunctionScaling) {}, "echoit: it is so already\n"},
		{"several", scaling(), func(s *api.FunctionScaling) {
			s.Scaling.Targets, s.Scaling.Max, s.Scaling.Window, s.Scaling.Zero = map[string]float64{"rps": 100}, 30, "1m0s", true
			wants(1)(s)
		}, "echoit: target 5/s → 100/s, max 20 → 30, window 30s → 1m0s, zero false → true\n" +
			"  the present load wants 1 now: what is above that goes when none of 1m0s needed it\n"},
		{"another type", scaling(), func(s *api.FunctionScaling) {
			s.Scaling.Type, s.Scaling.Targets = "rps,cpu,memory", map[string]float64{"rps": 5, "cpu": 700, "memory": 256 << 20}
		}, "echoit: type rps → rps,cpu,memory, target cpu 700m, target memory 256Mi\n"},
		{
			"below what is there", scaling(), func(s *api.FunctionScaling) { s.Scaling.Max = 2 },
			"echoit: max 20 → 2\n  desired are 3, above max 2: it goes to 2 at once\n",
		},
		{
			"above what is there", scaling(), func(s *api.FunctionScaling) { s.Scaling.Min = 5 },
			"echoit: min 1 → 5\n  desired are 3, below min 5: it goes to 5 at once\n",
		},
		{
			"asleep", scaling(func(s *api.FunctionScaling) { s.Replicas.Desired = 0 }), func(s *api.FunctionScaling) { s.Scaling.Min = 5 },
			"echoit: min 1 → 5\n",
		},
		{
			"more is wanted", scaling(), func(s *api.FunctionScaling) {
				s.Scaling.Targets, s.More = map[string]float64{"rps": 0.5}, "on its way: 12.3 rps is more than what 3 replicas carry (1.4)"
				wants(28)(s)
			},
			"echoit: target 5/s → 0.5/s\n  the present load wants 28 now (max 20): on its way: 12.3 rps is more than what 3 replicas carry (1.4)\n",
		},
		{
			"more is wanted, which may be chance", scaling(), func(s *api.FunctionScaling) {
				s.Scaling.Targets, s.More = map[string]float64{"rps": 4.5}, "not yet: 12.3 rps is more than what 3 replicas carry (12.2)"
				wants(4)(s)
			},
			"echoit: target 5/s → 4.5/s\n  the present load wants 4 now: not yet: 12.3 rps is more than what 3 replicas carry (12.2)\n",
		},
		{
			"more is wanted, and no orders arrive", scaling(), func(s *api.FunctionScaling) {
				s.Scaling.Targets, s.ControlLoop = map[string]float64{"rps": 4.5}, "lost since noon"
				s.More = "no orders arrive: lost since noon; load wants 4"
				wants(4)(s)
			},
			"echoit: target 5/s → 4.5/s\n  the present load wants 4 now: no orders arrive: lost since noon; load wants 4\n",
		},
		{
			"more was wanted before", scaling(wants(9)), func(s *api.FunctionScaling) { s.Scaling.Window = "1m0s" },
			"echoit: window 30s → 1m0s\n",
		},
		{
			"a greater maximum lets it grow", scaling(wants(31), func(s *api.FunctionScaling) { s.Scaling.Max = 3 }),
			func(s *api.FunctionScaling) { s.Scaling.Max, s.More = 10, "on its way" },
			"echoit: max 3 → 10\n  the present load wants 31 now (max 10): on its way\n",
		},
		{
			"nothing moves", scaling(), func(s *api.FunctionScaling) { s.Scaling.Factor, s.ControlLoop = 10, "lost since noon" },
			"echoit: factor 20 → 10\n  no orders arrive: lost since noon\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			after := tt.before
			after.Signals = append([]api.ScalingSignal(nil), tt.before.Signals...)
			tt.change(&after)
			var b strings.Builder
			if err := tellChange(&b, tt.before, after, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestScaleChangeFrozen holds that all silences are told, with the direction of each.
func TestScaleChangeFrozen(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)
	freezes := []api.FrozenFunction{
		{Silence: "8", Until: noon.Add(time.Hour), CreatedBy: "me", Comment: "a release", Down: true, Zero: true},
		{Silence: "7", Until: noon, Up: true, Down: true, Zero: true},
	}
	down := "  frozen downwards by silence 8 until " + scaleTime(noon.Add(time.Hour)) + ", made by me: a release\n"
	for _, tt := range []struct {
		name  string
		after api.FunctionScaling
		want  string
	}{
		{
			"nothing moves", scaling(func(s *api.FunctionScaling) { s.Scaling.Factor = 10 }),
			"echoit: factor 20 → 10\n" + down + "  frozen by silence 7 until " + scaleTime(noon) + "\n",
		},
		{
			"one is told already", scaling(func(s *api.FunctionScaling) {
				s.Scaling.Targets, s.Signals[0].Wanted = map[string]float64{"rps": 4.5}, ptr(4)
				s.More = "frozen by silence 7 until noon; load wants 4"
			}),
			"echoit: target 5/s → 4.5/s\n  the present load wants 4 now: frozen by silence 7 until noon; load wants 4\n" + down,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			err := tellChange(&b, scaling(), tt.after, freezes)
			if diff := cmp.Diff(tt.want, b.String()); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestScaleExplained(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 4, 0, 0, time.Local)
	s := scaling(func(s *api.FunctionScaling) {
		s.Labels = map[string]string{"com.openfaas.scale.max": "20"}
		s.Scaling.Slots = 4
		s.Signals = append(s.Signals, api.ScalingSignal{Type: "memory", Target: 256 << 20, PerReplica: 0.9 * (256 << 20), Capacity: 2.7 * (256 << 20)})
		s.ControlLoop = "lost\x1b[2J since noon"
		s.Decisions = []api.ScaleEvent{
			{Time: now.Add(-3 * time.Hour), Kind: "wake", From: 0, To: 1, Applied: true, Reason: "woken by a request", ReadyAfter: ptr(0.25)},
			{Time: now.Add(-5 * time.Minute), Kind: "alert", Signal: "rps", From: 1, To: 3, Applied: true, Reason: "ordered 3 (rps 12.3)"},
			{Time: now.Add(-8 * time.Second), Kind: "alert", From: 3, To: 3, Reason: "frozen by silence 7", Repeats: 2},
			{Time: now.Add(-2 * time.Second), Kind: "freeze", From: 3, To: 3, Reason: "thawed: silence 7 was ended"},
		}
	})
	freezes := []api.FrozenFunction{
		{Silence: "8", Until: now.Add(2 * time.Hour), Down: true, Zero: true},
		{Silence: "7", Until: now.Add(time.Hour), CreatedBy: "me", Comment: "a release", Up: true, Down: true, Zero: true},
	}
	want := `echoit: 3 desired, 3 ready; the rules want 3

  not more because   no: load 12.3 rps is within what 3 replicas carry (13.5)
  not fewer because  to go down, 12.3 rps count as 3 replicas, with room for chance
  frozen downwards   by silence 8 until ` + scaleTime(now.Add(2*time.Hour)) + `
  frozen             by silence 7 until ` + scaleTime(now.Add(time.Hour)) + `, made by me: a release
  control loop       lost [2J since noon

  signal  load    wants  target  a replica carries  3 carry
  rps     12.3/s  3      5/s     4.5/s              13.5/s
  memory  ?       ?      256Mi   230.4Mi            691.2Mi

  bounds       min 1 (default), max 20
  down window  30s (default), the most that was needed in it: 3
  to zero      no (default)
  proportion   0.9 (default) of the target is planned for
  slots        4 (max_inflight)

  last decisions
  2s ago             freeze        thawed: silence 7 was ended
  8s ago  held at 3  alert         frozen by silence 7 (2 times more)
  5m ago  1 → 3      alert by rps  ordered 3 (rps 12.3)
  3h ago  0 → 1      wake          woken by a request, ready after 0.2s
`
	if diff := cmp.Diff(want, explained(s, freezes, now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestScaleAsks holds how the gateway is asked, and that what it refuses is shown in its own words.
func TestScaleAsks(t *testing.T) {
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "secrets", "basic-auth-password"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch _, password, _ := r.BasicAuth(); {
		case password != "secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/system/functions/echoit/scaling" && r.Method == "PATCH" && string(body) == `{"max":3}`:
			_, _ = io.WriteString(w, `{"function":"echoit"}`)
		case r.URL.Path == "/system/functions/bad/scaling":
			http.Error(w, "max: use a whole \x1b[2Jnumber\nspeed: unknown", http.StatusBadRequest)
		case r.URL.Path == "/system/functions/odd/scaling":
			_, _ = io.WriteString(w, `<html>`)
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	flags := gatewayFlags{Data: data, Gateway: server.URL + "/", User: "admin"}
	var got api.FunctionScaling
	if err := flags.ask(t.Context(), "PATCH", scalingPath("echoit"), map[string]any{"max": 3}, &got); err != nil || got.Function != "echoit" {
		t.Errorf("got %+v, %v", got, err)
	}
	other := gatewayFlags{Data: t.TempDir(), Gateway: server.URL, User: "admin"}
	gone := gatewayFlags{Data: data, Gateway: "http://127.0.0.1:1"}
	for _, tt := range []struct {
		flags *gatewayFlags
		name  string
		want  string
	}{
		{&flags, "bad", "max: use a whole  [2Jnumber\nspeed: unknown"},
		{&flags, "odd", "/system/functions/odd/scaling: is that a faas gateway?"},
		{&flags, "else", "/system/functions/else/scaling answers 502 Bad Gateway"},
		{&other, "echoit", "there is no password in"},
		{&gone, "echoit", "connect: connection refused): `make up` starts everything, --gateway names another"},
	} {
		if err := tt.flags.ask(t.Context(), "GET", scalingPath(tt.name), nil, &got); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}
