package rehearse

import (
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"faas/function"
)

// column is a metric that a gateway shows of a function.
type column struct {
	name  string
	extra [2]string // one more label
	// value reads it; false: it is not shown now.
	value func(s *subject, g int, now time.Duration) (float64, bool)
	// only says for which functions it is shown. Nil: for all.
	only func(s *subject) bool
}

// always makes a column's value of one that is always shown.
func always(read func(s *subject, g int) float64) func(*subject, int, time.Duration) (float64, bool) {
	return func(s *subject, g int, _ time.Duration) (float64, bool) { return read(s, g), true }
}

func follows(t function.ScalingType) func(*subject) bool {
	return func(s *subject) bool { _, ok := s.Scaling.Target(t); return ok }
}

func mayZero(s *subject) bool { return s.Scaling.Zero }

func started(s *subject, g int) float64         { return float64(s.gateways[g].started) }
func inflightSeconds(s *subject, g int) float64 { return s.gateways[g].inflightSeconds }

// slots are the signal of every function that has some.
const slots = "slots"

func hasSlots(s *subject) bool { return s.Scaling.Slots > 0 }

// signalColumns are the counts and loads that the path /metrics/scaling shows.
func signalColumns() []column {
	load := "gateway_function_load_total"
	return []column{
		{name: "gateway_service_count", value: always(func(s *subject, _ int) float64 { return float64(s.desired) })},
		{name: load, extra: [2]string{"scaling_type", "rps"}, value: always(started), only: follows(function.ScalingRPS)},
		{name: load, extra: [2]string{"scaling_type", "capacity"}, value: always(inflightSeconds), only: follows(function.ScalingCapacity)},
		{name: load, extra: [2]string{"scaling_type", slots}, value: always(inflightSeconds), only: hasSlots},
		{name: "gateway_function_inflight_squares_total", only: hasSlots, value: always(func(s *subject, g int) float64 {
			return s.gateways[g].inflightSquares
		})},
		{name: "gateway_function_slots_shared", only: hasSlots, value: always(func(s *subject, _ int) float64 {
			return float64(s.Scaling.Slots) / float64(s.part())
		})},
		{name: "gateway_function_overload_replicas", value: func(s *subject, g int, now time.Duration) (float64, bool) {
			n, ok := s.gateways[g].overload.Read(epoch.Add(now))
			return float64(n), ok
		}},
	}
}

// settingColumns are the settings that it shows.
func settingColumns() []column {
	columns := []column{
		{name: "gateway_service_min", value: always(func(s *subject, _ int) float64 { return float64(s.Scaling.Min) })},
		{name: "gateway_service_max", value: always(func(s *subject, _ int) float64 { return float64(s.Scaling.Max) })},
		{name: "gateway_service_target_proportion", value: always(func(s *subject, _ int) float64 { return s.Scaling.Proportion })},
		{name: "gateway_service_down_window_seconds", value: always(func(s *subject, _ int) float64 { return s.Scaling.DownWindow.Seconds() })},
		{
			name: "gateway_service_target_load", extra: [2]string{"scaling_type", slots}, only: hasSlots,
			value: always(func(s *subject, _ int) float64 { return float64(s.Scaling.Slots) }),
		},
		{
			name: "gateway_service_zero_duration_seconds", only: mayZero,
			value: always(func(s *subject, _ int) float64 { return s.Scaling.ZeroDuration.Seconds() }),
		},
		{name: "gateway_function_last_invocation_timestamp_seconds", only: mayZero, value: always(lastInvocation)},
		{name: "gateway_function_invocation_inflight", only: mayZero, value: always(inflight)},
		{
			name: "gateway_function_queued", only: func(s *subject) bool { return mayZero(s) || follows(function.ScalingQueue)(s) },
			value: func(s *subject, _ int, now time.Duration) (float64, bool) { return level(s.Queued, now), true },
		},
	}
	for _, t := range []function.ScalingType{
		function.ScalingRPS, function.ScalingCapacity, function.ScalingCPU, function.ScalingMemory, function.ScalingQueue, function.ScalingCustom,
	} {
		columns = append(columns, column{
			name: "gateway_service_target_load", extra: [2]string{"scaling_type", string(t)}, only: follows(t),
			value: always(func(s *subject, _ int) float64 { target, _ := s.Scaling.Target(t); return target }),
		})
	}
	return columns
}

