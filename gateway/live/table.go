package live

import (
	"bytes"
	"math"
	"slices"
	"time"

	"faas/api"
	"faas/function"
)

// How old what Prometheus said may be before it is not known any more.
const (
	maxLoadsAge   = 5 * time.Second
	maxAnswersAge = 20 * time.Second
)

// table has the rows as they were sent last.
type table struct {
	rows  map[string]*row
	order []*row

	// What Prometheus said, and when. Nil: nothing yet.
	loads     map[string]Load
	loadsAt   time.Time
	answers   map[string]Answers
	answersAt time.Time

	// alone says that this gateway's own counters are the whole truth.
	alone bool

	buffer []byte
}

// row is one function.
type row struct {
	name string
	// What json was made of.
	function Function
	measures measures
	json     []byte // without the sparkline
	own      Load   // by this gateway's counters
	counted  Function
	at       time.Time // when they were
	spark    spark
	fresh    bool // nobody was told of it yet
}

func newTable() table { return table{rows: map[string]*row{}} }

// look brings the rows up to date, and returns those that changed and the names of those that went.
func (t *table) look(functions []Function, now time.Time) (changed []*row, removed []string) {
	order := make([]*row, 0, len(functions))
	for _, f := range functions {
		name := f.Status.Name
		r := t.rows[name]
		if r == nil {
			r = &row{name: name, spark: newSpark(now), fresh: true, own: Load{math.NaN(), math.NaN()}, counted: f, at: now}
			t.rows[name] = r
		}
		r.count(f, now)
		m := t.measure(f, r.own, now)
		r.spark.add(now, float64(m.rps))
		if r.update(f, m) {
			changed = append(changed, r)
		}
		order = append(order, r)
	}
	if len(order) < len(t.rows) {
		there := make(map[string]bool, len(order))
		for _, r := range order {
			there[r.name] = true
		}
		for name := range t.rows {
			if !there[name] {
				removed = append(removed, name)
				delete(t.rows, name)
			}
		}
		slices.Sort(removed)
	}
	t.order = order
	return changed, removed
}

// update makes the row show f, and reports whether that is another JSON.
func (r *row) update(f Function, m measures) bool {
	if r.json != nil && r.function == f && r.measures.same(m) {
		return false
	}
	r.function, r.measures = f, m
	before := r.json
	r.json = mustJSON(describe(f, m))
	return !bytes.Equal(before, r.json)
}

// measure is what is known of f: by Prometheus, by this gateway's own counters where it is alone, and for want of both as the
// mean of a longer time, by Prometheus again.
func (t *table) measure(f Function, own Load, now time.Time) measures {
	m := unknownMeasures()
	name := f.Status.Name
	fresh := t.loads != nil && now.Sub(t.loadsAt) <= maxLoadsAge
	if load, ok := t.loads[name]; ok && fresh {
		m.complete(load)
	}
	if t.alone {
		m.complete(own)
	}
	if answers, ok := t.answers[name]; ok && now.Sub(t.answersAt) <= maxAnswersAge {
		m.p50, m.p99, m.errors = api.Number(answers.P50), api.Number(answers.P99), api.Number(answers.Errors)
		if fresh {
			m.complete(answers.Load)
		}
	}
	if fresh { // what the rules would know of, and do not, is at rest
		rest := Load{math.NaN(), math.NaN()}
		if follows(f, function.ScalingRPS) {
			rest.RPS = 0
		}
		if follows(f, function.ScalingCapacity) || f.Status.Scaling.Slots > 0 {
			rest.InFlight = 0
		}
		m.complete(rest)
	}
	return m
}

// complete fills in what is not known yet.
func (m *measures) complete(l Load) {
	if !m.rps.Known() {
		m.rps = api.Number(l.RPS)
	}
	if !m.inFlight.Known() {
		m.inFlight = api.Number(l.InFlight)
	}
}

// count measures the load by what was counted since the last time, if that is long enough ago.
func (r *row) count(f Function, now time.Time) {
	d := now.Sub(r.at)
	if d < tickEvery/2 {
		return
	}
	r.own = Load{math.NaN(), math.NaN()}
	if f.Arrivals >= r.counted.Arrivals && d <= maxLoadsAge { // else it was removed and came back, or nobody watched
		r.own = Load{float64(f.Arrivals-r.counted.Arrivals) / d.Seconds(), (f.InFlightSeconds - r.counted.InFlightSeconds) / d.Seconds()}
	}
	r.counted, r.at = f, now
}

func follows(f Function, signal function.ScalingType) bool {
	for _, s := range f.Status.Scaling.Signals {
		if s.Type == signal {
			return true
		}
	}
	return false
}

// fill takes in the past, as of then.
func (t *table) fill(past map[string][]float64, then time.Time) {
	for name, values := range past {
		if r := t.rows[name]; r != nil {
			r.spark.fill(then, values)
		}
	}
}

// tick looks at the functions and returns the event functions, with what changed.
func (t *table) tick(functions []Function, now time.Time) []byte {
	changed, removed := t.look(functions, now)
	b := t.begin(now, false)
	for i, r := range changed {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.append(b, now, r.fresh)
		r.fresh = false
	}
	return t.end(b, removed)
}

// full returns the event functions with all rows.
func (t *table) full(now time.Time) []byte {
	b := t.begin(now, true)
	for i, r := range t.order {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.append(b, now, true)
		r.fresh = false
	}
	return t.end(b, nil)
}

func (t *table) begin(now time.Time, full bool) []byte {
	b := append(t.buffer[:0], "event: functions\ndata: {\"now\":"...)
	b = appendMillis(b, now)
	if full {
		return append(b, `,"full":true,"rows":[`...)
	}
	return append(b, `,"full":false,"rows":[`...)
}

// end completes an event. It keeps the buffer, and returns a copy: watchers hold it as long as they like.
func (t *table) end(b []byte, removed []string) []byte {
	b = append(b, `],"removed":[`...)
	for i, name := range removed {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, mustJSON(name)...)
	}
	b = append(b, "]}\n\n"...)
	t.buffer = b
	return bytes.Clone(b)
}

// append appends the row, with its sparkline where that is wanted.
func (r *row) append(dst []byte, now time.Time, spark bool) []byte {
	if !spark {
		return append(dst, r.json...)
	}
	dst = append(dst, r.json[:len(r.json)-1]...)
	dst = append(dst, `,"spark":`...)
	dst = r.spark.append(dst, now)
	return append(dst, '}')
}
