package rehearse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
)

// evaluator evaluates groups of rules with Prometheus's own engine.
type evaluator struct {
	engine *promql.Engine
	store  *store
	parsed *parsedRules
	groups []*rules.Group

	evaluations int
	broken      map[rules.Rule]error // the first error of a rule
}

// maxSamples bounds a query, far above the 50 million of Prometheus's default: a rehearsal may have more functions.
const maxSamples = 1 << 40

func newEvaluator(files []ruleFile, defaults prometheusFile, parsed *parsedRules, s *store, o Options, notify rules.NotifyFunc) *evaluator {
	e := &evaluator{store: s, parsed: parsed, broken: map[rules.Rule]error{}}
	e.engine = promql.NewEngine(promql.EngineOpts{
		MaxSamples: maxSamples, Timeout: time.Hour, LookbackDelta: o.Lookback, Parser: parsed,
		EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Duration(defaults.Global.EvaluationInterval).Milliseconds() },
	})
	opts := &rules.ManagerOptions{
		QueryFunc: e.query, NotifyFunc: notify, Appendable: s, Queryable: s, ResendDelay: o.ResendDelay,
		Logger: slog.New(slog.DiscardHandler), Metrics: rules.NewGroupMetrics(nil),
	}
	for _, file := range files {
		for _, g := range file.groups {
			interval := time.Duration(g.Interval)
			if interval == 0 {
				interval = time.Duration(defaults.Global.EvaluationInterval)
			}
			list := make([]rules.Rule, len(g.Rules))
			for i, r := range g.Rules {
				ls := rules.FromMaps(g.Labels, r.Labels)
				if r.Alert == "" {
					list[i] = rules.NewRecordingRule(r.Record, parsed.rule(r.Expr), ls)
					continue
				}
				list[i] = rules.NewAlertingRule(r.Alert, parsed.rule(r.Expr), time.Duration(r.For), time.Duration(r.KeepFiringFor),
					ls, labels.FromMap(r.Annotations), labels.EmptyLabels(), "", true, opts.Logger)
			}
			e.groups = append(e.groups, rules.NewGroup(rules.GroupOptions{
				Name: g.Name, File: file.path, Interval: interval, Limit: g.Limit, Rules: list,
				QueryOffset: (*time.Duration)(g.QueryOffset), Opts: opts,
			}))
		}
	}
	return e
}

// eval evaluates a group.
func (e *evaluator) eval(ctx context.Context, g *rules.Group, now time.Time) {
	e.evaluations++
	g.Eval(ctx, now)
	for _, r := range g.Rules() {
		if err := r.LastError(); err != nil && e.broken[r] == nil {
			e.broken[r] = fmt.Errorf("%s: group %s: rule %s at %s: %w", g.File(), g.Name(), r.Name(), now.Sub(epoch), err)
		}
	}
}

// err is what went wrong with rules that could be read.
func (e *evaluator) err() error {
	var errs []error
	for _, g := range e.groups {
		for _, r := range g.Rules() {
			if err := e.broken[r]; err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// query is rules.EngineQueryFunc.
func (e *evaluator) query(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	if r := e.parsed.known[expr]; r != nil {
		if r.asked && r.vacant != nil && r.vacant(e.store, at.UnixMilli()) {
			return nil, nil
		}
		r.asked = true // once at least, so that a mistake shows
	}
	q, err := e.engine.NewInstantQuery(ctx, e.store, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, res.Err
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		return v, nil
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V}}, nil
	}
	return nil, errors.New("rule result is not a vector or scalar")
}

// parsedRules is a parser that knows the rules' expressions: a group asks for the same ones at each evaluation,
// thousands of times in a rehearsal.
type parsedRules struct {
	parser.Parser
	lookback time.Duration
	known    map[string]*parsedRule
}

// parsedRule is an expression with its text, which a rule asks for at each evaluation, too.
type parsedRule struct {
	parser.Expr
	text      string
	selectors []*parser.VectorSelector
	once      bool // the engine's preparation of the expression must not be done twice
	vacant    vacant
	asked     bool
}

// String overrides the expression's.
func (r *parsedRule) String() string { return r.text }

func newParsedRules(lookback time.Duration) *parsedRules {
	return &parsedRules{parser.NewParser(parser.Options{}), lookback, map[string]*parsedRule{}}
}

// rule returns an expression that rulefmt has found to be correct.
func (p *parsedRules) rule(expr string) parser.Expr {
	parsed, err := p.Parser.ParseExpr(expr)
	if err != nil {
		panic(fmt.Sprintf("rehearse: rulefmt let pass %s: %v", expr, err))
	}
	r := &parsedRule{Expr: parsed, text: parsed.String(), vacant: vacancy(parsed, p.lookback)}
	if again, err := p.Parser.ParseExpr(r.text); err == nil { // of its own, for the engine to prepare
		r.Expr, err = promql.PreprocessExpr(again, epoch, epoch, 0)
		r.once = err != nil
	}
	parser.Inspect(r.Expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			r.selectors = append(r.selectors, n)
			r.once = r.once || n.Timestamp != nil
		case *parser.StepInvariantExpr, *parser.SubqueryExpr:
			r.once = true
		}
		return nil
	})
	p.known[r.text] = r
	return &parsedRule{Expr: parsed, text: r.text}
}

// ParseExpr implements parser.Parser. The engine leaves the series that it found in the selectors.
func (p *parsedRules) ParseExpr(expr string) (parser.Expr, error) {
	r := p.known[expr]
	if r == nil || r.once {
		return p.Parser.ParseExpr(expr)
	}
	for _, s := range r.selectors {
		s.Series, s.UnexpandedSeriesSet = nil, nil
	}
	return r.Expr, nil
}
