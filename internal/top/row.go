package top

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"faas/api"
	"faas/function"
)

// Row is what is shown of one function: rates over the time between two samples, the rest as of the later.
type Row struct {
	Name string `json:"name"`
	// Rate is arrivals per second, InFlight the mean number of invocations in flight.
	Rate     Measure `json:"requests_per_second"`
	InFlight Measure `json:"in_flight"`
	// Average is the mean time to answer in seconds, exact. P50 and P99 are quantiles of it, of which only
	// bounds are known: JSON has the upper one, null beyond the largest bucket.
	Average Measure `json:"average_seconds"`
	P50     Bound   `json:"p50_seconds"`
	P99     Bound   `json:"p99_seconds"`
	// Errors is the share of answers with a status of 500 or above.
	Errors Measure `json:"error_rate"`
	// Queued invocations are held for want of a replica.
	Queued int `json:"queued"`
	// Desired replicas were asked for, Ready ones take requests.
	Desired int `json:"desired"`
	Ready   int `json:"ready"`
	Min     int `json:"min"`
	Max     int `json:"max"`
	// Target is the load that one replica should carry, with its unit; several where it follows several signals.
	Target string `json:"target"`
	// Frozen is the silence for whose time alerts do not scale the function, nil where there is none.
	Frozen *api.FrozenFunction `json:"frozen"`
	// State says in words how the function is.
	State string `json:"state"`
	// Last is the newest decision about the function, nil when the gateway remembers none.
	Last *Decision `json:"last_decision"`
}

// Rows computes a row for each function of after, in the order of names. What needs two samples is
// unknown for a function that before does not have.
func Rows(before, after Sample) []Row {
	seconds := after.At.Sub(before.At).Seconds()
	last, frozen := after.lastDecisions(), after.frozenFunctions()
	rows := make([]Row, 0, len(after.Functions))
	for _, f := range after.Functions {
		now := after.Counters[f.Name]
		row := Row{
			Name: f.Name, Rate: unknown(), InFlight: unknown(), Errors: unknown(),
			Average: unknown(), P50: unknownBound(), P99: unknownBound(),
			Queued: int(now.Queued), Desired: f.Replicas, Ready: f.AvailableReplicas,
			Min: int(now.Min), Max: int(now.Max), Target: target(now), Last: last[f.Name],
			Frozen: frozen[f.Name],
		}
		if then, ok := before.Counters[f.Name]; ok && seconds > 0 {
			row.measure(then, now, seconds)
		}
		row.State = row.state(f.Blocked)
		if row.Frozen != nil {
			row.State = frozenState(after.At, *row.Frozen) + ", " + row.State
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return rows
}

func (r *Row) measure(then, now Counters, seconds float64) {
	r.Rate = Measure(increase(then.Started, now.Started) / seconds)
	r.InFlight = Measure(increase(then.InflightSeconds, now.InflightSeconds) / seconds)
	answers := now.Seconds.Since(then.Seconds)
	r.P50, r.P99 = answers.Quantile(0.5), answers.Quantile(0.99)
	if n := answers.total(); n > 0 {
		r.Average = Measure(increase(then.SecondsSum, now.SecondsSum) / n)
	}
	if ended := increase(then.Ended, now.Ended); ended > 0 {
		r.Errors = Measure(min(1, increase(then.Failed, now.Failed)/ended))
	}
}

// increase is the growth of a counter. One that shrank started over at 0 meanwhile, as in Prometheus.
func increase(then, now float64) float64 {
	if now < then {
		return now
	}
	return now - then
}

func target(c Counters) string {
	if len(c.Signals) == 0 {
		return "-"
	}
	texts := make([]string, len(c.Signals))
	for i, s := range c.Signals {
		v, unit := s.Target, ""
		if s.Type == function.ScalingMemory {
			v, unit = v/(1<<20), "Mi"
		}
		texts[i] = strconv.FormatFloat(v, 'g', 6, 64) + unit + " " + string(s.Type)
	}
	return strings.Join(texts, ", ")
}

// state puts the most telling thing about the function into words.
func (r *Row) state(blocked string) string {
	switch {
	case blocked != "":
		return "blocked: " + blocked
	case r.Desired == 0 && r.Queued > 0:
		return "waking"
	case r.Desired == 0:
		return "asleep"
	case r.Ready == 0 && r.Queued > 0:
		return fmt.Sprintf("starting, %d waiting", r.Queued)
	case r.Queued > 0:
		return fmt.Sprintf("full, %d waiting", r.Queued)
	case r.Ready < r.Desired:
		return fmt.Sprintf("starting %d", r.Desired-r.Ready)
	case r.Ready > r.Desired:
		return fmt.Sprintf("draining %d", r.Ready-r.Desired)
	case r.Errors.Known() && r.Errors > 0:
		return "failing"
	case r.Rate == 0 && r.InFlight == 0 && r.Desired > max(1, r.Min):
		return fmt.Sprintf("idle, %d held by the down window", r.Desired)
	case r.Rate == 0 && r.InFlight == 0:
		return "idle"
	case r.Max > 0 && r.Desired >= r.Max && r.Max > r.Min:
		return "at maximum"
	}
	return "steady"
}

// SortKey is what rows are sorted by.
type SortKey string

// The sort keys, each named for its column.
const (
	SortName     SortKey = "name"
	SortRate     SortKey = "rps"
	SortInFlight SortKey = "in-flight"
	SortP99      SortKey = "p99"
	SortErrors   SortKey = "errors"
	SortReplicas SortKey = "replicas"
)

// Sort orders rows by key: names upwards, numbers downwards with unknown ones last, equals by name.
func Sort(rows []Row, key SortKey) {
	number := func(r Row) float64 {
		m := Measure(0)
		switch key {
		case SortRate:
			m = r.Rate
		case SortInFlight:
			m = r.InFlight
		case SortP99:
			m = r.P99.Upper
		case SortErrors:
			m = r.Errors
		case SortReplicas:
			m = Measure(r.Desired)
		case SortName: // all equal
		}
		if !m.Known() {
			return -1
		}
		return float64(m)
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(number(b), number(a)), strings.Compare(a.Name, b.Name))
	})
}