// peopleColumns are what only /metrics shows, of what a rule may want.
func peopleColumns() []column {
	return []column{
		{name: "gateway_function_invocation_started", value: always(started)},
		{name: "gateway_function_inflight_seconds_total", value: always(inflightSeconds)},
		{
			name: "gateway_function_invocation_total", extra: [2]string{"code", "200"},
			value: always(func(s *subject, g int) float64 { return float64(s.gateways[g].completed) }),
		},
		{name: "gateway_function_invocation_inflight", value: always(inflight), only: func(s *subject) bool { return !mayZero(s) }},
		{
			name: "gateway_function_last_invocation_timestamp_seconds", value: always(lastInvocation),
			only: func(s *subject) bool { return !mayZero(s) },
		},
		{name: "gateway_service_ready_count", value: always(func(s *subject, _ int) float64 { return float64(s.ready) })},
		{name: "gateway_function_held", value: always(func(s *subject, g int) float64 { return float64(s.gateways[g].held) })},
	}
}

func inflight(s *subject, g int) float64 { return float64(s.gateways[g].inflight) }

func lastInvocation(s *subject, g int) float64 {
	return float64(epoch.Add(s.gateways[g].last).UnixMilli()) / 1000
}

// target is a gateway under one of Prometheus's jobs.
type target struct {
	job      string
	gateway  int
	interval time.Duration
	up       *series
	rows     []cell
}

// cell is a series of a target.
type cell struct {
	subject *subject
	value   func(s *subject, g int, now time.Duration) (float64, bool)
	series  *series
}

// newTargets makes a target of each gateway for each job that scrapes gateways and shows what rules read.
func newTargets(jobs []scrapeJob, gateways int, subjects []*subject, st *store, r *reads) []*target {
	var targets []*target
	for _, j := range jobs {
		if !strings.HasPrefix(j.Name, "gateway") {
			continue
		}
		columns := j.columns()
		for g := range gateways {
			t := &target{job: j.Name, gateway: g, interval: time.Duration(j.Interval)}
			if r.wants("up", j.Name) {
				t.up = st.pin(t.labels("up"))
			}
			for _, c := range columns {
				if r.wants(c.name, j.Name) {
					t.add(c, subjects, st)
				}
			}
			if t.up != nil || len(t.rows) > 0 {
				targets = append(targets, t)
			}
		}
	}
	return targets
}

// columns are what the job's path shows. Functions at rest are shown like all others: rules decide nothing about them.
func (j scrapeJob) columns() []column {
	columns := append(signalColumns(), settingColumns()...)
	if path.Base(j.Path) == "scaling" {
		return columns
	}
	return append(columns, peopleColumns()...)
}

func (t *target) labels(name string, more ...string) labels.Labels {
	return labels.FromStrings(append([]string{
		nameLabel, name, "job", t.job, "instance", "gateway-" + strconv.Itoa(t.gateway+1) + ":8082",
	}, more...)...)
}

func (t *target) add(c column, subjects []*subject, st *store) {
	for _, s := range subjects {
		if c.only != nil && !c.only(s) {
			continue
		}
		more := []string{"function_name", s.Name}
		if c.extra[0] != "" {
			more = append(more, c.extra[:]...)
		}
		if se := st.pin(t.labels(c.name, more...)); se != nil {
			t.rows = append(t.rows, cell{s, c.value, se})
		}
	}
}

// scrape appends what the gateway shows now. What it shows no more ends.
func (t *target) scrape(now time.Duration) {
	ms := epoch.Add(now).UnixMilli()
	for _, c := range t.rows {
		c.subject.advance(now)
		if v, ok := c.value(c.subject, t.gateway, now); ok {
			_ = c.series.append(ms, v) // it is the only writer, and time goes on
			continue
		}
		c.series.end(ms)
	}
	if t.up != nil {
		_ = t.up.append(ms, 1)
	}
}

// pin opens a series that its writer holds on to.
func (s *store) pin(l labels.Labels) *series {
	se := s.open(l)
	if se != nil {
		se.pinned = true
	}
	return se
}
