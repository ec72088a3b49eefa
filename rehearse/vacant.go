package rehearse

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
)

// vacant reports whether an expression is certain to have no result at a moment, in milliseconds. It may not see that it has
// none, but is never wrong when it does.
//
// Most rules have nothing to say most of the time: that there is no surge takes no evaluation when no series is there
// that it is made of. It rests on what holds for vectors of PromQL: functions and aggregations of nothing are nothing,
// a and b is nothing without both, a or b without either, a unless b without a, and an operator between vectors without both.
type vacant func(s *store, now int64) bool

// vacancy finds out when an expression is vacant. Nil: that cannot be known beforehand.
func vacancy(expr parser.Expr, lookback time.Duration) vacant {
	switch e := expr.(type) {
	case *parser.VectorSelector:
		return vacantSelector(e, lookback, true)
	case *parser.MatrixSelector:
		if s, ok := e.VectorSelector.(*parser.VectorSelector); ok && e.RangeExpr == nil {
			return vacantSelector(s, e.Range, false)
		}
	case *parser.ParenExpr:
		return vacancy(e.Expr, lookback)
	case *parser.UnaryExpr:
		return vacancy(e.Expr, lookback)
	case *parser.AggregateExpr:
		return vacancy(e.Expr, lookback)
	case *parser.Call:
		return vacantCall(e, lookback)
	case *parser.BinaryExpr:
		return vacantOperator(e, lookback)
	}
	return nil
}

func vacantSelector(e *parser.VectorSelector, back time.Duration, instant bool) vacant {
	if e.Timestamp != nil || e.StartOrEnd != 0 || e.OriginalOffsetExpr != nil || e.Anchored || e.Smoothed {
		return nil
	}
	matchers := append([]*labels.Matcher(nil), e.LabelMatchers...)
	offset, since := e.OriginalOffset.Milliseconds(), (e.OriginalOffset + back).Milliseconds()
	return func(s *store, now int64) bool {
		for _, se := range s.find(matchers).series {
			last := se.last()
			if last < now-since { // a sample at the very beginning does not count; the engine knows that
				continue
			}
			if instant && last <= now-offset && value.IsStaleNaN(se.values[len(se.values)-1]) {
				continue
			}
			return false
		}
		return true
	}
}

// vacantCall is that of the call's first vector.
func vacantCall(e *parser.Call, lookback time.Duration) vacant {
	switch e.Func.Name {
	case "absent", "absent_over_time", "scalar", "vector", "info":
		return nil
	}
	for _, arg := range e.Args {
		if t := arg.Type(); t == parser.ValueTypeVector || t == parser.ValueTypeMatrix {
			return vacancy(arg, lookback)
		}
	}
	return nil
}

func vacantOperator(e *parser.BinaryExpr, lookback time.Duration) vacant {
	left, right := vacancy(e.LHS, lookback), vacancy(e.RHS, lookback)
	m := e.VectorMatching
	switch {
	case m != nil && (m.FillValues.LHS != nil || m.FillValues.RHS != nil):
		return nil
	case e.LHS.Type() != parser.ValueTypeVector:
		return right
	case e.RHS.Type() != parser.ValueTypeVector, e.Op == parser.LUNLESS:
		return left
	case e.Op == parser.LOR:
		if left == nil || right == nil {
			return nil
		}
		return func(s *store, now int64) bool { return left(s, now) && right(s, now) }
	case left == nil:
		return right
	case right == nil:
		return left
	}
	return func(s *store, now int64) bool { return left(s, now) || right(s, now) }
}
