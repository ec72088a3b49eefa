package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// client asks the servers for figures.
var client = &http.Client{Timeout: 60 * time.Second}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // only read
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, res.Status, bytes.TrimSpace(text))
	}
	return text, err
}

// ruleTimes are how long evaluations took, each looked at once.
type ruleTimes struct {
	groups map[string]*span // by group
	rules  []*span          // in the order of the files
	byName map[string]*span
}

// span gathers evaluations of a group or a rule.
type span struct {
	group, name string
	interval    float64   // of its group, in seconds
	last        string    // when the one that was last looked at was
	took        []float64 // milliseconds
}

func (s *span) see(at string, took float64) {
	if at == s.last || took == 0 {
		return
	}
	s.last = at
	s.took = append(s.took, 1000*took)
}

// median is in milliseconds, as is most. A busy machine makes some take long that have nothing to do with it.
func (s *span) median() float64 {
	if len(s.took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.took))
	return sorted[len(sorted)/2]
}

func (s *span) most() float64 { return slices.Max(append([]float64{0}, s.took...)) }

// share is what it takes of one core in percent, if it does nothing but compute.
func (s *span) share() float64 { return s.median() / s.interval / 10 }

func newRuleTimes() *ruleTimes {
	return &ruleTimes{groups: map[string]*span{}, byName: map[string]*span{}}
}

// look adds what Prometheus says of the last evaluation of each rule.
func (t *ruleTimes) look(ctx context.Context, prometheus string) error {
	text, err := get(ctx, "http://"+prometheus+"/api/v1/rules?exclude_alerts=true")
	if err != nil {
		return err
	}
	var answer struct {
		Data struct {
			Groups []struct {
				Name           string
				Interval       float64
				LastEvaluation string
				EvaluationTime float64
				Rules          []struct {
					Name, Health, LastError string
					LastEvaluation          string
					EvaluationTime          float64
					Labels                  map[string]string
				}
			}
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	for _, g := range answer.Data.Groups {
		if t.groups[g.Name] == nil {
			t.groups[g.Name] = &span{group: g.Name, name: g.Name, interval: g.Interval}
		}
		t.groups[g.Name].see(g.LastEvaluation, g.EvaluationTime)
		for i, r := range g.Rules {
			if r.Health == "err" {
				return fmt.Errorf("rule %s: %s", r.Name, r.LastError)
			}
			key := fmt.Sprint(g.Name, i)
			if t.byName[key] == nil {
				var labels []string
				for _, k := range slices.Sorted(maps.Keys(r.Labels)) {
					if !strings.Contains(r.Labels[k], "{") {
						labels = append(labels, k+"="+r.Labels[k])
					}
				}
				s := &span{group: g.Name, name: r.Name, interval: g.Interval}
				if len(labels) > 0 {
					s.name += "{" + strings.Join(labels, ",") + "}"
				}
				t.byName[key] = s
				t.rules = append(t.rules, s)
			}
			t.byName[key].see(r.LastEvaluation, r.EvaluationTime)
		}
	}
	return nil
}

// watch looks again and again until ctx ends.
func (t *ruleTimes) watch(ctx context.Context, prometheus string) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := t.look(ctx, prometheus); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// query returns the value of an instant query that has one, or 0.
func query(ctx context.Context, prometheus, promQL string) (float64, error) {
	text, err := get(ctx, "http://"+prometheus+"/api/v1/query?query="+url.QueryEscape(promQL))
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Data.Result) == 0 {
		return 0, err
	}
	value, _ := answer.Data.Result[0].Value[1].(string)
	return strconv.ParseFloat(value, 64)
}

// counters are the sums of a server's counters and gauges by name, and by name{key=value} for labels in keys.
func counters(ctx context.Context, url string, keys ...string) (map[string]float64, error) {
	text, err := get(ctx, url)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	sums := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			v := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			sums[name] += v
			for _, l := range m.GetLabel() {
				if slices.Contains(keys, l.GetName()) {
					sums[name+"{"+l.GetName()+"="+l.GetValue()+"}"] += v
				}
			}
		}
	}
	return sums, nil
}
