package rehearse

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

// asks makes an evaluator that knows the expressions as rules, and a store that keeps a minute.
func asks(t *testing.T, exprs ...string) *evaluator {
	t.Helper()
	st := newStore(func(string) int64 { return time.Minute.Milliseconds() })
	group := rulefmt.RuleGroup{Name: "test"}
	for _, e := range exprs {
		group.Rules = append(group.Rules, rulefmt.Rule{Record: "test:it", Expr: e})
	}
	o := Options{}
	o.fill()
	return newEvaluator([]ruleFile{{"test.yml", []rulefmt.RuleGroup{group}}}, prometheusFile{}, newParsedRules(o.Lookback), st, o, nil)
}

// at is so long after the epoch.
func at(d time.Duration) int64 { return epoch.Add(d).UnixMilli() }

func TestStoreAnswersSelectors(t *testing.T) {
	exprs := []string{
		`load`, `load{job="a"}`, `load offset 2s`, `{__name__=~"lo.*"}`, `rate(load[3s])`, `max_over_time(load[10s] offset 1s)`,
		`max_over_time((load * 2)[4s:1s])`, `load @ start()`, `sum(load) + on () sum(load offset 1s)`, `count_over_time(load[12s])`,
		`rare`, `rare offset 3s`, `rare{job="b"} or load`, `rare or rare offset 3s`, `load unless rare`, `rare unless load`, `load * rare`,
		`load > on (job) rare`, `load and on (job) (rare > 0)`, `sum by (job) (rare)`, `count(rare) or vector(0)`, `absent(rare)`,
		`clamp_min(rare, 1) + 2`, `3 < rare`, `-rare`, `scalar(rare) + load`, `avg_over_time(rare[2s]) and load`,
		`label_replace(rare, "a", "$1", "job", "(.*)")`, `quantile(0.5, rare)`, `nobody`, `nobody + load`, `load unless nobody`,
		`max_over_time(sum(rare)[2s:1s])`, `rare @ start()`, `load{job="c"} or on () rare`,
	}
	e := asks(t, exprs...)
	fresh := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1000, Timeout: time.Minute, LookbackDelta: 12 * time.Second, EnableAtModifier: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return 1000 }, Parser: parser.NewParser(parser.Options{}),
	})
	a := e.store.open(labels.FromStrings(nameLabel, "load", "job", "a"))
	b := e.store.open(labels.FromStrings(nameLabel, "load", "job", "b"))
	rare := [...]*series{e.store.open(labels.FromStrings(nameLabel, "rare", "job", "a")), e.store.open(labels.FromStrings(nameLabel, "rare", "job", "b"))}
	skipped := 0
	for i := range 100 {
		now := time.Duration(i) * 500 * time.Millisecond
		for j, se := range rare {
			switch {
			case i%(23+j) < 3:
				_ = se.append(at(now), float64(i%5)) // it is the only writer
			case i%(23+j) == 3 && i < 60: // later ones have to wait for the lookback
				se.end(at(now))
			}
		}
		if err := a.append(at(now), float64(i*i%17)); err != nil {
			t.Fatal(err)
		}
		switch {
		case i == 40:
			b.end(at(now))
			b.end(at(now + 1)) // once is enough
		case i < 40 || i > 60:
			if err := b.append(at(now), float64(i)); err != nil {
				t.Fatal(err)
			}
		}
		for _, expr := range exprs {
			parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
			if err != nil {
				t.Fatal(err)
			}
			if r := e.parsed.known[parsed.String()]; r.vacant != nil && r.vacant(e.store, at(now)) {
				skipped++
			}
			got, err := e.query(t.Context(), parsed.String(), epoch.Add(now)) // as a rule asks, from what is known of it
			if err != nil {
				t.Fatal(err)
			}
			q, err := fresh.NewInstantQuery(t.Context(), everything{e.store}, nil, expr, epoch.Add(now))
			if err != nil {
				t.Fatal(err)
			}
			want, err := q.Exec(t.Context()).Vector()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(text(want), text(got), cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("%s at %s (-all samples +newest):\n%s", expr, now, diff)
			}
		}
	}
	if least := 100; skipped < least {
		t.Errorf("%d questions were known to have no answer, want at least %d", skipped, least)
	}
}

// everything is a store that shows all samples, whatever the selector.
type everything struct{ *store }

func (e everything) Querier(mint, maxt int64) (storage.Querier, error) {
	q, err := e.store.Querier(mint, maxt)
	return allSamples{q}, err
}

type allSamples struct{ storage.Querier }

func (q allSamples) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	whole := *hints
	whole.Range = 1
	return q.Querier.Select(ctx, sorted, &whole, append([]*labels.Matcher(nil), matchers...)...)
}

func text(v promql.Vector) map[string]float64 {
	m := map[string]float64{}
	for _, s := range v {
		m[s.Metric.String()] = s.F
	}
	return m
}

func TestStaleness(t *testing.T) {
	e := asks(t, "load")
	se := e.store.open(labels.FromStrings(nameLabel, "load"))
	count := func(now time.Duration) int {
		v, err := e.query(t.Context(), "load", epoch.Add(now))
		if err != nil {
			t.Fatal(err)
		}
		return len(v)
	}
	_ = se.append(at(0), 1)
	if n := count(time.Second); n != 1 {
		t.Errorf("a second later there are %d, want 1", n)
	}
	if n := count(12 * time.Second); n != 0 {
		t.Errorf("after the lookback there are %d, want none", n)
	}
	_ = se.append(at(20*time.Second), 1)
	se.end(at(21 * time.Second))
	if n := count(21 * time.Second); n != 0 {
		t.Errorf("at the end there are %d, want none", n)
	}
	if !math.IsNaN(se.latest(at(20 * time.Second))) {
		t.Error("what has ended has a latest value")
	}
}

func TestStoreKeepsAndForgets(t *testing.T) {
	st := newStore(func(name string) int64 {
		if name == "unread" {
			return 0
		}
		return time.Minute.Milliseconds()
	})
	if st.open(labels.FromStrings(nameLabel, "unread")) != nil {
		t.Error("a series that nobody reads is stored")
	}
	long := st.open(labels.FromStrings(nameLabel, "load", "a", "1"))
	for i := range 10_000 {
		if err := long.append(at(time.Duration(i)*time.Second), 1); err != nil {
			t.Fatal(err)
		}
	}
	if kept := len(long.times) - long.from; kept != 61 {
		t.Errorf("%d samples of a minute are kept, want 61", kept)
	}
	if cap(long.times) > 256 {
		t.Errorf("room for %d samples was taken", cap(long.times))
	}
	gone := labels.FromStrings(nameLabel, "load", "a", "2")
	_ = st.open(gone).append(at(0), 1)
	st.forget(at(10_000 * time.Second))
	if n := len(st.metrics["load"].series); n != 1 {
		t.Errorf("%d series are left, want 1", n)
	}
	if se := st.open(gone); len(se.times) != 0 {
		t.Error("a forgotten series is still known")
	}
	if err := long.append(at(0), 1); err == nil {
		t.Error("an old sample is taken")
	}
	if err := long.append(long.last(), 2); err == nil {
		t.Error("another value for the same moment is taken")
	}
	if err := long.append(long.last(), 1); err != nil {
		t.Errorf("the same value again: %v", err)
	}
}
