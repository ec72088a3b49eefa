package alerting

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/common/model"
)

// The alerts whose silence freezes a function.
const (
	ScaleAlert    = "FunctionScale"
	OverloadAlert = "FunctionOverload"
	IdleAlert     = "FunctionIdle"
)

// The labels of those alerts: the first three tell which orders a silence means, the fourth is the number. And what a direction
// may be.
const (
	nameLabel      = "alertname"
	functionLabel  = "function_name"
	directionLabel = "direction"
	replicasLabel  = "replicas"
	up, down       = "up", "down"
)

// Freeze says that alerts do not scale a function, since a silence stops them.
type Freeze struct {
	Function string
	// Silence is its ID.
	Silence string
	// Until is when the silence ends.
	Until time.Time
	// CreatedBy and Comment are the silence's.
	CreatedBy string
	Comment   string
	// Up and Down are the ways that are frozen. Zero is the way to 0, which is part of the way down and may be frozen alone.
	Up   bool
	Down bool
	Zero bool
}

// Freezes are what freezes a function at the time now, the longest first. One that ends before another that freezes the
// same and more is left out.
//
// A silence freezes both ways if it matches FunctionScale or FunctionOverload and says nothing of the direction, and
// else the directions that it matches. Of FunctionIdle alone it is the way to 0. One that asks for other labels than the
// alert's name, the function's and the direction, such as replicas, stops single orders, and freezes nothing.
func Freezes(now time.Time, silences []Silence, function string) []Freeze {
	var all []Freeze
	for _, s := range silences {
		if s.State != Active || !now.Before(s.EndsAt) {
			continue
		}
		f := Freeze{
			Function: function, Silence: s.ID, Until: s.EndsAt.UTC().Round(0), CreatedBy: s.CreatedBy, Comment: s.Comment,
		}
		f.Up, f.Down, f.Zero = s.ways(function)
		if f.Up || f.Zero {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Freeze) int {
		if c := b.Until.Compare(a.Until); c != 0 {
			return c
		}
		return strings.Compare(a.Silence, b.Silence)
	})
	var telling []Freeze
	for _, f := range all {
		if !slices.ContainsFunc(telling, f.within) {
			telling = append(telling, f)
		}
	}
	return telling
}

// FreezesOfAll are what freezes each of these functions, in their order. A silence that names one function costs nothing for the
// others: with thousands of functions, and hundreds frozen, this is asked each second.
func FreezesOfAll(now time.Time, silences []Silence, functions []string) []Freeze {
	one := map[string][]Silence{}
	var several []Silence
	for _, s := range silences {
		if name, ok := s.function(); ok {
			one[name] = append(one[name], s)
		} else {
			several = append(several, s)
		}
	}
	all := []Freeze{}
	for _, name := range functions {
		if of := one[name]; len(of)+len(several) > 0 {
			all = append(all, Freezes(now, slices.Concat(several, of), name)...)
		}
	}
	return all
}

// function is the one that a silence names.
func (s Silence) function() (name string, ok bool) {
	for _, m := range s.Matchers {
		if m.Name == functionLabel && m.Type == labels.MatchEqual {
			return m.Value, true
		}
	}
	return "", false
}

// within reports whether o freezes all that f does.
func (f Freeze) within(o Freeze) bool {
	return (o.Up || !f.Up) && (o.Down || !f.Down) && (o.Zero || !f.Zero)
}

// Same reports whether f and o say the same.
func (f Freeze) Same(o Freeze) bool {
	same := f.Until.Equal(o.Until)
	f.Until = o.Until
	return same && f == o
}

// Stopping returns the ID of a silence that stops the order which takes a function from so many replicas to so many, and freezes
// nothing: one that asks for the number too, as the form does that Alertmanager fills in from an alert. Empty: there is none.
func Stopping(now time.Time, silences []Silence, function string, from, to int) string {
	order := model.LabelSet{
		nameLabel: ScaleAlert, functionLabel: model.LabelValue(function), directionLabel: up,
		replicasLabel: model.LabelValue(strconv.Itoa(to)),
	}
	if to < from {
		order[directionLabel] = down
	}
	for _, s := range silences {
		if s.State != Active || !now.Before(s.EndsAt) || !s.Matchers.Matches(order) {
			continue
		}
		if goUp, _, toZero := s.ways(function); !goUp && !toZero {
			return s.ID
		}
	}
	return ""
}

