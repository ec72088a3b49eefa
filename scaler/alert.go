package scaler

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/alertmanager/template"

	"faas/function"
)

// The labels and annotations that the scaler reads, and the alert that it takes as a sign of life.
const (
	alertNameLabel = "alertname"
	functionLabel  = "function_name"
	replicasLabel  = "replicas"
	directionLabel = "direction"

	signalAnnotation = "signal"
	reasonAnnotation = "reason"

	heartbeatAlert = "Heartbeat"
)

// The two states of an alert, as Alertmanager writes them.
const (
	statusFiring   = "firing"
	statusResolved = "resolved"
)

// payload is Alertmanager's webhook body, version 4. A payload's own status and common labels are not read:
// it mixes firing and resolved alerts.
type payload struct {
	Version string `json:"version"`
	template.Data
}

// Direction restricts which way an order may move the count.
type Direction string

// The directions. The zero value lets an order move the count both ways.
const (
	Up   Direction = "up"
	Down Direction = "down"
)

// Alert is an order for one function, read from Alertmanager's alert of that name.
type Alert struct {
	// Name is the alert's name, for the record only.
	Name string
	// Function is the function's own name.
	Function string
	// Firing is false when the alert has resolved.
	Firing bool
	// Step is true for an alert without a replicas label, which orders a step instead of a count.
	Step bool
	// Replicas is the count that is ordered; 0 and unused for a step.
	Replicas int
	// Direction is from the direction label.
	Direction Direction
	// Signal is what the rule followed, such as rps or cpu, and Reason its figures in a sentence, from the annotations of these
	// names. They are for people.
	Signal, Reason string
	// StartsAt is when the alert began to fire, EndsAt when it resolved. Both by Prometheus's clock.
	StartsAt, EndsAt time.Time
}

// At is the moment at which the order was given: when the alert began to fire or, once resolved, when it
// ended. Orders are applied in this order and not in that of their arrival.
func (a Alert) At() time.Time {
	if !a.Firing && !a.EndsAt.IsZero() {
		return a.EndsAt
	}
	return a.StartsAt
}

func (a Alert) status() string {
	if a.Firing {
		return statusFiring
	}
	return statusResolved
}

func (a Alert) kind() Kind {
	if a.Step {
		return KindStep
	}
	return KindAlert
}

// parseAlert reads one alert. Its errors, of kind ErrInvalid, tell the author of the rule what to write;
// the Alert returned beside one has what could be read. An alert without a start, as people post by hand,
// starts now.
func parseAlert(now time.Time, p template.Alert) (Alert, error) {
	a := Alert{
		Name:     shorten(p.Labels[alertNameLabel]),
		Firing:   p.Status == statusFiring,
		Signal:   words(p.Annotations[signalAnnotation], maxSignal),
		Reason:   words(p.Annotations[reasonAnnotation], maxWords),
		StartsAt: p.StartsAt,
		EndsAt:   p.EndsAt,
	}
	if a.StartsAt.IsZero() {
		a.StartsAt = now
	}
	replicas, absolute := p.Labels[replicasLabel]
	a.Step = !absolute
	if p.Status != statusFiring && p.Status != statusResolved {
		return a, function.Invalidf("status %q: it is neither firing nor resolved", shorten(p.Status))
	}
	name := function.TrimNamespace(p.Labels[functionLabel])
	if name == "" {
		return a, function.Invalidf("the alert has no label %s: aggregate its rule by (%s)", functionLabel, functionLabel)
	}
	if err := function.ValidateName(name); err != nil {
		return a, err
	}
	a.Function = name
	if absolute {
		n, err := strconv.ParseUint(replicas, 10, 31)
		if err != nil {
			return a, function.Invalidf("label %s=%q: it must be a whole number of 0 or more; write it in the rule as "+
				`'{{ printf "%%.0f" $value }}'`, replicasLabel, shorten(replicas))
		}
		a.Replicas = int(n)
	}
	switch a.Direction = Direction(p.Labels[directionLabel]); a.Direction {
	case "", Up, Down:
	default:
		given := shorten(string(a.Direction))
		a.Direction = ""
		return a, function.Invalidf("label %s=%q: use up or down, or leave it out", directionLabel, given)
	}
	return a, nil
}

// maxText bounds texts from outside that are kept in the decision log.
const maxText = 100

// maxWords bounds what is kept of the words of others: the backend, a rule, the author of a silence.
const maxWords = 400

// maxSignal bounds the name of a signal.
const maxSignal = 30

func shorten(s string) string { return cut(s, maxText) }

// words is a text on one line, without what would drive a terminal.
func words(s string, most int) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	return cut(strings.Join(strings.Fields(printable), " "), most)
}

func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
