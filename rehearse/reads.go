package rehearse

import (
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// reads knows what rules read, so that nothing else is stored.
type reads struct {
	selectors []read
	lookback  time.Duration
}

// read is one selector of a rule.
type read struct {
	matchers []*labels.Matcher
	back     time.Duration
}

// identifier is the name of a metric within a template.
var identifier = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)

// findReads goes through the rules' expressions, and through templates that ask questions.
func findReads(files []ruleFile, p parser.Parser, lookback time.Duration) *reads {
	r := &reads{lookback: lookback}
	for _, file := range files {
		for _, g := range file.groups {
			for _, rule := range g.Rules {
				if expr, err := p.ParseExpr(rule.Expr); err == nil {
					r.expression(expr)
				}
				for _, text := range rule.Annotations {
					r.template(text)
				}
				for _, text := range rule.Labels {
					r.template(text)
				}
			}
		}
	}
	return r
}

func (r *reads) expression(expr parser.Expr) {
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		back := max(s.OriginalOffset, 0)
		if len(path) > 0 {
			if m, ok := path[len(path)-1].(*parser.MatrixSelector); ok {
				back += m.Range
			}
		}
		for _, above := range path {
			if sub, ok := above.(*parser.SubqueryExpr); ok {
				back += sub.Range + max(sub.OriginalOffset, 0)
			}
		}
		r.selectors = append(r.selectors, read{s.LabelMatchers, back})
		return nil
	})
}

// template takes any word for the name of a metric.
func (r *reads) template(text string) {
	if !strings.Contains(text, "query") {
		return
	}
	for _, word := range identifier.FindAllString(text, -1) {
		r.metric(word)
	}
}

// metric adds a metric of which only the newest samples are looked at.
func (r *reads) metric(name string) {
	r.selectors = append(r.selectors, read{matchers: []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, nameLabel, name)}})
}

// keep is for how many milliseconds a metric's samples are of use.
func (r *reads) keep(name string) int64 {
	var back time.Duration
	for _, s := range r.selectors {
		if matches(s.matchers, nameLabel, name) {
			back = max(back, s.back+r.lookback)
		}
	}
	return back.Milliseconds()
}

// wants reports whether anybody reads a metric of a job.
func (r *reads) wants(name, job string) bool {
	for _, s := range r.selectors {
		if matches(s.matchers, nameLabel, name) && matches(s.matchers, "job", job) {
			return true
		}
	}
	return false
}

// matches reports whether the matchers let pass a label.
func matches(matchers []*labels.Matcher, name, value string) bool {
	for _, m := range matchers {
		if m.Name == name && !m.Matches(value) {
			return false
		}
	}
	return true
}