// What is "frozen", and which way where that is not both.
func (f Freeze) What() string {
	switch {
	case f.Up && !f.Down:
		return "frozen upwards"
	case f.Down && !f.Up:
		return "frozen downwards"
	case f.Zero && !f.Up:
		return "frozen above zero"
	}
	return "frozen"
}

// String says what is frozen by what until when, and why.
func (f Freeze) String() string {
	text := f.What() + " by silence " + f.Silence + " until " + f.Until.UTC().Format(time.RFC3339)
	if f.Comment != "" {
		text += " (" + f.Comment + ")"
	}
	return text
}

// ways are those that the silence freezes for a function.
func (s Silence) ways(function string) (goUp, goDown, toZero bool) {
	aimed := false // it says which direction
	for _, m := range s.Matchers {
		switch m.Name {
		case nameLabel, functionLabel:
		case directionLabel:
			aimed = true
		default:
			return false, false, false
		}
	}
	scale := func(direction string) bool {
		return s.matches(ScaleAlert, function, direction) || s.matches(OverloadAlert, function, direction)
	}
	goUp, goDown = scale(up), scale(down)
	if !aimed {
		goUp, goDown = goUp || goDown, goUp || goDown
	}
	return goUp, goDown, goDown || s.matches(IdleAlert, function, down)
}

func (s Silence) matches(alert, function, direction string) bool {
	for _, m := range s.Matchers {
		value := ""
		switch m.Name {
		case nameLabel:
			value = alert
		case functionLabel:
			value = function
		case directionLabel:
			value = direction
		}
		if !m.Matches(value) {
			return false
		}
	}
	return true
}

// Only reports whether a silence stops the alerts that scale this function, and no others: neither those of another function,
// nor alerts of the user's own that bear the function's name. A pattern counts that lists the names between bars.
func (s Silence) Only(function string) bool {
	return s.demands(nameLabel, ScaleAlert, OverloadAlert, IdleAlert) && s.demands(functionLabel, function)
}

// demands reports whether the silence wants a label to have one of these values.
func (s Silence) demands(label string, values ...string) bool {
	return slices.ContainsFunc(s.Matchers, func(m *labels.Matcher) bool {
		if m.Name != label || m.Type != labels.MatchEqual && m.Type != labels.MatchRegexp {
			return false
		}
		listed := []string{m.Value}
		if m.Type == labels.MatchRegexp {
			listed = strings.Split(m.Value, "|")
		}
		return !slices.ContainsFunc(listed, func(one string) bool {
			return !slices.Contains(values, one) || m.Type == labels.MatchRegexp && strings.Contains(one, ".")
		})
	})
}

// FreezeOf makes the silence that freezes one function both ways.
func FreezeOf(f Freeze) Silence {
	return Silence{
		Matchers: labels.Matchers{
			mustMatch(labels.MatchRegexp, nameLabel, strings.Join([]string{ScaleAlert, OverloadAlert, IdleAlert}, "|")),
			mustMatch(labels.MatchEqual, functionLabel, f.Function),
		},
		EndsAt: f.Until, CreatedBy: f.CreatedBy, Comment: f.Comment,
	}
}

// SameMatchers reports whether two silences stop the same, so that the one may be changed into the other.
func (s Silence) SameMatchers(o Silence) bool {
	texts := func(all labels.Matchers) []string {
		var out []string
		for _, m := range all {
			out = append(out, m.String())
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(texts(s.Matchers), texts(o.Matchers))
}

// mustMatch makes a matcher whose pattern is known to be one.
func mustMatch(t labels.MatchType, name, value string) *labels.Matcher {
	m, err := labels.NewMatcher(t, name, value)
	if err != nil {
		panic(err)
	}
	return m
}
