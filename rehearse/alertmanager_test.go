package rehearse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/prometheus/model/labels"
)

// push is an alert that Alertmanager gets.
type push struct {
	at, ends time.Duration // ends 0: an hour later
	replicas string
	function string // empty: echo
	starts   time.Duration
}

const (
	ms     = time.Millisecond
	second = time.Second
)

func TestAlertmanager(t *testing.T) {
	const shipped = `{receiver: gateway, group_by: [alertname, function_name], group_wait: 0s, group_interval: 100ms, repeat_interval: 10s}`
	const slow = `{receiver: gateway, group_by: [alertname], group_wait: 5s, group_interval: 10s, repeat_interval: 30s}`
	cases := []struct {
		name   string
		route  string
		pushes []push
		end    time.Duration
		want   []string // when, and what a payload has; ! is firing
	}{
		{
			name: "a first alert leaves at once", route: shipped,
			pushes: []push{{at: second, starts: second, replicas: "3"}}, end: 5 * second,
			want: []string{"1s echo!3"},
		},
		{
			name: "a changed order leaves at the next flush, with what it replaces", route: shipped,
			pushes: []push{
				{at: second, starts: second, replicas: "3"},
				{at: 1020 * ms, starts: 1020 * ms, replicas: "5"},
				{at: 1020 * ms, starts: second, ends: 1020 * ms, replicas: "3"},
			}, end: 5 * second,
			want: []string{"1s echo!3", "1.1s echo:3 echo!5"},
		},
		{
			name: "a standing order is repeated at the flush after repeat_interval", route: shipped,
			pushes: []push{{at: second, starts: second, replicas: "3"}}, end: 22 * second,
			want: []string{"1s echo!3", "11.1s echo!3", "21.2s echo!3"},
		},
		{
			name:   "repeat_interval equal to group_interval takes twice as long",
			route:  `{receiver: gateway, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}`,
			pushes: []push{{at: second, starts: second, replicas: "3"}}, end: 5500 * ms,
			want: []string{"1s echo!3", "3s echo!3", "5s echo!3"},
		},
		{
			name: "an alert that is not renewed ends by itself", route: shipped,
			pushes: []push{{at: second, starts: second, ends: 4600 * ms, replicas: "3"}}, end: 20 * second,
			want: []string{"1s echo!3", "4.6s echo:3"},
		},
		{
			name: "one that is renewed keeps its start and ends later", route: shipped,
			pushes: []push{
				{at: second, starts: second, ends: 4600 * ms, replicas: "3"},
				{at: 2 * second, starts: second, ends: 5600 * ms, replicas: "3"},
			}, end: 20 * second,
			want: []string{"1s echo!3", "5.6s echo:3"},
		},
		{
			name: "what has ended and is told is not told again", route: shipped,
			pushes: []push{
				{at: second, starts: second, replicas: "3"},
				{at: 2 * second, starts: second, ends: 2 * second, replicas: "3"},
				{at: 3 * second, starts: second, ends: 2 * second, replicas: "3"},
				{at: 15 * second, starts: second, ends: 2 * second, replicas: "3"},
			}, end: 30 * second,
			want: []string{"1s echo!3", "2s echo:3"},
		},
		{
			name: "the same order after it had ended is news", route: shipped,
			pushes: []push{
				{at: second, starts: second, replicas: "3"},
				{at: 2 * second, starts: second, ends: 2 * second, replicas: "3"},
				{at: 4 * second, starts: 4 * second, replicas: "3"},
			}, end: 6 * second,
			want: []string{"1s echo!3", "2s echo:3", "4s echo!3"},
		},
		{
			name: "what came and went between two flushes is not told", route: slow,
			pushes: []push{
				{at: second, starts: second, replicas: "3"},
				{at: 2 * second, starts: second, ends: 2 * second, replicas: "3"},
			}, end: 20 * second,
		},
		{
			name: "group_wait and group_interval", route: slow,
			pushes: []push{
				{at: second, starts: second, replicas: "3"},
				{at: 7 * second, starts: 7 * second, replicas: "4"},
			}, end: 50 * second,
			want: []string{"6s echo!3", "16s echo!3 echo!4"},
		},
		{
			name: "an old alert does not wait for its group", route: slow,
			pushes: []push{{at: 20 * second, starts: 2 * second, replicas: "3"}}, end: 21 * second,
			want: []string{"20s echo!3"},
		},
		{
			name: "functions are told apart", route: shipped,
			pushes: []push{
				{at: second, starts: second, replicas: "3"},
				{at: 1010 * ms, starts: 1010 * ms, replicas: "4", function: "resize"},
			}, end: 2 * second,
			want: []string{"1s echo!3", "1.01s resize!4"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			var clock clock
			am := newAlertmanager(&clock, routes(t, c.route), func(payload []*sentAlert) {
				got = append(got, fmt.Sprint(clock.now, " ", describe(payload)))
			})
			for _, p := range c.pushes {
				clock.at(p.at, func() { am.receive(p.alert()) })
			}
			for clock.step(c.end) {
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("deliveries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAlertmanagerWithoutResolved(t *testing.T) {
	var got []string
	var clock clock
	cfg := routes(t, `{receiver: silent, group_by: [alertname], group_wait: 0s, group_interval: 100ms, repeat_interval: 10s}`)
	am := newAlertmanager(&clock, cfg, func(payload []*sentAlert) {
		got = append(got, fmt.Sprint(clock.now, " ", describe(payload)))
	})
	am.receive(push{replicas: "3"}.alert())
	clock.at(second, func() {
		am.receive(push{ends: second, replicas: "3"}.alert(), push{starts: second, replicas: "5"}.alert())
	})
	for clock.step(2 * second) {
	}
	if diff := cmp.Diff([]string{"0s echo!3", "1s echo!5"}, got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}

func routes(t *testing.T, route string) *amconfig.Config {
	t.Helper()
	cfg, err := amconfig.Load("route: " + route + `
receivers:
  - {name: gateway, webhook_configs: [{url: "http://gateway", send_resolved: true}]}
  - {name: silent, webhook_configs: [{url: "http://gateway", send_resolved: false}]}
`)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func (p push) alert() *sentAlert {
	if p.ends == 0 {
		p.ends = p.at + time.Hour
	}
	if p.function == "" {
		p.function = "echo"
	}
	return &sentAlert{
		labels: labels.FromStrings("alertname", "FunctionScale", "function_name", p.function, "replicas", p.replicas),
		starts: p.starts, ends: p.ends,
	}
}

func describe(payload []*sentAlert) string {
	var all []string
	for _, a := range payload {
		state := "!"
		if a.ends != 0 {
			state = ":"
		}
		all = append(all, a.labels.Get("function_name")+state+a.labels.Get("replicas"))
	}
	return strings.Join(all, " ")
}
