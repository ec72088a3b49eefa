package rehearse

import (
	"context"
	"errors"
	"math"
	"sort"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// store holds the samples that rules can still see, in memory and by one goroutine: what no rule reads, or reads no more,
// is dropped. Times are milliseconds, as Prometheus has them.
type store struct {
	// keep says for how many milliseconds samples of a metric are of use; 0: they are of none.
	keep func(name string) int64

	metrics  map[string]*metric
	selected map[*labels.Matcher]*selection
}

// nameLabel holds a metric's name.
const nameLabel = model.MetricNameLabel

// maxSelections is more than rules have selectors.
const maxSelections = 10_000

// metric is all series of a name.
type metric struct {
	keep    int64
	series  []*series
	byHash  map[uint64][]*series
	version int // changes with series
}

// selection is what a selector of a rule found.
type selection struct {
	metric  *metric
	version int
	series  []*series
	newest  []newest
	at      int64 // for which moment the newest are asked
}

// newest is a series with its newest sample only, which is all that an instant selector looks at. The engine would
// otherwise walk over all samples of its lookback to get there.
type newest struct {
	of        *series
	selection *selection
}

// series is one series, oldest sample first.
type series struct {
	labels labels.Labels
	metric *metric
	times  []int64
	values []float64
	from   int  // samples before it are too old
	pinned bool // its writer holds it, so it must not be forgotten
}

func newStore(keep func(name string) int64) *store {
	return &store{keep: keep, metrics: map[string]*metric{}, selected: map[*labels.Matcher]*selection{}}
}

// open finds or makes the series of these labels, or nil if nobody reads it.
func (s *store) open(l labels.Labels) *series {
	name := l.Get(nameLabel)
	m := s.metrics[name]
	if m == nil {
		m = &metric{keep: s.keep(name), byHash: map[uint64][]*series{}}
		s.metrics[name] = m
	}
	if m.keep == 0 {
		return nil
	}
	hash := l.Hash()
	for _, se := range m.byHash[hash] {
		if labels.Equal(se.labels, l) {
			return se
		}
	}
	se := &series{labels: l, metric: m}
	m.byHash[hash] = append(m.byHash[hash], se)
	m.series = append(m.series, se)
	m.version++
	return se
}

// forget drops series that have no sample left that is of use.
func (s *store) forget(now int64) {
	for _, m := range s.metrics {
		kept := m.series[:0]
		for _, se := range m.series {
			if se.pinned || se.last() >= now-m.keep {
				kept = append(kept, se)
				continue
			}
			m.remove(se)
		}
		clear(m.series[len(kept):])
		m.series = kept
	}
}

func (m *metric) remove(gone *series) {
	m.version++
	hash := gone.labels.Hash()
	others := m.byHash[hash][:0]
	for _, se := range m.byHash[hash] {
		if se != gone {
			others = append(others, se)
		}
	}
	if m.byHash[hash] = others; len(others) == 0 {
		delete(m.byHash, hash)
	}
}

// last is the time of the newest sample.
func (se *series) last() int64 {
	if len(se.times) == 0 {
		return math.MinInt64
	}
	return se.times[len(se.times)-1]
}

// latest is the newest value, or NaN if it is older than since or a staleness marker.
func (se *series) latest(since int64) float64 {
	if se.last() < since {
		return math.NaN()
	}
	return se.values[len(se.values)-1]
}

// append adds a sample as Prometheus's storage would.
func (se *series) append(t int64, v float64) error {
	if last := se.last(); t <= last {
		switch {
		case t < last:
			return storage.ErrOutOfOrderSample
		case math.Float64bits(v) == math.Float64bits(se.values[len(se.values)-1]):
			return nil
		}
		return storage.NewDuplicateFloatErr(t, se.values[len(se.values)-1], v)
	}
	for oldest := t - se.metric.keep; se.from < len(se.times) && se.times[se.from] < oldest; {
		se.from++
	}
	if len(se.times) == cap(se.times) && se.from > len(se.times)/4 { // make room by moving rather than by growing
		n := copy(se.times, se.times[se.from:])
		copy(se.values, se.values[se.from:])
		se.times, se.values, se.from = se.times[:n], se.values[:n], 0
	}
	se.times, se.values = append(se.times, t), append(se.values, v)
	return nil
}

// end writes a staleness marker where there is none yet.
func (se *series) end(t int64) {
	if n := len(se.values); n > 0 && !value.IsStaleNaN(se.values[n-1]) {
		_ = se.append(t, math.Float64frombits(value.StaleNaN)) // at the worst the sample of this moment stands
	}
}

// Labels implements storage.Series.
func (se *series) Labels() labels.Labels { return se.labels }

// Iterator implements storage.Series.
func (se *series) Iterator(it chunkenc.Iterator) chunkenc.Iterator {
	reused, ok := it.(*sampleIterator)
	if !ok {
		reused = &sampleIterator{}
	}
	*reused = sampleIterator{times: se.times[se.from:], values: se.values[se.from:], at: -1}
	return reused
}

// Labels implements storage.Series.
func (n *newest) Labels() labels.Labels { return n.of.labels }

// Iterator implements storage.Series.
func (n *newest) Iterator(it chunkenc.Iterator) chunkenc.Iterator {
	reused, ok := it.(*sampleIterator)
	if !ok {
		reused = &sampleIterator{}
	}
	se, i := n.of, len(n.of.times)
	for i > se.from && se.times[i-1] > n.selection.at {
		i--
	}
	first := max(i-1, se.from)
	*reused = sampleIterator{times: se.times[first:i], values: se.values[first:i], at: -1}
	return reused
}

// sampleIterator walks over a series.
type sampleIterator struct {
	times  []int64
	values []float64
	at     int
}

func (it *sampleIterator) valueType() chunkenc.ValueType {
	if it.at < len(it.times) {
		return chunkenc.ValFloat
	}
	return chunkenc.ValNone
}

func (it *sampleIterator) Next() chunkenc.ValueType {
	it.at = min(it.at+1, len(it.times))
	return it.valueType()
}

func (it *sampleIterator) Seek(t int64) chunkenc.ValueType { //nolint:govet // it is chunkenc.Iterator that has it, not io.Seeker
	it.at = max(it.at, 0)
	if it.at < len(it.times) && it.times[it.at] < t {
		rest := it.times[it.at:]
		it.at += sort.Search(len(rest), func(i int) bool { return rest[i] >= t })
	}
	return it.valueType()
}

func (it *sampleIterator) At() (int64, float64) { return it.times[it.at], it.values[it.at] }
func (it *sampleIterator) AtT() int64           { return it.times[it.at] }
func (*sampleIterator) AtST() int64             { return 0 }
func (*sampleIterator) Err() error              { return nil }

func (*sampleIterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	panic("rehearse: there are no histograms")
}

func (*sampleIterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	panic("rehearse: there are no histograms")
}

// Querier implements storage.Queryable.
func (s *store) Querier(int64, int64) (storage.Querier, error) { return querier{s}, nil }

// Appender implements storage.Appendable.
func (s *store) Appender(context.Context) storage.Appender { return appender{store: s} }

type querier struct{ store *store }

func (q querier) Select(_ context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := q.store.find(matchers)
	set := &seriesSet{selection: found, since: math.MinInt64}
	if sorted {
		set.selection = &selection{series: append([]*series(nil), found.series...)}
		sort.Slice(set.selection.series, func(i, j int) bool {
			return labels.Compare(set.selection.series[i].labels, set.selection.series[j].labels) < 0
		})
	}
	if hints != nil {
		set.since, found.at = hints.Start, hints.End
		set.newest = !sorted && hints.Range == 0 && hints.Step == 0 // a subquery has a step
	}
	return set
}

// find returns the series that match, from the last time where none came or went since: a rule's selector keeps its
// matchers.
func (s *store) find(matchers []*labels.Matcher) *selection {
	var m *metric
	for _, matcher := range matchers {
		if matcher.Name == nameLabel && matcher.Type == labels.MatchEqual {
			if m = s.metrics[matcher.Value]; m == nil {
				return &selection{}
			}
			break
		}
	}
	if m == nil {
		var all []*series
		for _, m := range s.metrics {
			all = appendMatching(all, m.series, matchers)
		}
		return newSelection(all)
	}
	known := s.selected[matchers[0]]
	if known == nil || known.metric != m {
		if len(s.selected) > maxSelections { // expressions that were parsed for one query
			clear(s.selected)
		}
		known = &selection{metric: m, version: -1}
		s.selected[matchers[0]] = known
	}
	if known.version != m.version {
		*known = *newSelection(appendMatching(known.series[:0], m.series, matchers))
		known.metric, known.version = m, m.version
		for i := range known.newest {
			known.newest[i].selection = known
		}
	}
	return known
}

func newSelection(found []*series) *selection {
	s := &selection{series: found, newest: make([]newest, len(found))}
	for i, se := range found {
		s.newest[i] = newest{se, s}
	}
	return s
}

func appendMatching(to, all []*series, matchers []*labels.Matcher) []*series {
next:
	for _, se := range all {
		for _, matcher := range matchers {
			if !matcher.Matches(se.labels.Get(matcher.Name)) {
				continue next
			}
		}
		to = append(to, se)
	}
	return to
}

func (q querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.New("the rehearsal lists no label values")
}

func (q querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.New("the rehearsal lists no label names")
}

func (querier) Close() error { return nil }

// seriesSet goes through series, those apart that ended before.
type seriesSet struct {
	selection *selection
	newest    bool
	since     int64
	next      int
}

func (s *seriesSet) Next() bool {
	for s.next < len(s.selection.series) {
		s.next++
		if s.selection.series[s.next-1].last() >= s.since {
			return true
		}
	}
	return false
}

func (s *seriesSet) At() storage.Series {
	if s.newest {
		return &s.selection.newest[s.next-1]
	}
	return s.selection.series[s.next-1]
}

func (*seriesSet) Err() error                        { return nil }
func (*seriesSet) Warnings() annotations.Annotations { return nil }

// appender writes what rules record. Nobody reads in between, so a sample stands at once.
type appender struct {
	storage.Appender // what rules never call
	store            *store
}

func (a appender) Append(_ storage.SeriesRef, l labels.Labels, t int64, v float64) (storage.SeriesRef, error) {
	if se := a.store.open(l); se != nil {
		return 0, se.append(t, v)
	}
	return 0, nil
}

func (appender) AppendHistogram(storage.SeriesRef, labels.Labels, int64, *histogram.Histogram, *histogram.FloatHistogram) (storage.SeriesRef, error) {
	return 0, errors.New("the rehearsal records no histograms")
}

func (appender) SetOptions(*storage.AppendOptions) {}
func (appender) Commit() error                     { return nil }
func (appender) Rollback() error                   { return nil }
